"""Mails that were found and are to be decided on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, or_, select

from webcrm_sync.core.states import State
from webcrm_sync.store.among import among, among_sent
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import ITEM_COLUMNS, Email, Item, emails_by_id, read_item
from webcrm_sync.store.schema import email_address, item, mailbox

#: So many found copies are read per mail that is wanted: one mail may lie in several mailboxes.
_COPIES = 4
_IS_FOUND = item.c.state == State.FOUND.value
_FOUND = (
    select(*ITEM_COLUMNS)
    .where(among_sent(item.c.email_id, "email_ids"), _IS_FOUND)
    .order_by(item.c.id)
)
_PAST = select(item.c.email_id).where(
    among_sent(item.c.email_id, "email_ids"), _IS_FOUND, item.c.is_past
)
_NEWEST = (
    select(item.c.email_id)
    .join(mailbox, mailbox.c.id == item.c.mailbox_id)
    .where(mailbox.c.company_id == bindparam("company"), _IS_FOUND)
    .where(or_(item.c.retry_at.is_(None), item.c.retry_at <= bindparam("now")))
    .order_by(item.c.found_at.desc(), item.c.id)
    .limit(bindparam("most"))
)


def due(tx: Tx, *, limit: int, is_past: bool) -> Sequence[tuple[Email, Sequence[Item]]]:
    """Up to `limit` mails, newest first, with their found copies; `is_past`: those of the past.

    A mail is of the past when one of these copies is.
    """
    ids = _newest(tx, limit)
    past = set(tx.connection.execute(_PAST, {"email_ids": ids}).scalars())
    wanted = [i for i in ids if (i in past) is is_past]
    if not wanted:
        return []
    copies: dict[int, list[Item]] = {i: [] for i in wanted}
    for row in tx.connection.execute(_FOUND, {"email_ids": wanted}).mappings():
        copies[row["email_id"]].append(read_item(row))
    emails = emails_by_id(tx, wanted)
    return [(emails[i], copies[i]) for i in wanted]


def _newest(tx: Tx, limit: int) -> Sequence[int]:
    """The ids; as cheap among ten thousand as among ten, by the newest end of an index."""
    ours = {"company": tx.company_id, "now": tx.now, "most": limit * _COPIES}
    return list(dict.fromkeys(tx.connection.execute(_NEWEST, ours).scalars()))[:limit]


def addresses(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Per e-mail the addresses that have not led to a filing yet."""
    query = select(email_address.c.email_id, email_address.c.address).where(
        among(email_address.c.email_id, email_ids), ~email_address.c.is_matched
    )
    found: dict[int, list[str]] = {i: [] for i in email_ids}
    for email_id, address in tx.connection.execute(query):
        found[email_id].append(address)
    return found
