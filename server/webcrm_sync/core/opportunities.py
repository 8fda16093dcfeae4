"""webCRM's Opportunities: which are open, and which of them a mail is filed under."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

#: The words for a won deal at the beginning of a level's label, in the seven languages of the
#: product. People put a number before it: "6: Won", "06 - Vundet".
_WON = re.compile(
    r"\s*([0-9]+\s*[:.)–-]*\s*)?"
    r"(won|closed won|vundet|vunnen|vunnit|vunnet|gewonnen|voitettu|voitto)\b",
    re.IGNORECASE,
)
#: webCRM may write the two times of a creation a moment apart.
_SAME_WRITE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class OpportunityFacts:
    """What webCRM and the local copy both hold of an Opportunity.

    `person_id` 0 = it has no Person.
    """

    opportunity_id: int
    organisation_id: int
    person_id: int
    number: str
    name: str
    value: float | None
    currency: str
    level: int
    level_text: str


@dataclass(frozen=True, slots=True)
class OpportunityRow(OpportunityFacts):
    """An Opportunity as webCRM's /Queries returns it.

    `is_marked_won`: webCRM's own flag, which not every customer uses.
    """

    is_lost: bool
    is_marked_won: bool
    updated_at: datetime | None

    @property
    def record_id(self) -> int:
        """The Opportunity's id."""
        return self.opportunity_id


@dataclass(frozen=True, slots=True)
class Opportunity(OpportunityFacts):
    """An Opportunity of the local copy. `is_open`: it is neither lost nor won."""

    is_open: bool

    @property
    def label(self) -> str:
        """The Opportunity as people know it: its number and name."""
        return f"{self.number} {self.name}".strip() or f"Opportunity {self.opportunity_id}"


def is_open(row: OpportunityRow, won_levels: Collection[int]) -> bool:
    """True for an Opportunity that is neither lost nor won.

    Without known `won_levels`, webCRM's flag says which ones are won.
    """
    is_won = row.level in won_levels if won_levels else row.is_marked_won
    return not row.is_lost and not is_won


def find_won_levels(labels: Mapping[int, str]) -> frozenset[int]:
    """The levels whose label says that the deal is won. `labels`: of the levels, by number.

    >>> sorted(find_won_levels({1: "Lead", 5: "5: Won", 6: "Vundet ordre", 7: "Lost"}))
    [5, 6]
    """
    return frozenset(level for level, label in labels.items() if _WON.match(label))


def find_offered(opportunities: Iterable[Opportunity], person_id: int | None) -> int | None:
    """The only open Opportunity of this Person, None if there are none or several."""
    own = [
        o.opportunity_id
        for o in opportunities
        if o.is_open and person_id and o.person_id == person_id
    ]
    return own[0] if len(own) == 1 else None


class Remedy(Enum):
    """What is done about the Opportunity of an Activity."""

    #: both agree
    NOTHING = auto()
    #: webCRM is right: a person changed it there
    TAKE_OVER = auto()
    #: our last write is lost
    WRITE_AGAIN = auto()


def compare_opportunities(
    ours: int | None,
    theirs: int | None,
    *,
    written_at: datetime | None,
    created_at: datetime | None,
    updated_at: datetime | None,
) -> Remedy:
    """What is done when our row says `ours` and webCRM's Activity says `theirs`; None = none.

    `written_at`: when webCRM took our last change of it, None = with the creation. All times are of
    webCRM's clock. A change in webCRM that came later is a person's, and wins. An Opportunity in
    webCRM is never given up for none, since our row may be the one that is damaged.
    """
    if ours == theirs:
        return Remedy.NOTHING
    last_write = written_at or created_at
    if ours is None or last_write is None or updated_at is None:
        return Remedy.TAKE_OVER
    return Remedy.TAKE_OVER if updated_at > last_write + _SAME_WRITE else Remedy.WRITE_AGAIN
