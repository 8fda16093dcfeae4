"""What Outlook holds of each copy: where it is, its version and its categories. Never its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, delete, select, update

from webcrm_sync.store import mailboxes
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.tables import email, item


def add_items(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert copies, each with its first state."""
    if rows:
        values = [{"found_at": tx.now, "state_at": tx.now, **row} for row in rows]
        tx.connection.execute(bulk_insert(item, values[0]), rows_parameter(values))


def drop_item(tx: Tx, item_id: int) -> None:
    """Delete a copy, and its mail when there is no other copy."""
    query = delete(item).where(item.c.id == item_id).returning(item.c.email_id)
    email_id = tx.connection.execute(query).scalar_one()
    other = select(item.c.id).where(item.c.email_id == email_id).exists()
    tx.connection.execute(delete(email).where(email.c.id == email_id, ~other))


def set_folder(tx: Tx, item_id: int, folder_id: int | None) -> None:
    """Record which sync folder a copy is in, None = it left them all."""
    _set(tx, item_id, folder_id=folder_id)


def observe(tx: Tx, item_id: int, change_key: str, categories: Iterable[str]) -> None:
    """Record the version of a copy and the categories that it carries now."""
    _set(tx, item_id, change_key=change_key, categories=list(categories))


def set_stamp(tx: Tx, item_id: int, stamp: str) -> None:
    """Record the stamp that a copy carries."""
    _set(tx, item_id, stamp=stamp)


def clear_past(tx: Tx, email_ids: Iterable[int]) -> None:
    """Treat the copies of these mails like any other: their past is resolved."""
    query = update(item).where(any_of(item.c.email_id, email_ids))
    tx.connection.execute(query.values(is_past=False))


def mark_seen(tx: Tx, item_ids: Sequence[int], round_number: int) -> None:
    """Record that reading `round_number` of their folder listed these copies."""
    if item_ids:
        query = update(item).where(any_of(item.c.id, item_ids))
        tx.connection.execute(query.values(seen_round=round_number))


def read_bare_again(tx: Tx, item_id: int) -> None:
    """Have an unreadable copy read again."""
    read_bare_copies_again(tx, item.c.id == item_id)


def read_bare_copies_again(tx: Tx, which: ColumnElement[bool]) -> None:
    """Have the unreadable ones among these copies read again, by a reading of their folders."""
    # With an empty change key every version of the copy counts as a new one.
    query = update(item).where(which, item.c.is_bare).values(seen_round=-1, change_key="")
    folder_ids = tx.connection.execute(query.returning(item.c.folder_id)).scalars().all()
    mailboxes.request_read(tx, sorted({i for i in folder_ids if i is not None}))


def _set(tx: Tx, item_id: int, **values: object) -> None:
    tx.connection.execute(update(item).where(item.c.id == item_id).values(**values))
