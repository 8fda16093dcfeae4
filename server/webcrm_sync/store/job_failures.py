"""Jobs that failed, or whose worker died."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.faults import CAREFUL_FOR, CRASH_MARKERS_FOR, GIVEN_UP_AFTER
from webcrm_sync.core.jobs import Job, Scope
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.incidents import begun, job_trouble


@dataclass(frozen=True, slots=True)
class JobFailure:
    """A job that failed or died. It does not run before `due_at`, because of `trouble`.

    `attempts`: failures in a row. `deaths`: workers that died during the job, the last one at
    `died_at`.
    """

    task: str
    subject_id: int
    due_at: datetime | None
    attempts: int
    trouble: str | None
    deaths: int
    died_at: datetime | None = None

    def is_postponed(self, now: datetime) -> bool:
        """True while the job must not run."""
        return self.due_at is not None and self.due_at > now


_COLUMNS = columns_of(job_trouble, JobFailure)
_OF_JOB = select(*_COLUMNS).where(
    job_trouble.c.task == bindparam("task"), job_trouble.c.subject_id == bindparam("subject")
)


def read(tx: Tx, task: str, subject_id: int) -> JobFailure | None:
    """The job's failures, None = the job works."""
    row = tx.connection.execute(_OF_JOB, {"task": task, "subject": subject_id}).first()
    return JobFailure(*row) if row else None


def read_all(tx: Tx) -> Sequence[JobFailure]:
    """The company's jobs that failed, by task and subject."""
    query = select(*_COLUMNS).where(
        job_trouble.c.company_id == tx.company_id, job_trouble.c.trouble.is_not(None)
    )
    rows = tx.connection.execute(query.order_by(job_trouble.c.task, job_trouble.c.subject_id))
    return [JobFailure(*row) for row in rows]


def postpone(
    tx: Tx, task: str, subject_id: int, *, due_at: datetime, attempts: int, trouble: str
) -> None:
    """Do not run the job before `due_at`."""
    values = {"due_at": due_at, "attempts": attempts, "trouble": trouble}
    _save(tx, task, subject_id, values, values)


def count_death(tx: Tx, task: str, subject_id: int) -> None:
    """Count one more worker that died during the job."""
    more = {"deaths": job_trouble.c.deaths + 1, "died_at": tx.now}
    _save(tx, task, subject_id, {"deaths": 1, "died_at": tx.now}, more)


def _save(
    tx: Tx,
    task: str,
    subject_id: int,
    new: Mapping[str, object],
    changed: Mapping[str, object],
) -> None:
    keys = {"company_id": tx.company_id, "task": task, "subject_id": subject_id}
    index = [job_trouble.c.task, job_trouble.c.subject_id]
    query = insert(job_trouble).values(**keys, **new)
    tx.connection.execute(query.on_conflict_do_update(index_elements=index, set_=changed))


def clear(tx: Tx, task: str, subject_id: int) -> None:
    """Record that the job works again.

    Its deaths are kept for `CAREFUL_FOR`, and while it has a crash marker. Markers are deleted
    after `CRASH_MARKERS_FOR`: they name what is never due again. Those of given-up things are
    deleted at once: the job has held these back.
    """
    is_job, is_marker = _is_job(job_trouble, task, subject_id), _is_job(begun, task, subject_id)
    tx.connection.execute(delete(begun).where(is_marker, begun.c.times > GIVEN_UP_AFTER))
    may_return = job_trouble.c.died_at > tx.now - CRASH_MARKERS_FOR
    kept = select(job_trouble.c.task).where(is_job, may_return).exists()
    tx.connection.execute(delete(begun).where(is_marker, ~kept))
    unfinished = select(begun.c.thing).where(is_marker).exists()
    is_careful = (job_trouble.c.died_at > tx.now - CAREFUL_FOR).is_(True)
    tx.connection.execute(delete(job_trouble).where(is_job, ~unfinished, ~is_careful))
    query = update(job_trouble).where(is_job)
    tx.connection.execute(query.values(due_at=None, attempts=0, trouble=None))


def write_crash_marker(tx: Tx, task: str, subject_id: int, name: str) -> int:
    """Record that the job begins to work on `name`. Returns its earlier unfinished starts."""
    keys = {"company_id": tx.company_id, "task": task, "subject_id": subject_id, "thing": name}
    new = insert(begun).values(**keys, times=1)
    index = [begun.c.task, begun.c.subject_id, begun.c.thing]
    query = new.on_conflict_do_update(index_elements=index, set_={"times": begun.c.times + 1})
    return int(tx.connection.execute(query.returning(begun.c.times)).scalar_one()) - 1


def read_crash_marker(tx: Tx, task: str, subject_id: int, name: str) -> int:
    """The unfinished starts of the job's work on `name`."""
    is_marker = _is_job(begun, task, subject_id) & (begun.c.thing == name)
    return int(tx.connection.scalar(select(begun.c.times).where(is_marker)) or 0)


def has_begun_beside(tx: Tx, task: str, subject_id: int, step: str) -> bool:
    """True if the job has begun another step than this one, and has not given it up."""
    is_other = _is_job(begun, task, subject_id) & ~begun.c.thing.startswith(f"{step}: ")
    is_open = is_other & (begun.c.times <= GIVEN_UP_AFTER)
    return bool(tx.connection.scalar(select(select(begun.c.thing).where(is_open).exists())))


def lower_crash_marker(tx: Tx, task: str, subject_id: int, name: str, times: int) -> None:
    """Set the unfinished starts of the job's work on `name`, which has advanced."""
    is_marker = _is_job(begun, task, subject_id) & (begun.c.thing == name)
    tx.connection.execute(update(begun).where(is_marker).values(times=times))


def delete_crash_marker(tx: Tx, task: str, subject_id: int, name: str) -> None:
    """Record that the job finished its work on `name`."""
    is_marker = _is_job(begun, task, subject_id) & (begun.c.thing == name)
    tx.connection.execute(delete(begun).where(is_marker))


def _is_job(table: Table, task: str, subject_id: int) -> ColumnElement[bool]:
    return (table.c.task == task) & (table.c.subject_id == subject_id)


def forget_mailbox(tx: Tx, mailbox_id: int) -> None:
    """Delete what is recorded about the jobs of a mailbox."""
    tasks = [job.value for job in Job if job.scope is Scope.MAILBOX]
    for table in (begun, job_trouble):
        is_job = table.c.task.in_(tasks) & (table.c.subject_id == mailbox_id)
        tx.connection.execute(delete(table).where(is_job))
