"""Which Organisations a mail concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from webcrm_sync.core.addresses import strip_plus_tag
from webcrm_sync.core.direction import FREE_MAIL
from webcrm_sync.core.message import Party
from webcrm_sync.core.platforms import is_platform


@dataclass(frozen=True, slots=True)
class Contact:
    """A webCRM Person with one of its addresses, folded; one Contact per address.

    `title`: the Person's job; `phone`: the number to call. Both may be empty.
    """

    person_id: int
    organisation_id: int
    address: str
    name: str = ""
    is_active: bool = True
    title: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Directory:
    """The contacts and domains in webCRM that concern one mail."""

    contacts: tuple[Contact, ...] = ()
    #: (domain, Organisation id)
    domains: tuple[tuple[str, int], ...] = ()


class MatchedBy(StrEnum):
    """How a target was found."""

    CONTACT = "contact"
    DOMAIN = "domain"
    PERSON = "chosen by a person"
    NONE = "without an Organisation"


@dataclass(frozen=True, slots=True)
class Target:
    """One Organisation to file a mail under. Organisation 0 = file it without one."""

    organisation_id: int
    person_id: int | None
    how: MatchedBy


@dataclass(frozen=True, slots=True)
class Matched:
    """The mail's targets in the order of its people, each Organisation once."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several Organisations are possible; a person must choose."""

    candidates: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class NoMatch:
    """webCRM knows none of the addresses."""


def match_organisations(
    people: Iterable[Party], directory: Directory
) -> Matched | Ambiguous | NoMatch:
    """Every Organisation that one of these external people belongs to.

    A contact's address beats a domain. The domain of a free-mail provider or a platform matches
    nothing. A domain of several Organisations is ambiguous. An address whose Persons belong to
    several Organisations is resolved if another address of the mail matches one of them. The mail
    is ambiguous if no target is left after that.
    """
    options = [possible for person in people if (possible := _possible_targets(person, directory))]
    clear = [o[0] for o in options if len({t.organisation_id for t in o}) == 1]
    targets: dict[int, Target] = {}
    for target in sorted(clear, key=lambda t: t.how is MatchedBy.DOMAIN):
        targets.setdefault(target.organisation_id, target)
    if targets:
        return Matched(tuple(targets.values()))
    if options:
        return Ambiguous(tuple({t.organisation_id: t for o in options for t in o}.values()))
    return NoMatch()


def _possible_targets(person: Party, directory: Directory) -> list[Target]:
    contacts = find_contacts(person, [c for c in directory.contacts if c.organisation_id])
    if contacts:
        active = [c for c in contacts if c.is_active] or contacts
        active.sort(key=lambda c: c.person_id)
        return [Target(c.organisation_id, c.person_id, MatchedBy.CONTACT) for c in active]
    own_domain = person.domain
    owners = sorted({org for domain, org in directory.domains if domain == own_domain})
    if not owners or own_domain in FREE_MAIL or is_platform(own_domain):
        return []
    return [Target(organisation_id, None, MatchedBy.DOMAIN) for organisation_id in owners]


def find_candidates(people: Iterable[Party], directory: Directory) -> tuple[Target, ...]:
    """Every Organisation that may be meant by one of these people, contacts before domains."""
    targets = [t for person in people for t in _possible_targets(person, directory)]
    targets.sort(key=lambda t: t.how is MatchedBy.DOMAIN)
    by_organisation: dict[int, Target] = {}
    for target in targets:
        by_organisation.setdefault(target.organisation_id, target)
    return tuple(by_organisation.values())


def find_person(people: Iterable[Party], directory: Directory, organisation_id: int) -> int | None:
    """The webCRM id of the first of these people who is a contact of the Organisation."""
    there = [c for c in directory.contacts if c.organisation_id == organisation_id]
    found = (contact.person_id for person in people for contact in find_contacts(person, there))
    return next(found, None)


def find_contacts(person: Party, contacts: Sequence[Contact]) -> list[Contact]:
    """The contacts with this person's address; without plus-tags if none has the exact address.

    Either side may have the tag: `eva+news@x` writes, or webCRM knows `eva+crm@x`.
    """
    address = person.folded
    if exact := [c for c in contacts if c.address == address]:
        return exact
    untagged = strip_plus_tag(address)
    if untagged and (matching := [c for c in contacts if c.address == untagged]):
        return matching
    tagged = (c for c in contacts if "+" in c.address)
    return [c for c in tagged if strip_plus_tag(c.address) == (untagged or address)]
