"""The customers that people create from a mail, from the press of the button to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.customer_digest import CustomerDigest
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schedule import NEVER
from webcrm_sync.store.schema.new_customers import new_customer
from webcrm_sync.store.schema.tables import item, mailbox


@dataclass(frozen=True, slots=True)
class CustomerKey:
    """One copy of a mail, and the folded name of the Organisation that is created for it."""

    mailbox_id: int
    graph_id: str
    folded_name: str


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer that a person creates, see `store.schema.new_customers`.

    `contact`: what is to be created, None = no contact, or it exists. `digest`: of what the person
    entered, None = unknown.
    """

    key: CustomerKey
    by: str
    contact: ContactDraft | None
    replaces_id: int | None
    organisation_id: int | None
    person_id: int | None
    requested_at: datetime
    moved_at: datetime | None
    completed_at: datetime | None
    refusal: str | None
    attempts: int
    digest: CustomerDigest | None

    @property
    def is_open(self) -> bool:
        """True while the customer is on its way to webCRM."""
        return self.completed_at is None and self.refusal is None


_KEY = tuple(CustomerKey.__dataclass_fields__)
_CONTACT = tuple(f"contact_{name}" for name in ContactDraft.__dataclass_fields__)
_NO_CONTACT: Mapping[str, None] = dict.fromkeys(_CONTACT)
_APART = {"key", "contact", "digest"}
_REST = tuple(n for n in NewCustomer.__dataclass_fields__ if n not in _APART)
_COLUMNS = [new_customer.c[name] for name in (*_KEY, *_CONTACT, *_REST, "digest")]
_IS_OPEN = new_customer.c.completed_at.is_(None) & new_customer.c.refusal.is_(None)


def save(
    tx: Tx,
    key: CustomerKey,
    *,
    by: str,
    contact: ContactDraft | None,
    replaces_id: int | None,
    digest: CustomerDigest,
    due_at: datetime,
) -> None:
    """Record what a person creates, before the first call. Replaces one that has ended.

    `replaces_id`: the Organisation that the new one replaces for this mail. `due_at`: when the job
    goes on with it if the request of the person does not finish it.
    """
    written = [getattr(contact, name, None) for name in ContactDraft.__dataclass_fields__]
    values = {
        "by": by,
        **dict(zip(_CONTACT, written, strict=True)),
        "replaces_id": replaces_id,
        "requested_at": tx.now,
        "digest": astuple(digest),
        "due_at": due_at,
        "attempts": 0,
        **dict.fromkeys(("organisation_id", "person_id", "moved_at", "completed_at", "refusal")),
    }
    new = insert(new_customer).values(**_values(key), **values)
    again = new.on_conflict_do_update(index_elements=list(_KEY), set_=values, where=~_IS_OPEN)
    tx.connection.execute(again)


def read(tx: Tx, key: CustomerKey) -> NewCustomer | None:
    """What became of this request, None = there is none."""
    row = tx.connection.execute(select(*_COLUMNS).where(*_is(key))).first()
    return _read(tuple(row)) if row else None


def digests_since(tx: Tx, folded_name: str, since: datetime) -> Sequence[CustomerDigest]:
    """What the forms for this Organisation from that time on said; without those refused."""
    query = (
        select(new_customer.c.digest)
        .join(mailbox, mailbox.c.id == new_customer.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, new_customer.c.folded_name == folded_name)
        .where(new_customer.c.requested_at >= since, new_customer.c.refusal.is_(None))
        .where(new_customer.c.digest.is_not(None))
    )
    return [CustomerDigest(*digest) for digest in tx.connection.execute(query).scalars()]


def is_contact_under_way(tx: Tx, address: str, *, but_at: str, since: datetime) -> bool:
    """True while a person creates this contact at an Organisation with another folded name."""
    query = (
        select(new_customer.c.graph_id)
        .join(mailbox, mailbox.c.id == new_customer.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, new_customer.c.folded_name != but_at)
        .where(new_customer.c.contact_address == address, new_customer.c.requested_at > since)
        .where(_IS_OPEN)
        .limit(1)
    )
    return tx.connection.execute(query).first() is not None


def of_copies(tx: Tx, mailbox_id: int, graph_ids: Iterable[str]) -> Mapping[str, NewCustomer]:
    """The latest request for each of these copies, by Graph id."""
    query = (
        select(*_COLUMNS)
        .where(new_customer.c.mailbox_id == mailbox_id)
        .where(any_of(new_customer.c.graph_id, graph_ids))
        .order_by(new_customer.c.requested_at)
    )
    rows = (_read(tuple(row)) for row in tx.connection.execute(query))
    return {one.key.graph_id: one for one in rows}


def ended_of_email(tx: Tx, email_id: int) -> Sequence[NewCustomer]:
    """The requests for any copy of this mail that are over, oldest first."""
    is_of_copy = (new_customer.c.mailbox_id == item.c.mailbox_id) & (
        new_customer.c.graph_id == item.c.graph_id
    )
    query = (
        select(*_COLUMNS)
        .join(item, is_of_copy)
        .where(item.c.email_id == email_id, ~_IS_OPEN)
        .order_by(new_customer.c.requested_at)
    )
    return [_read(tuple(row)) for row in tx.connection.execute(query)]


def due(tx: Tx, *, limit: int) -> Sequence[NewCustomer]:
    """The open requests that the job goes on with, the oldest first."""
    is_writable = mailbox.c.paused_at.is_(None) & (mailbox.c.lease_until > tx.now)
    query = (
        select(*_COLUMNS)
        .join(mailbox, mailbox.c.id == new_customer.c.mailbox_id)
        .where(mailbox.c.company_id == tx.company_id, is_writable)
        .where(_IS_OPEN, new_customer.c.due_at <= tx.now)
        .order_by(new_customer.c.requested_at)
        .limit(limit)
    )
    return [_read(tuple(row)) for row in tx.connection.execute(query)]


def postpone(tx: Tx, key: CustomerKey, *, due_at: datetime, has_failed: bool = False) -> None:
    """Let the job go on with the request at that time."""
    _change(tx, key, due_at=due_at, attempts=new_customer.c.attempts + int(has_failed))


def note_organisation(tx: Tx, key: CustomerKey, organisation_id: int) -> None:
    """Record the Organisation, which exists now."""
    _change(tx, key, organisation_id=organisation_id)


def note_contact(tx: Tx, key: CustomerKey, person_id: int) -> None:
    """Record the contact, which exists now, and forget what was entered of it."""
    _change(tx, key, person_id=person_id, **_NO_CONTACT)


def note_move(tx: Tx, key: CustomerKey) -> None:
    """Record that the copy was moved into the sync folder. It is moved once."""
    _change(tx, key, moved_at=tx.now)


def complete(tx: Tx, key: CustomerKey) -> None:
    """Record that the customer exists and the mail is filed there, or on its way."""
    _change(tx, key, completed_at=tx.now, due_at=NEVER)


def refuse(tx: Tx, folded_name: str, refusal: str) -> None:
    """End every open request for this Organisation, which webCRM did not take."""
    of_company = select(mailbox.c.id).where(mailbox.c.company_id == tx.company_id)
    is_same = new_customer.c.folded_name == folded_name
    query = update(new_customer).where(new_customer.c.mailbox_id.in_(of_company), is_same, _IS_OPEN)
    tx.connection.execute(query.values(refusal=refusal, due_at=NEVER, **_NO_CONTACT))


def refuse_one(tx: Tx, key: CustomerKey, refusal: str) -> None:
    """End this request: webCRM did not take the contact."""
    _change(tx, key, refusal=refusal, due_at=NEVER, **_NO_CONTACT)


def give_up_old(tx: Tx, before: datetime, refusal: str) -> None:
    """End the open requests from before that time, and forget what was entered."""
    of_company = select(mailbox.c.id).where(mailbox.c.company_id == tx.company_id)
    is_old = new_customer.c.requested_at < before
    query = update(new_customer).where(new_customer.c.mailbox_id.in_(of_company), is_old, _IS_OPEN)
    tx.connection.execute(query.values(refusal=refusal, due_at=NEVER, **_NO_CONTACT))


def drop(tx: Tx, key: CustomerKey) -> None:
    """Delete the request, as if nobody had made it."""
    tx.connection.execute(delete(new_customer).where(*_is(key)))


def _change(tx: Tx, key: CustomerKey, **values: object) -> None:
    tx.connection.execute(update(new_customer).where(*_is(key), _IS_OPEN).values(values))


def _is(key: CustomerKey) -> tuple[ColumnElement[bool], ...]:
    return tuple(new_customer.c[name] == value for name, value in _values(key).items())


def _values(key: CustomerKey) -> Mapping[str, Any]:
    return {name: getattr(key, name) for name in _KEY}


def _read(row: tuple[Any, ...]) -> NewCustomer:
    key, row = CustomerKey(*row[: len(_KEY)]), row[len(_KEY) :]
    written, row = row[: len(_CONTACT)], row[len(_CONTACT) :]
    contact = ContactDraft(*written) if written[1] is not None else None
    *rest, digest = row
    return NewCustomer(
        key=key,
        contact=contact,
        digest=CustomerDigest(*digest) if digest else None,
        **dict(zip(_REST, rest, strict=True)),
    )
