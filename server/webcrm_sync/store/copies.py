"""Where the copies of mails lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from webcrm_sync.store.among import among
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import ITEM_COLUMNS, Item, read_item
from webcrm_sync.store.schema import item, mailbox


def first_copies(tx: Tx, email_ids: Iterable[int]) -> Sequence[Item]:
    """One copy of each of these mails: one that lies in a sync folder, if any does."""
    query = (
        select(*ITEM_COLUMNS)
        .ext(distinct_on(item.c.email_id))
        .where(among(item.c.email_id, email_ids))
        .order_by(item.c.email_id, item.c.folder_id.is_(None), item.c.id)
    )
    return [read_item(row) for row in tx.connection.execute(query).mappings()]


def addresses_holding(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Addresses of the mailboxes that hold a copy of each mail, the first finder's first."""
    query = (
        select(item.c.email_id, mailbox.c.address)
        .join(item, item.c.mailbox_id == mailbox.c.id)
        .where(among(item.c.email_id, email_ids))
        .order_by(item.c.id)
    )
    found: dict[int, list[str]] = {i: [] for i in email_ids}
    for email_id, address in tx.connection.execute(query):
        found[email_id].append(address)
    return found
