"""Invariants that hold at every moment; they read the services alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from machine.history import History
from machine.model import MailModel, foreign
from webcrm_sync.core.identity import is_filing_key

WITHDRAWN = "[withdrawn] "


@dataclass(frozen=True, slots=True)
class Standing:
    """The Activities of one mail in webCRM."""

    full: tuple[Mapping[str, Any], ...]
    withdrawn: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, history: History, letter: MailModel) -> Standing:
        """The Activities of this mail."""
        rows = [a for a in history.setup.sandbox.crm.activities if _is_ours(a)]
        return cls(
            tuple(a for a in rows if a["ActivityDescription"] == letter.subject),
            tuple(a for a in rows if a["ActivityDescription"] == WITHDRAWN + letter.subject),
        )

    @property
    def all(self) -> tuple[Mapping[str, Any], ...]:
        """All Activities of the mail."""
        return self.full + self.withdrawn

    @property
    def places(self) -> list[int]:
        """The Organisations of the Activities."""
        return [place_of(a) for a in self.full]


def place_of(activity: Mapping[str, Any]) -> int:
    """The Organisation of an Activity, 0 = none."""
    return int(activity.get("ActivityOrganisationId") or 0)


def _is_ours(activity: Mapping[str, Any]) -> bool:
    return is_filing_key(str(activity.get("ActivityCustom15") or ""))


def check_always(history: History) -> None:
    """Check everything that holds during the engine's work, too."""
    assert list(_doubled(history)) == [], "an Activity is there twice"
    assert list(_lost_colours(history)) == [], "a foreign category was lost or added"
    assert list(_untrue(history)) == [], "Synced without an Activity"
    assert _overread(history) == set(), "a mail outside of the sync folders was read"
    assert history.setup.sandbox.journal.unknown == [], "a call that no reference describes"
    deleted = history.setup.sandbox.journal.select("webcrm", method="DELETE")
    may = any(letter.was_undone for letter in history.letters)
    assert may or deleted == [], "something was deleted in webCRM"


def _doubled(history: History) -> Iterator[str]:
    rows = [a for a in history.setup.sandbox.crm.activities if _is_ours(a)]
    keys = Counter(a["ActivityCustom15"] for a in rows)
    yield from (key for key, number in keys.items() if number > 1)
    for letter in history.letters:
        places = Counter(place_of(a) for a in Standing.of(history, letter).all)
        yield from (letter.subject for number in places.values() if number > 1)


def _lost_colours(history: History) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    for leaf in history.leaves:
        item = history.item(leaf)
        if item is not None and foreign(item.categories) != leaf.foreign:
            yield leaf.letter.subject, leaf.foreign, item.categories


def _untrue(history: History) -> Iterator[str]:
    for leaf in history.leaves:
        item = history.item(leaf)
        if item is None or "Synced" not in item.categories or leaf.letter.kind == "mirror":
            continue
        if leaf.letter.was_undone:
            continue  # its categories are removed after its Activity
        if not Standing.of(history, leaf.letter).full:
            yield leaf.letter.subject


def _overread(history: History) -> set[str]:
    may = {leaf.id for leaf in history.leaves if leaf.was_in}
    read = {i for e in history.setup.sandbox.journal.exchanges for i in e.contents}
    ours = {leaf.id for leaf in history.leaves}
    return (read - may) & ours
