"""Marks: which copies need other categories in Outlook, and what was written to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, func, select, update

from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.bulk_rows import rows_as_table, rows_parameter
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import transitions
from webcrm_sync.store.items.item import ITEM_COLUMNS, Item
from webcrm_sync.store.schedule import NEVER
from webcrm_sync.store.schema.tables import email, item

_DUE = (
    select(*ITEM_COLUMNS, email.c.key)
    .join(email, email.c.id == item.c.email_id)
    .where(item.c.mailbox_id == bindparam("mailbox"), item.c.mark_due_at <= bindparam("now"))
    .order_by(item.c.mark_attempts > 0, email.c.is_from_flood, item.c.found_at.desc(), item.c.id)
    .limit(bindparam("most"))
)
_DUE_IDS = _DUE.with_only_columns(item.c.id)
_COMPLETE = (
    update(item)
    .where(any_of_param(item.c.id, "ids"), item.c.state == bindparam("seen"))
    .values(mark_due_at=None, mark_attempts=0)
)


@dataclass(frozen=True, slots=True)
class Written:
    """A copy in Outlook after a mark. `stamp` None = the stamp has not changed."""

    item_id: int
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None


def due(
    tx: Tx, mailbox_id: int, *, limit: int, item_id: int | None = None
) -> Sequence[tuple[Item, str]]:
    """Copies whose marks are due, the newest first, each with its mail's key.

    Copies that failed before come last, so that they delay no others. `item_id`: read this copy
    alone.
    """
    query = _DUE if item_id is None else _DUE.where(item.c.id == item_id)
    copies = []
    for row in tx.connection.execute(query, _parameters(tx, mailbox_id, limit)).mappings():
        values = dict(row)
        key = str(values.pop("key"))
        copies.append((Item(**values), key))
    return copies


def due_ids(tx: Tx, mailbox_id: int, *, limit: int) -> Sequence[int]:
    """The ids of the copies that `due` reads."""
    return tx.connection.execute(_DUE_IDS, _parameters(tx, mailbox_id, limit)).scalars().all()


def _parameters(tx: Tx, mailbox_id: int, limit: int) -> dict[str, object]:
    return {"mailbox": mailbox_id, "now": tx.now, "most": limit}


def request(tx: Tx, seen: Item) -> None:
    """Make the mark of a copy due now, with its attempts counted from zero."""
    postpone(tx, seen.id, due_at=tx.now, attempts=0)
    tx.defer(Job.MARK, seen.mailbox_id)


def postpone(tx: Tx, item_id: int, *, due_at: datetime, attempts: int | None = None) -> None:
    """Try to mark a copy again at `due_at`. `attempts` None = leave their number unchanged."""
    values = {"mark_due_at": due_at} | ({} if attempts is None else {"mark_attempts": attempts})
    tx.connection.execute(update(item).where(item.c.id == item_id).values(values))


def note_refusal(tx: Tx, item_id: int, detail: str) -> None:
    """Record why Outlook refuses the categories of a filed copy; it stays filed."""
    _explain(tx, item_id, Reason.REFUSED_BY_OUTLOOK, detail)


def hold(tx: Tx, item_id: int, *, detail: str) -> int | None:
    """Postpone the mark of a copy until `release`. Returns its mail's id, None = it is gone.

    A filed copy keeps `detail`, so that people see why it does not become synced.
    """
    _explain(tx, item_id, Reason.UNFORESEEN, detail)
    query = update(item).where(item.c.id == item_id).values(mark_due_at=NEVER)
    email_id: int | None = tx.connection.scalar(query.returning(item.c.email_id))
    return email_id


def release(tx: Tx, email_ids: Iterable[int]) -> None:
    """Make the marks due now that `hold` postponed on copies of these mails."""
    is_filed = item.c.state == State.FILED
    query = update(item).where(any_of(item.c.email_id, email_ids), item.c.mark_due_at == NEVER)
    values = {
        "reason": case((is_filed, None), else_=item.c.reason),
        "detail": case((is_filed, None), else_=item.c.detail),
    }
    tx.connection.execute(query.values(mark_due_at=tx.now, mark_attempts=0, **values))


def _explain(tx: Tx, item_id: int, reason: Reason, detail: str) -> None:
    query = update(item).where(item.c.id == item_id, item.c.state == State.FILED)
    tx.connection.execute(query.values(reason=reason, detail=detail))


def record_written(tx: Tx, written: Iterable[Written]) -> None:
    """Record what was written to these copies, so that its echo in the delta changes nothing."""
    rows = [
        {"id": w.item_id, "change_key": w.change_key, "categories": w.categories, "stamp": w.stamp}
        for w in written
    ]
    if not rows:
        return
    new = rows_as_table(item, *rows[0]).c
    query = update(item).where(item.c.id == new.id)
    stamp = func.coalesce(new.stamp, item.c.stamp)
    values = {"change_key": new.change_key, "categories": new.categories, "stamp": stamp}
    tx.connection.execute(query.values(values), rows_parameter(rows))


def complete(tx: Tx, seen: Iterable[Item]) -> Sequence[Item]:
    """Record that these copies show their state. Filed copies become synced, and are returned.

    A copy whose state has changed since it was `seen` stays due.
    """
    by_state: dict[State, list[Item]] = {}
    for copy in seen:
        by_state.setdefault(copy.state, []).append(copy)
    synced: list[Item] = []
    for state, copies in by_state.items():
        ids = [c.id for c in copies]
        if state is State.FILED:
            changed = transitions.sync(tx, ids)
            synced = [c for c in copies if c.id in changed]
        else:
            tx.connection.execute(_COMPLETE, {"ids": ids, "seen": state})
    return synced
