"""The mails of a history, and the expected results, computed without the engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from machine.setup import DOMAIN

OURS = frozenset({"webcrm sync", "synced", "not synced"})
HOME = "nordwind.example"


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to deliver. `kind`: mail, draft, meeting; `name`: own Message-ID, none, a used one.

    `is_dragged`: each owner moves the copy to a sync folder at once.
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

    `since`: the first state of webCRM's contacts that it may have been matched against, None = it
    was in no sync folder yet. `chosen`: the Organisation that a person chose last; `offered`: all
    that a person may have chosen. `undone`: a person undid it and nobody synced it since; None =
    unclear.
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
    #: the Organisation of each Activity at the last check, by id
    places: dict[int, int] = field(default_factory=dict)

    @property
    def outside(self) -> tuple[str, ...]:
        """The addresses on the mail outside the company."""
        return tuple(p for p in self.people if not p.endswith(f"@{HOME}"))

    @property
    def is_fit(self) -> bool:
        """True for a mail that is filed without a choice: sent, with an address from outside."""
        return self.kind == "mail" and bool(self.outside)


@dataclass(slots=True, eq=False)
class MailCopy:
    """One copy. `foreign`: the owner's categories. `was_in`: was in a sync folder."""

    box: int
    id: str
    letter: MailModel
    foreign: tuple[str, ...] = ()
    was_in: bool = False
    is_ours_taken: bool = False


@dataclass(slots=True, eq=False)
class SentMail:
    """A mail sent from webCRM. `subjects`: all so far; `may_fail`: it may stay unmirrored."""

    activity_id: int
    person: int
    letter: MailModel
    subjects: set[str]
    may_fail: bool = False


#: webCRM's contacts at one moment: (address, Organisation)
Book = frozenset[tuple[str, int]]


def foreign(categories: Iterable[str]) -> tuple[str, ...]:
    """The categories of others, in their order."""
    return tuple(c for c in categories if c.casefold() not in OURS)


def belongs(letter: MailModel, book: Book, tine: int) -> frozenset[int] | None:
    """The Organisations that the mail belongs to; None = ambiguous; empty = none.

    Those of each contact on the mail. An address with several Organisations is ignored if another
    address decides. A known domain counts for its unknown people.
    """
    options = []
    for person in letter.outside:
        found = {organisation for address, organisation in book if address == person}
        if not found and person.endswith(f"@{DOMAIN}"):
            found = {tine}
        if found:
            options.append(found)
    clear = frozenset(o for found in options if len(found) == 1 for o in found)
    if clear:
        return clear
    return None if options else frozenset()
