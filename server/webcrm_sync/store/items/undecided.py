"""Found mails that await their decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, or_, select

from webcrm_sync.core.states import State
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email, emails_by_id
from webcrm_sync.store.items.item import ITEM_COLUMNS, Item
from webcrm_sync.store.schema.tables import email_address, item, mailbox

#: Found copies read per wanted mail, since several mailboxes may hold a copy of one mail.
_COPIES_PER_MAIL = 4
_IS_FOUND = (item.c.state == State.FOUND) & ~item.c.is_bare
_FOUND = (
    select(*ITEM_COLUMNS)
    .where(any_of_param(item.c.email_id, "email_ids"), _IS_FOUND)
    .order_by(item.c.id)
)
_PAST = select(item.c.email_id).where(
    any_of_param(item.c.email_id, "email_ids"), _IS_FOUND, item.c.is_past
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
    """Ids of mails among the `limit` newest with found copies, newest first.

    With `is_past` the mails of which such a copy is of the past, else the other ones.
    """
    ids = _newest(tx, limit)
    past = set(tx.connection.execute(_PAST, {"email_ids": ids}).scalars())
    return [i for i in ids if (i in past) is is_past]


def read(tx: Tx, email_ids: Sequence[int]) -> Sequence[tuple[Email, Sequence[Item]]]:
    """Each of these mails that still has found copies, with those copies."""
    copies: dict[int, list[Item]] = {}
    for row in tx.connection.execute(_FOUND, {"email_ids": list(email_ids)}).mappings():
        copies.setdefault(row["email_id"], []).append(Item(**row))
    emails = emails_by_id(tx, copies)
    return [(emails[i], copies[i]) for i in email_ids if i in emails]


def _newest(tx: Tx, limit: int) -> Sequence[int]:
    """Ids of the newest mails, read from the newest end of an index whatever its length."""
    wanted = {"company": tx.company_id, "now": tx.now, "most": limit * _COPIES_PER_MAIL}
    return list(dict.fromkeys(tx.connection.execute(_NEWEST, wanted).scalars()))[:limit]


def addresses(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Per e-mail the addresses that have not led to a filing yet."""
    query = select(email_address.c.email_id, email_address.c.address).where(
        any_of(email_address.c.email_id, email_ids), ~email_address.c.is_matched
    )
    found: dict[int, list[str]] = {i: [] for i in email_ids}
    for email_id, address in tx.connection.execute(query):
        found[email_id].append(address)
    return found
