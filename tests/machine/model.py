"""The mails of a history, and the expected results, computed without the engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from machine.setup import DOMAIN

OURS = frozenset({"webcrm sync", "synced", "not synced"})
HOME = "nordwind.example"


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to deliver.

    `kind`: mail, draft or meeting. `name`: its Message-ID is its own, missing or used before.
    `is_dragged`: each owner immediately moves the copy to a sync folder.
    """

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    kind: str
    name: str
    files: int
    colours: tuple[str, ...]
    is_dragged: bool


@dataclass(slots=True, eq=False)
class MailModel:
    """One mail with all its copies, identified by its unique subject.

    `since`: the index of the first state of the contacts against which the engine may have matched
    the mail; None = the mail was in no sync folder yet. `chosen`: the Organisation that a person
    chose last. `offered`: all Organisations that people may have chosen. `undone`: True = a person
    pressed Undo and nobody synced the mail since; None = unclear.
    """

    subject: str
    people: tuple[str, ...]
    sender: str
    message_id: str | None
    kind: str
    files: int
    since: int | None = None
    chosen: int | None = None
    offered: set[int] = field(default_factory=set)
    undone: bool | None = False
    was_undone: bool = False
    #: a person left something out of it
    was_cut: bool = False
    #: a person has edited its places; all places that the last edit left, None = unclear
    was_edited: bool = False
    places: frozenset[int] | None = None
    #: every Opportunity that people may have chosen, 0 = none
    deals: set[int] = field(default_factory=set)
    #: an Organisation and its Opportunity that a person chose last, None = unclear
    deal: tuple[int, int] | None = None
    #: the Organisation of each Activity at the last check, by the Activity's id
    organisations: dict[int, int] = field(default_factory=dict)

    @property
    def outside(self) -> tuple[str, ...]:
        """The addresses of the mail outside the company."""
        return tuple(p for p in self.people if not p.endswith(f"@{HOME}"))

    @property
    def is_fileable(self) -> bool:
        """True for a mail with an outside address, which is filed without a choice."""
        return self.kind == "mail" and bool(self.outside)


@dataclass(slots=True, eq=False)
class MailCopy:
    """One copy. `foreign`: the owner's categories. `is_duplicate`: a copy of another copy."""

    box: int
    id: str
    mail: MailModel
    foreign: tuple[str, ...] = ()
    was_in_sync_folder: bool = False
    is_duplicate: bool = False


@dataclass(slots=True, eq=False)
class SentMail:
    """A mail sent from webCRM. `subjects`: all so far. `may_fail`: it may stay without a mirror."""

    activity_id: int
    person: int
    mail: MailModel
    subjects: set[str]
    may_fail: bool = False


#: webCRM's contacts at one moment: (address, Organisation)
Contacts = frozenset[tuple[str, int]]


def foreign(categories: Iterable[str]) -> tuple[str, ...]:
    """The categories that are not the product's, in their order."""
    return tuple(c for c in categories if c.casefold() not in OURS)


def matched_organisations(mail: MailModel, contacts: Contacts, tine: int) -> frozenset[int] | None:
    """The Organisations of the contacts on the mail; None = ambiguous, empty = none.

    An address with several Organisations is ignored if another address decides. An unknown address
    of a known domain belongs to the Organisation of the domain, `tine`.
    """
    options = []
    for person in mail.outside:
        found = {organisation for address, organisation in contacts if address == person}
        if not found and person.endswith(f"@{DOMAIN}"):
            found = {tine}
        if found:
            options.append(found)
    clear = frozenset(o for found in options if len(found) == 1 for o in found)
    if clear:
        return clear
    return None if options else frozenset()
