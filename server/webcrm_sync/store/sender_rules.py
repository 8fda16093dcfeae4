"""The senders of "Always sync", as the mailbox's inbox rules listed them at the last reading."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.requests import always_sync


def read_senders(tx: Tx, mailbox_id: int) -> frozenset[str]:
    """The addresses whose mail this product's inbox rule moves into the sync folder."""
    query = select(always_sync.c.address).where(always_sync.c.mailbox_id == mailbox_id)
    return frozenset(tx.connection.execute(query).scalars())


def save_senders(tx: Tx, mailbox_id: int, addresses: Iterable[str]) -> None:
    """Replace the mailbox's senders."""
    tx.connection.execute(delete(always_sync).where(always_sync.c.mailbox_id == mailbox_id))
    rows = [{"mailbox_id": mailbox_id, "address": a} for a in sorted(set(addresses))]
    if rows:
        tx.connection.execute(insert(always_sync).on_conflict_do_nothing(), rows)
