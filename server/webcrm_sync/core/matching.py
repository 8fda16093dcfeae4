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
    """A webCRM Person with one of its addresses (folded)."""

    person_id: int
    organisation_id: int
    address: str
    name: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Directory:
    """What webCRM knows of the addresses and domains of one mail."""

    contacts: tuple[Contact, ...] = ()
    #: (domain, Organisation id)
    domains: tuple[tuple[str, int], ...] = ()


class MatchedBy(StrEnum):
    """What a target was recognised by."""

    CONTACT = "contact"
    DOMAIN = "domain"
    PERSON = "chosen by a person"
    NONE = "without an Organisation"


@dataclass(frozen=True, slots=True)
class Target:
    """One Organisation a mail is filed under. Organisation 0 = filed without one."""

    organisation_id: int
    person_id: int | None
    how: MatchedBy


@dataclass(frozen=True, slots=True)
class Matched:
    """The mail's targets, in the order of its people, each Organisation once."""

    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several Organisations could be meant; a person must say which."""

    candidates: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class NoMatch:
    """webCRM knows none of the addresses."""


def match_organisations(
    people: Iterable[Party], directory: Directory
) -> Matched | Ambiguous | NoMatch:
    """Every Organisation that one of these external people belongs to.

    An exact contact beats the domain; the domain of a free-mail provider or a platform says
    nothing. A domain that several Organisations name is for a person to decide. An address whose
    Persons sit in several Organisations is resolved when another address of the mail already
    points at one of them; the mail is ambiguous when that leaves it without any target.
    """
    options = [found for person in people if (found := _options(person, directory))]
    clear = [o[0] for o in options if len({t.organisation_id for t in o}) == 1]
    targets: dict[int, Target] = {}
    for target in sorted(clear, key=lambda t: t.how is MatchedBy.DOMAIN):
        targets.setdefault(target.organisation_id, target)
    if targets:
        return Matched(tuple(targets.values()))
    if options:
        return Ambiguous(tuple({t.organisation_id: t for o in options for t in o}.values()))
    return NoMatch()


def _options(person: Party, directory: Directory) -> list[Target]:
    contacts = find_contacts(person, [c for c in directory.contacts if c.organisation_id])
    if contacts:
        active = [c for c in contacts if c.is_active] or contacts
        active.sort(key=lambda c: c.person_id)
        return [Target(c.organisation_id, c.person_id, MatchedBy.CONTACT) for c in active]
    mine = person.domain
    owners = sorted({org for domain, org in directory.domains if domain == mine})
    if not owners or mine in FREE_MAIL or is_platform(mine):
        return []
    return [Target(organisation_id, None, MatchedBy.DOMAIN) for organisation_id in owners]


def find_contacts(person: Party, contacts: Sequence[Contact]) -> list[Contact]:
    """Those of these contacts who are this person: by the address itself, else without plus-tags.

    The tag may be on either side: `eva+news@x` writes, or `eva+crm@x` is what webCRM knows.
    """
    address = person.folded
    if exact := [c for c in contacts if c.address == address]:
        return exact
    bare = strip_plus_tag(address)
    if bare and (found := [c for c in contacts if c.address == bare]):
        return found
    tagged = (c for c in contacts if "+" in c.address)
    return [c for c in tagged if strip_plus_tag(c.address) == (bare or address)]
