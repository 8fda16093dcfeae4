"""The local copy of webCRM's addresses: contacts, Organisations, users."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Table,
    Text,
    any_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.addresses import address_variants, fold_address, fold_domain, strip_plus_tag
from webcrm_sync.core.crm import CrmUser, OrganisationRow, PersonRow, Unmatchable
from webcrm_sync.core.matching import Contact, Directory
from webcrm_sync.core.organisation_names import KnownName, name_key, possible_lengths
from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.storable import to_storable
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import transitions
from webcrm_sync.store.schema.directory import contact, crm_user, organisation
from webcrm_sync.store.schema.tables import email, email_address, item


def _has_address(table: Table, variants: ColumnElement[Any]) -> ColumnElement[bool]:
    """True for rows with one of these `_variants` of addresses. The plus-tags may differ."""
    return (table.c.address == any_(variants)) | (table.c.untagged == any_(variants))


_CONTACTS = select(
    contact.c.person_id,
    contact.c.organisation_id,
    contact.c.address,
    contact.c.name,
    contact.c.is_active,
    contact.c.title,
    contact.c.phone,
).where(
    contact.c.company_id == bindparam("company"),
    _has_address(contact, bindparam("addresses", type_=ARRAY(Text))),
)
_OWNERS = select(
    func.unnest(organisation.c.domains).label("domain"), organisation.c.organisation_id
).where(
    organisation.c.company_id == bindparam("company"),
    organisation.c.domains.overlap(bindparam("domains", type_=organisation.c.domains.type)),
)
_USERS = select(crm_user.c.user_id, crm_user.c.address, crm_user.c.name).where(
    crm_user.c.company_id == bindparam("company")
)


def look_up(tx: Tx, addresses: Iterable[str], domains: Iterable[str]) -> Directory:
    """The contacts with these addresses, ignoring plus-tags, and the owners of these domains."""
    folded_domains = frozenset(filter(None, map(fold_domain, domains)))
    people = {"company": tx.company_id, "addresses": _variants(map(fold_address, addresses))}
    owners = {"company": tx.company_id, "domains": list(folded_domains)}
    return Directory(
        contacts=tuple(Contact(*row) for row in tx.connection.execute(_CONTACTS, people)),
        domains=tuple(
            (d, i) for d, i in tx.connection.execute(_OWNERS, owners) if d in folded_domains
        ),
    )


def _variants(addresses: Iterable[str]) -> list[str]:
    """The spellings of these folded addresses with and without their plus-tags."""
    return list({v for address in addresses for v in address_variants(address) if address})


def contact_of(tx: Tx, person_id: int) -> Contact | None:
    """A Person with its first address, None if the Person is unknown or has no address."""
    query = (
        select(
            contact.c.person_id,
            contact.c.organisation_id,
            contact.c.address,
            contact.c.name,
            contact.c.is_active,
        )
        .where(contact.c.company_id == tx.company_id, contact.c.person_id == person_id)
        .where(contact.c.address != "")
        .order_by(contact.c.position)
    )
    row = tx.connection.execute(query).first()
    return Contact(*row) if row else None


def forget_person(tx: Tx, person_id: int) -> None:
    """Delete the addresses of a Person that was deleted in webCRM; match mails that name them.

    A mail that waits for a choice between two Organisations may have one left.
    """
    is_person = (contact.c.company_id == tx.company_id) & (contact.c.person_id == person_id)
    gone = delete(contact).where(is_person).returning(contact.c.address)
    rematch_waiting(tx, addresses=tx.connection.scalars(gone).all(), domains=())
    tx.note_directory_change()


def organisation_names(tx: Tx, ids: Iterable[int]) -> dict[int, str]:
    """The names of these Organisations, by id, without the unknown ones."""
    query = select(organisation.c.organisation_id, organisation.c.name).where(
        organisation.c.company_id == tx.company_id, organisation.c.organisation_id.in_(list(ids))
    )
    return {row.organisation_id: row.name for row in tx.connection.execute(query)}


def users(tx: Tx) -> dict[int, CrmUser]:
    """The people who work in webCRM, by id."""
    rows = tx.connection.execute(_USERS, {"company": tx.company_id})
    return {row[0]: CrmUser(*row) for row in rows}


def save_users(tx: Tx, new: Sequence[CrmUser]) -> None:
    """Replace the users of webCRM."""
    unique = {u.user_id: u for u in new}
    if unique == users(tx):
        return
    tx.note_directory_change()
    tx.connection.execute(delete(crm_user).where(crm_user.c.company_id == tx.company_id))
    rows = [
        {"company_id": tx.company_id, "user_id": u.user_id, "address": u.address, "name": u.name}
        for u in unique.values()
    ]
    if rows:
        tx.connection.execute(insert(crm_user), rows)


def unmatchable(tx: Tx) -> Sequence[Unmatchable]:
    """The Persons whose e-mail fields hold no usable address, ordered by id."""
    query = (
        select(contact.c.person_id, contact.c.organisation_id, contact.c.unmatchable)
        .where(contact.c.company_id == tx.company_id, contact.c.unmatchable.is_not(None))
        .order_by(contact.c.person_id)
    )
    return [Unmatchable(*row) for row in tx.connection.execute(query)]


_CONTACT = [
    contact.c[name]
    for name in (
        "person_id",
        "address",
        "organisation_id",
        "name",
        "is_active",
        "position",
        "unmatchable",
        "title",
        "phone",
    )
]
#: The longest text of an unusable e-mail field that is stored.
_LONGEST_UNMATCHABLE = 200


def save_persons(
    tx: Tx, read: Sequence[PersonRow], *, is_whole: bool = False, exclude: Collection[int] = ()
) -> frozenset[str]:
    """Replace the addresses of these Persons. With `is_whole`, delete all other Persons.

    `exclude`: ids of Persons whose rows stay. Unchanged rows are not written. Returns the addresses
    that are new, are gone or belong to another Organisation now.
    """
    scope = contact.c.company_id == tx.company_id
    if not is_whole:
        scope &= any_of(contact.c.person_id, [p.person_id for p in read])
    if exclude:
        scope &= ~any_of(contact.c.person_id, exclude)
    before = {tuple(row) for row in tx.connection.execute(select(*_CONTACT).where(scope))}
    after = {row for person in read for row in _rows_of(person)}
    changed = before ^ after
    if not changed:
        return frozenset()
    tx.note_directory_change()
    persons = {row[0] for row in changed}
    is_changed = any_of(contact.c.person_id, persons)
    tx.connection.execute(delete(contact).where(contact.c.company_id == tx.company_id, is_changed))
    names = [c.name for c in _CONTACT]
    rows = [
        {"company_id": tx.company_id, "untagged": strip_plus_tag(row[1])}
        | dict(zip(names, row, strict=True))
        for row in after
        if row[0] in persons
    ]
    if rows:
        tx.connection.execute(insert(contact).on_conflict_do_nothing(), rows)
    return _changed_addresses(before, after)


_Row = tuple[int, str, int, str, bool, int, str | None, str, str]


def _rows_of(person: PersonRow) -> Iterable[_Row]:
    """The Person's rows, with the columns of `_CONTACT`."""
    for position, c in enumerate(person.contacts):
        yield (
            c.person_id,
            c.address,
            c.organisation_id,
            c.name,
            c.is_active,
            position,
            None,
            c.title,
            c.phone,
        )
    if unusable := person.unmatchable:
        position = len(person.contacts)
        text = to_storable(unusable.text)[:_LONGEST_UNMATCHABLE]
        yield unusable.person_id, "", unusable.organisation_id, "", True, position, text, "", ""


def _changed_addresses(
    before: Iterable[tuple[object, ...]], after: Iterable[tuple[object, ...]]
) -> frozenset[str]:
    """The addresses that differ in their Organisation or in whether they are active."""
    old, new = ({(r[1], r[2], r[4]) for r in rows if r[1]} for rows in (before, after))
    return frozenset(str(address) for address, *_ in old ^ new)


def save_organisations(
    tx: Tx,
    read: Sequence[OrganisationRow],
    *,
    is_whole: bool = False,
    exclude: Collection[int] = (),
) -> frozenset[str]:
    """Replace these Organisations. With `is_whole`, delete all other Organisations.

    `exclude`: ids of Organisations whose rows stay. Unchanged rows are not written. Returns the
    domains that are new, are gone or belong to another Organisation now.
    """
    scope = organisation.c.company_id == tx.company_id
    if not is_whole:
        scope &= any_of(organisation.c.organisation_id, [o.organisation_id for o in read])
    if exclude:
        scope &= ~any_of(organisation.c.organisation_id, exclude)
    old = select(
        organisation.c.organisation_id,
        organisation.c.name,
        organisation.c.name_key,
        organisation.c.domains,
    )
    before = {i: (*names, tuple(d)) for i, *names, d in tx.connection.execute(old.where(scope))}
    after = {o.organisation_id: (o.name, name_key(o.name), tuple(o.domains)) for o in read}
    if before == after:
        return frozenset()
    tx.note_directory_change()
    tx.connection.execute(delete(organisation).where(scope))
    rows = [
        {
            "company_id": tx.company_id,
            "organisation_id": number,
            "name": name,
            "name_key": key,
            "domains": list(domains),
        }
        for number, (name, key, domains) in after.items()
    ]
    if rows:
        tx.connection.execute(insert(organisation), rows)
    old_pairs, new_pairs = _domains(before), _domains(after)
    return frozenset(domain for _, domain in old_pairs ^ new_pairs)


def _domains(organisations: Mapping[int, tuple[Any, ...]]) -> set[tuple[int, str]]:
    return {(i, domain) for i, (*_, domains) in organisations.items() for domain in domains}


def names_like(tx: Tx, key: str, *, also: Collection[int]) -> Sequence[KnownName]:
    """The Organisations that could have a similar name, by its key, and those with an id in `also`.

    Filters by the length of the key alone: `core.organisation_names` decides.
    """
    shortest, longest = possible_lengths(key)
    has_length = func.length(organisation.c.name_key).between(shortest, longest)
    query = (
        select(organisation.c.organisation_id, organisation.c.name, organisation.c.name_key)
        .where(organisation.c.company_id == tx.company_id)
        .where(has_length | any_of(organisation.c.organisation_id, also))
    )
    return [KnownName(*row) for row in tx.connection.execute(query)]


def rematch_waiting(tx: Tx, *, addresses: Iterable[str], domains: Iterable[str]) -> int:
    """Match the mails again that wait for one of these folded addresses or domains.

    Returns the number of their copies.
    """
    variants = literal(_variants(addresses), ARRAY(Text))
    named_on = select(email_address.c.email_id).where(
        or_(_has_address(email_address, variants), any_of(email_address.c.domain, domains))
    )
    of_company = select(email.c.id).where(email.c.company_id == tx.company_id)
    is_waiting = (item.c.state == State.WAITING) | (item.c.reason == Reason.AMBIGUOUS)
    which = is_waiting & item.c.email_id.in_(named_on) & item.c.email_id.in_(of_company)
    in_folder = which & item.c.folder_id.is_not(None)
    return transitions.restart(tx, in_folder, from_states=[State.WAITING, State.PARKED])
