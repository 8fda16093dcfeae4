"""The copies as Outlook shows them: folder, version, categories and stamp. Never their state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, bindparam, delete, select, update

from webcrm_sync.core.states import State
from webcrm_sync.store import folder_reads
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import email, item

#: The states in which no filing of a copy is planned.
_UNFILED = (State.FOUND, State.WAITING, State.PARKED)
_MARK_SEEN = (
    update(item).where(any_of_param(item.c.id, "ids")).values(seen_round=bindparam("round"))
)


def add_items(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert copies, each with its first state."""
    if rows:
        values = [{"found_at": tx.now, "state_at": tx.now, **row} for row in rows]
        tx.connection.execute(bulk_insert(item, values[0]), rows_parameter(values))


def drop_item(tx: Tx, item_id: int) -> None:
    """Delete a copy, and its mail if that has no other copy."""
    query = delete(item).where(item.c.id == item_id).returning(item.c.email_id)
    email_id = tx.connection.execute(query).scalar_one()
    has_copy = select(item.c.id).where(item.c.email_id == email_id).exists()
    tx.connection.execute(delete(email).where(email.c.id == email_id, ~has_copy))


def set_folder(tx: Tx, item_id: int, folder_id: int | None) -> None:
    """Record which sync folder a copy is in, None = no sync folder."""
    _set(tx, item_id, folder_id=folder_id)


def observe(tx: Tx, item_id: int, change_key: str, categories: Iterable[str]) -> None:
    """Record the version and the categories of a copy, as Outlook reported them."""
    _set(tx, item_id, change_key=change_key, categories=list(categories))


def set_stamp(tx: Tx, item_id: int, stamp: str) -> None:
    """Record the stamp that a copy carries."""
    _set(tx, item_id, stamp=stamp)


def clear_past(tx: Tx, email_ids: Iterable[int]) -> None:
    """Clear `is_past` of the copies of these mails, since their past is resolved."""
    query = update(item).where(any_of(item.c.email_id, email_ids))
    tx.connection.execute(query.values(is_past=False))


def mark_past(tx: Tx, mailbox_id: int) -> None:
    """Look the mailbox's copies up in webCRM before they are filed: others may have filed them."""
    query = update(item).where(item.c.mailbox_id == mailbox_id, item.c.state.in_(_UNFILED))
    tx.connection.execute(query.values(is_past=True))


def mark_seen(tx: Tx, item_ids: Sequence[int], round_number: int) -> None:
    """Record that the full reading `round_number` of the folder listed these copies."""
    if item_ids:
        tx.connection.execute(_MARK_SEEN, {"ids": list(item_ids), "round": round_number})


def read_bare_again(tx: Tx, item_id: int) -> None:
    """Request another reading of an unreadable copy."""
    read_bare_copies_again(tx, item.c.id == item_id)


def read_bare_copies_again(tx: Tx, which: ColumnElement[bool]) -> None:
    """Request another reading of the unreadable ones among these copies, and of their folders."""
    # With an empty change key every version of the copy counts as a new one.
    query = update(item).where(which, item.c.is_bare).values(seen_round=-1, change_key="")
    folder_ids = tx.connection.execute(query.returning(item.c.folder_id)).scalars().all()
    folder_reads.request_read(tx, sorted({i for i in folder_ids if i is not None}))


def _set(tx: Tx, item_id: int, **values: object) -> None:
    tx.connection.execute(update(item).where(item.c.id == item_id).values(**values))
