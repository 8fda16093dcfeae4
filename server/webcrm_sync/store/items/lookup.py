"""Finds copies: by Graph id, by mail, by version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items.item import ITEM_COLUMNS, Item
from webcrm_sync.store.schema.tables import item, mailbox

_BY_GRAPH_ID = select(*ITEM_COLUMNS).where(
    item.c.mailbox_id == bindparam("mailbox"), any_of_param(item.c.graph_id, "graph_ids")
)
_BY_GRAPH_ID_LOCKED = _BY_GRAPH_ID.order_by(item.c.id).with_for_update()
_UNSEEN = select(item.c.graph_id).where(
    item.c.folder_id == bindparam("folder"), item.c.seen_round < bindparam("round")
)
_HOLDERS = (
    select(item.c.email_id, mailbox.c.address)
    .join(item, item.c.mailbox_id == mailbox.c.id)
    .where(any_of_param(item.c.email_id, "email_ids"))
    .order_by(item.c.id)
)
_ANNOUNCED = text(
    "SELECT mailbox_id, graph_id, version.change_key,"
    " item.change_key = version.change_key AS is_recorded,"
    " coalesce(item.mark_due_at <= :now, false) AS is_mark_due,"
    " item.folder_id IS NOT NULL AS is_here"
    " FROM unnest(CAST(:mailbox_ids AS bigint[]), CAST(:graph_ids AS text[]),"
    " CAST(:change_keys AS text[])) AS version (mailbox_id, graph_id, change_key)"
    " JOIN item USING (mailbox_id, graph_id)"
)

#: A version of a copy: mailbox id, Graph id, change key.
CopyVersion = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """What the items say about versions.

    `recorded`: the item has this version. `mark_due`: the item has another version, and its mark
    is due or being written. `here`: mailbox id and Graph id of the copies in a sync folder.
    """

    recorded: frozenset[CopyVersion] = frozenset()
    mark_due: frozenset[CopyVersion] = frozenset()
    here: frozenset[tuple[int, str]] = frozenset()


def known_items(
    tx: Tx, mailbox_id: int, graph_ids: Iterable[str], *, is_locked: bool = False
) -> Mapping[str, Item]:
    """The mailbox's items with these Graph ids, by Graph id.

    `is_locked`: lock them until `tx` ends, see `locks.lock_copies`.
    """
    parameters = {"mailbox": mailbox_id, "graph_ids": list(graph_ids)}
    query = _BY_GRAPH_ID_LOCKED if is_locked else _BY_GRAPH_ID
    rows = tx.connection.execute(query, parameters).mappings()
    return {row["graph_id"]: Item(**row) for row in rows}


def items_of_email(tx: Tx, email_id: int) -> Sequence[Item]:
    """Every copy of a mail, ordered by id."""
    query = select(*ITEM_COLUMNS).where(item.c.email_id == email_id).order_by(item.c.id)
    return [Item(**row) for row in tx.connection.execute(query).mappings()]


def first_copies(tx: Tx, email_ids: Iterable[int]) -> Sequence[Item]:
    """One copy of each mail: the first copy in a sync folder, or else the first copy."""
    query = (
        select(*ITEM_COLUMNS)
        .ext(distinct_on(item.c.email_id))
        .where(any_of(item.c.email_id, email_ids))
        .order_by(item.c.email_id, item.c.folder_id.is_(None), item.c.id)
    )
    return [Item(**row) for row in tx.connection.execute(query).mappings()]


def unseen_items(tx: Tx, folder_id: int, round_number: int) -> Sequence[str]:
    """The Graph ids of the folder's copies that its full reading `round_number` did not list."""
    parameters = {"folder": folder_id, "round": round_number}
    return tx.connection.execute(_UNSEEN, parameters).scalars().all()


def addresses_holding(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The addresses of the mailboxes with a copy of each e-mail, in the order of discovery."""
    by_email: dict[int, list[str]] = {i: [] for i in email_ids}
    rows = tx.connection.execute(_HOLDERS, {"email_ids": list(email_ids)})
    for email_id, address in rows:
        by_email[email_id].append(address)
    return by_email


def known_versions(tx: Tx, versions: Collection[CopyVersion]) -> KnownVersions:
    """What the items say about these versions."""
    if not versions:
        return KnownVersions()
    mailbox_ids, graph_ids, change_keys = (list(c) for c in zip(*versions, strict=True))
    parameters = {"mailbox_ids": mailbox_ids, "graph_ids": graph_ids, "change_keys": change_keys}
    rows = tx.connection.execute(_ANNOUNCED, {**parameters, "now": tx.now}).all()
    return KnownVersions(
        recorded=frozenset((r[0], r[1], r[2]) for r in rows if r.is_recorded),
        here=frozenset((r[0], r[1]) for r in rows if r.is_here),
        mark_due=frozenset((r[0], r[1], r[2]) for r in rows if r.is_mark_due and not r.is_recorded),
    )
