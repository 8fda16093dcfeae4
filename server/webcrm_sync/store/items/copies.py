"""Where the copies of mails lie, and in which version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import ITEM_COLUMNS, Item, read_item
from webcrm_sync.store.schema.tables import item, mailbox

_KNOWN_VERSIONS = text(
    "SELECT mailbox_id, graph_id, change_key"
    " FROM unnest(CAST(:boxes AS bigint[]), CAST(:graph_ids AS text[]),"
    " CAST(:change_keys AS text[])) AS told (mailbox_id, graph_id, change_key)"
    " JOIN item USING (mailbox_id, graph_id, change_key)"
)


def first_copies(tx: Tx, email_ids: Iterable[int]) -> Sequence[Item]:
    """One copy of each of these mails: one that lies in a sync folder, if any does."""
    query = (
        select(*ITEM_COLUMNS)
        .ext(distinct_on(item.c.email_id))
        .where(any_of(item.c.email_id, email_ids))
        .order_by(item.c.email_id, item.c.folder_id.is_(None), item.c.id)
    )
    return [read_item(row) for row in tx.connection.execute(query).mappings()]


def addresses_holding(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Addresses of the mailboxes that hold a copy of each mail, the first finder's first."""
    query = (
        select(item.c.email_id, mailbox.c.address)
        .join(item, item.c.mailbox_id == mailbox.c.id)
        .where(any_of(item.c.email_id, email_ids))
        .order_by(item.c.id)
    )
    found: dict[int, list[str]] = {i: [] for i in email_ids}
    for email_id, address in tx.connection.execute(query):
        found[email_id].append(address)
    return found


def known_versions(
    tx: Tx, told: Collection[tuple[int, str, str]]
) -> frozenset[tuple[int, str, str]]:
    """Those of these (mailbox id, Graph id, change key) that we know already."""
    if not told:
        return frozenset()
    boxes, graph_ids, change_keys = (list(column) for column in zip(*told, strict=True))
    these = {"boxes": boxes, "graph_ids": graph_ids, "change_keys": change_keys}
    return frozenset(map(tuple, tx.connection.execute(_KNOWN_VERSIONS, these)))
