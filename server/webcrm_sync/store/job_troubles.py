"""What is on record about jobs that failed, or died with their worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.incidents import begun, job_trouble


@dataclass(frozen=True, slots=True)
class JobTrouble:
    """A job that failed or died. `due_at`: it is left alone before, for `trouble`."""

    task: str
    subject_id: int
    due_at: datetime | None
    attempts: int
    trouble: str | None
    deaths: int

    def is_held(self, now: datetime) -> bool:
        """True while the job is left alone."""
        return self.due_at is not None and self.due_at > now


_TROUBLE = [job_trouble.c[f] for f in JobTrouble.__dataclass_fields__]


def read(tx: Tx, task: str, subject_id: int) -> JobTrouble | None:
    """What is on record about the job, None = nothing."""
    row = tx.connection.execute(select(*_TROUBLE).where(_of(job_trouble, task, subject_id))).first()
    return JobTrouble(*row) if row else None


def read_all(tx: Tx) -> Sequence[JobTrouble]:
    """The company's jobs that failed, in the order of their names."""
    query = select(*_TROUBLE).where(
        job_trouble.c.company_id == tx.company_id, job_trouble.c.trouble.is_not(None)
    )
    rows = tx.connection.execute(query.order_by(job_trouble.c.task, job_trouble.c.subject_id))
    return [JobTrouble(*row) for row in rows]


def hold(
    tx: Tx, task: str, subject_id: int, *, due_at: datetime, attempts: int, trouble: str
) -> None:
    """Leave the job alone until then."""
    values = {"due_at": due_at, "attempts": attempts, "trouble": trouble}
    _put(tx, task, subject_id, values)


def note_death(tx: Tx, task: str, subject_id: int) -> None:
    """A worker died with the job."""
    _put(tx, task, subject_id, {"deaths": 1}, again={"deaths": job_trouble.c.deaths + 1})


def _put(
    tx: Tx,
    task: str,
    subject_id: int,
    values: Mapping[str, object],
    *,
    again: Mapping[str, object] | None = None,
) -> None:
    keys = {"company_id": tx.company_id, "task": task, "subject_id": subject_id}
    new = insert(job_trouble).values(**keys, **values)
    index = [job_trouble.c.task, job_trouble.c.subject_id]
    query = new.on_conflict_do_update(index_elements=index, set_=again or values)
    tx.connection.execute(query)


def clear(tx: Tx, task: str, subject_id: int) -> None:
    """The job works. What it has begun and not ended stays, and with it the deaths."""
    open_ = select(begun.c.thing).where(_of(begun, task, subject_id)).exists()
    this = _of(job_trouble, task, subject_id)
    tx.connection.execute(delete(job_trouble).where(this, ~open_))
    query = update(job_trouble).where(this)
    tx.connection.execute(query.values(due_at=None, attempts=0, trouble=None))


def begin(tx: Tx, task: str, subject_id: int, thing: str) -> int:
    """How often the thing was begun before without an end; now it is once more."""
    keys = {"company_id": tx.company_id, "task": task, "subject_id": subject_id, "thing": thing}
    new = insert(begun).values(**keys, times=1)
    index = [begun.c.task, begun.c.subject_id, begun.c.thing]
    query = new.on_conflict_do_update(index_elements=index, set_={"times": begun.c.times + 1})
    return int(tx.connection.execute(query.returning(begun.c.times)).scalar_one()) - 1


def end(tx: Tx, task: str, subject_id: int, thing: str) -> None:
    """The thing came to an end."""
    this = _of(begun, task, subject_id) & (begun.c.thing == thing)
    tx.connection.execute(delete(begun).where(this))


def _of(table: Table, task: str, subject_id: int) -> ColumnElement[bool]:
    return (table.c.task == task) & (table.c.subject_id == subject_id)
