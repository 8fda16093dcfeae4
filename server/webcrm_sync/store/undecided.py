"""Mails that were found and are to be decided on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import or_, select

from webcrm_sync.core.states import State
from webcrm_sync.store.among import among
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import EMAIL_COLUMNS, ITEM_COLUMNS, Email, Item, read_email, read_item
from webcrm_sync.store.schema import email, email_address, item, mailbox

#: So many found copies are read per mail that is wanted: one mail may lie in several mailboxes.
_COPIES = 4
_IS_FOUND = item.c.state == State.FOUND.value


def due(tx: Tx, *, limit: int, is_past: bool) -> Sequence[tuple[Email, Sequence[Item]]]:
    """Up to `limit` mails, newest first, with their found copies; `is_past`: those of the past.

    A mail is of the past when one of these copies is.
    """
    ids = _newest(tx, limit)
    of_these = among(item.c.email_id, ids) & _IS_FOUND
    past = set(
        tx.connection.execute(select(item.c.email_id).where(of_these, item.c.is_past)).scalars()
    )
    wanted = [i for i in ids if (i in past) is is_past]
    if not wanted:
        return []
    items = select(*ITEM_COLUMNS).where(among(item.c.email_id, wanted), _IS_FOUND)
    copies: dict[int, list[Item]] = {i: [] for i in wanted}
    for row in tx.connection.execute(items.order_by(item.c.id)).mappings():
        copies[row["email_id"]].append(read_item(row))
    emails = select(*EMAIL_COLUMNS).where(among(email.c.id, wanted))
    rows = {row["id"]: read_email(row) for row in tx.connection.execute(emails).mappings()}
    return [(rows[i], copies[i]) for i in wanted]


def _newest(tx: Tx, limit: int) -> Sequence[int]:
    """The ids; as cheap among ten thousand as among ten, by the newest end of an index."""
    copies = (
        select(item.c.email_id)
        .join(mailbox, mailbox.c.id == item.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, _IS_FOUND)
        .where(or_(item.c.retry_at.is_(None), item.c.retry_at <= tx.now))
        .order_by(item.c.found_at.desc(), item.c.id)
        .limit(limit * _COPIES)
    )
    return list(dict.fromkeys(tx.connection.execute(copies).scalars()))[:limit]


def addresses(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """Per e-mail the addresses that have not led to a filing yet."""
    query = select(email_address.c.email_id, email_address.c.address).where(
        among(email_address.c.email_id, email_ids), ~email_address.c.is_matched
    )
    found: dict[int, list[str]] = {i: [] for i in email_ids}
    for email_id, address in tx.connection.execute(query):
        found[email_id].append(address)
    return found
