"""Mails that were found and are to be decided on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, or_, select

from webcrm_sync.core.states import State
from webcrm_sync.store.any_of import any_of, any_sent
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import ITEM_COLUMNS, Email, Item, emails_by_id, read_item
from webcrm_sync.store.schema.tables import email_address, item, mailbox

#: So many found copies are read per mail that is wanted: one mail may lie in several mailboxes.
_COPIES = 4
_IS_FOUND = (item.c.state == State.FOUND.value) & ~item.c.is_bare
_FOUND = (
    select(*ITEM_COLUMNS)
    .where(any_sent(item.c.email_id, "email_ids"), _IS_FOUND)
    .order_by(item.c.id)
)
_PAST = select(item.c.email_id).where(
    any_sent(item.c.email_id, "email_ids"), _IS_FOUND, item.c.is_past
)
_NEWEST = (
    select(item.c.email_id)
    .join(mailbox, mailbox.c.id == item.c.mailbox_id)
    .where(mailbox.c.company_id == bindparam("company"), _IS_FOUND)
    .where(or_(item.c.retry_at.is_(None), item.c.retry_at <= bindparam("now")))
    .order_by(item.c.found_at.desc(), item.c.id)
    .limit(bindparam("most"))
)


def due(tx: Tx, *, limit: int, is_past: bool) -> Sequence[int]:
    """The ids of up to `limit` mails with found copies, newest first; `is_past`: of the past.

    A mail is of the past when one of these copies is.
    """
    ids = _newest(tx, limit)
    past = set(tx.connection.execute(_PAST, {"email_ids": ids}).scalars())
    return [i for i in ids if (i in past) is is_past]


def read(tx: Tx, email_ids: Sequence[int]) -> Sequence[tuple[Email, Sequence[Item]]]:
    """Those of these mails that are to be decided on still, with their found copies."""
    copies: dict[int, list[Item]] = {}
    for row in tx.connection.execute(_FOUND, {"email_ids": list(email_ids)}).mappings():
        copies.setdefault(row["email_id"], []).append(read_item(row))
    emails = emails_by_id(tx, copies)
    return [(emails[i], copies[i]) for i in email_ids if i in emails]


def _newest(tx: Tx, limit: int) -> Sequence[int]:
    """The ids; as cheap among ten thousand as among ten, by the newest end of an index."""
    ours = {"company": tx.company_id, "now": tx.now, "most": limit * _COPIES}
    return list(dict.fromkeys(tx.connection.execute(_NEWEST, ours).scalars()))[:limit]


def addresses(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Per e-mail the addresses that have not led to a filing yet."""
    query = select(email_address.c.email_id, email_address.c.address).where(
        any_of(email_address.c.email_id, email_ids), ~email_address.c.is_matched
    )
    found: dict[int, list[str]] = {i: [] for i in email_ids}
    for email_id, address in tx.connection.execute(query):
        found[email_id].append(address)
    return found
