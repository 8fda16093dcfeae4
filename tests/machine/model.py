"""What a history has put into the world, and what must come of it: told without the engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from machine.setup import DOMAIN

OURS = frozenset({"webcrm sync", "synced", "not synced"})
HOME = "nordwind.example"


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to come. `kind`: mail, draft, meeting; `name`: its own Message-ID, none, a used one.

    `is_dragged`: its owner moves every copy of it to a sync folder at once.
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
    """One mail, whatever copies there are of it. Its subject is its own, so it tells all of it.

    `since`: the first state of webCRM's contacts that it may have been matched against, None = it
    was in no sync folder yet. `chosen`: where a person put it last; `offered`: everywhere a person
    may have put it. `undone`: a person took it back and nobody asked for it since; None = unclear.
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
    #: where each of its Activities stood when last looked at, by id
    places: dict[int, int] = field(default_factory=dict)

    @property
    def outside(self) -> tuple[str, ...]:
        """Who of its people is not one of us."""
        return tuple(p for p in self.people if not p.endswith(f"@{HOME}"))

    @property
    def is_fit(self) -> bool:
        """True for what can be filed by itself: a sent mail with somebody from outside on it."""
        return self.kind == "mail" and bool(self.outside)


@dataclass(slots=True, eq=False)
class MailCopy:
    """One copy. `foreign`: the owner's categories. `was_in`: has lain in a sync folder."""

    box: int
    id: str
    letter: MailModel
    foreign: tuple[str, ...] = ()
    was_in: bool = False
    is_ours_taken: bool = False


@dataclass(slots=True, eq=False)
class SentMail:
    """A mail sent from webCRM. `subjects`: all it ever had; `may_fail`: it need not be mirrored."""

    activity_id: int
    person: int
    letter: MailModel
    subjects: set[str]
    may_fail: bool = False


#: webCRM's contacts at one time: (address, Organisation)
Book = frozenset[tuple[str, int]]


def foreign(categories: Iterable[str]) -> tuple[str, ...]:
    """The categories that are not this product's, in their order."""
    return tuple(c for c in categories if c.casefold() not in OURS)


def belongs(letter: MailModel, book: Book, tine: int) -> frozenset[int] | None:
    """The Organisations that the mail belongs under; None = nobody can tell which; empty = none.

    Every Organisation of each contact on it; an address of several counts only for nothing when
    another address settles the mail. A known domain stands for its people that are unknown.
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
