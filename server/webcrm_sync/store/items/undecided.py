"""Undecided mails: found, and not matched yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from webcrm_sync.core.states import State
from webcrm_sync.store.any_of import any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email, emails_by_id
from webcrm_sync.store.items.item import ITEM_COLUMNS, Item
from webcrm_sync.store.schema.tables import email_address, item, mailbox

_IS_FOUND = (item.c.state == State.FOUND) & ~item.c.is_bare
_FOUND = (
    select(*ITEM_COLUMNS)
    .where(any_of_param(item.c.email_id, "email_ids"), _IS_FOUND)
    .order_by(item.c.id)
)
_COPY, _COPY_BOX = item.alias("copy"), mailbox.alias("copy_box")
#: True for the copy by which a mail counts: its newest one of the past, else its newest one. One of
#: the past does not count while another installation works on its mailbox, and counts last while
#: the lease of its mailbox is awaited.
#: As a single boolean it lets PostgreSQL read an index from its newest end, and stop at the limit.
_IS_FIRST_COPY = (
    select(_COPY.c.id == item.c.id)
    .join(_COPY_BOX, _COPY_BOX.c.id == _COPY.c.mailbox_id)
    .where(_COPY.c.email_id == item.c.email_id)
    .where(~_COPY.c.is_past | _COPY_BOX.c.elsewhere_since.is_(None))
    .where(_COPY.c.state == State.FOUND, ~_COPY.c.is_bare)
    .order_by(
        _COPY.c.is_past.desc(),
        (_COPY_BOX.c.lease_until > bindparam("now")).desc().nulls_last(),
        _COPY.c.found_at.desc(),
        _COPY.c.id,
    )
    .limit(1)
    .scalar_subquery()
)
_NEWEST = (
    select(item.c.email_id)
    .join(mailbox, mailbox.c.id == item.c.mailbox_id)
    .where(mailbox.c.company_id == bindparam("company"), _IS_FOUND)
    .where(item.c.is_past == bindparam("is_past"), _IS_FIRST_COPY)
    .where(~item.c.is_past | (mailbox.c.lease_until > bindparam("now")))
    .order_by(item.c.found_at.desc(), item.c.id)
    .limit(bindparam("most"))
)
_ADDRESSES = select(email_address.c.email_id, email_address.c.address).where(
    any_of_param(email_address.c.email_id, "email_ids"), ~email_address.c.is_matched
)


def due(tx: Tx, *, limit: int, is_past: bool) -> Sequence[int]:
    """Ids of the `limit` newest mails with found copies, newest first.

    With `is_past` only the mails of which a found copy is of the past, in a mailbox whose lease we
    hold; else only the others.
    """
    parameters = {"company": tx.company_id, "now": tx.now, "is_past": is_past, "most": limit}
    return tx.connection.execute(_NEWEST, parameters).scalars().all()


def read(tx: Tx, email_ids: Sequence[int]) -> Sequence[tuple[Email, Sequence[Item]]]:
    """The mails that still have found copies, each with those copies, in the order of the ids."""
    copies: dict[int, list[Item]] = {}
    for row in tx.connection.execute(_FOUND, {"email_ids": list(email_ids)}).mappings():
        copies.setdefault(row["email_id"], []).append(Item(**row))
    emails = emails_by_id(tx, copies)
    return [(emails[i], copies[i]) for i in email_ids if i in emails]


def addresses(tx: Tx, email_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
    """The addresses of each e-mail that have led to no filing yet."""
    by_email: dict[int, list[str]] = {i: [] for i in email_ids}
    rows = tx.connection.execute(_ADDRESSES, {"email_ids": list(email_ids)})
    for email_id, address in rows:
        by_email[email_id].append(address)
    return by_email
