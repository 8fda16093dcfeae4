"""What came of the moves, counted against the people's own record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moves.people import Copy, Letter, People
from support.scenario import BOTH
from webcrm_sync_sandbox.environment import Sandbox

_NOT_SYNCED = "Not synced"
#: An Activity by its mail's subject and its Organisation.
_Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The figures at rest. A filing is one mail under one Organisation.

    `unmarked`: copies in a sync folder without both categories. `untrue`: copies that say Synced
    though webCRM lacks the mail. `uncalled`: Activities of mails that nobody ever moved.
    """

    moves: int
    mails: int
    filings: int
    activities: int
    documents: int
    lost: int
    doubled: int
    unmarked: int
    untrue: int
    uncalled: int
    foreign_lost: int

    @property
    def is_clean(self) -> bool:
        """True when nothing is lost, doubled, untrue or taken away."""
        faults = (self.lost, self.doubled, self.unmarked, self.untrue, self.uncalled)
        return not any((*faults, self.foreign_lost))

    def __str__(self) -> str:
        """One line of figures, one of verdicts."""
        return (
            f"  moves {self.moves}, mails {self.mails}, filings {self.filings}, "
            f"Activities {self.activities}, Documents {self.documents}\n"
            f"  lost {self.lost}, doubled {self.doubled}, foreign categories lost "
            f"{self.foreign_lost}, unmarked {self.unmarked}, untrue marks {self.untrue}, "
            f"uncalled for {self.uncalled}"
        )


def ledger(sandbox: Sandbox, people: People) -> Ledger:
    """The present ledger."""
    activities = Counter(
        (str(a["ActivityDescription"]), int(a["ActivityOrganisationId"]))
        for a in sandbox.crm.activities
    )
    documents = _documents(sandbox)
    due = {(m.subject, o): m for m in people.letters if m.is_inside for o in m.organisations}
    files = [(place, name) for place, m in due.items() for name in m.files]
    never = {m.subject for m in people.letters if not m.was_inside}
    copies = [(m, c) for m in people.letters for c in m.copies]
    return Ledger(
        moves=people.moves,
        mails=len(people.letters),
        filings=len(due),
        activities=activities.total(),
        documents=documents.total(),
        lost=sum(not activities[p] for p in due) + sum(not documents[f] for f in files),
        doubled=_surplus(activities.values()) + _surplus(documents.values()),
        unmarked=sum(not is_marked(c) for _, c in copies if c.is_inside),
        untrue=sum(_is_untrue(m, c, activities) for m, c in copies),
        uncalled=sum(n for (subject, _), n in activities.items() if subject in never),
        foreign_lost=sum(len(c.foreign - set(_shown(c))) for _, c in copies),
    )


def is_marked(copy: Copy) -> bool:
    """True for a copy that carries both categories and not the one for trouble."""
    shown = _shown(copy)
    return set(BOTH) <= set(shown) and _NOT_SYNCED not in shown


def _shown(copy: Copy) -> tuple[str, ...]:
    return copy.box.read(copy.item).categories


def _is_untrue(letter: Letter, copy: Copy, activities: Mapping[_Place, int]) -> bool:
    stands = all(activities[letter.subject, o] for o in letter.organisations)
    return "Synced" in _shown(copy) and not stands


def _surplus(counts: Iterable[int]) -> int:
    return sum(n - 1 for n in counts if n > 1)


def _documents(sandbox: Sandbox) -> Counter[tuple[_Place, str]]:
    """How often each file hangs on the Activities of a mail under an Organisation."""
    where = {
        a["ActivityId"]: (str(a["ActivityDescription"]), int(a["ActivityOrganisationId"]))
        for a in sandbox.crm.activities
    }
    return Counter(
        (where[d["DocumentLinkedEntityId"]], str(d["DocumentFileName"]))
        for d in sandbox.crm.documents
    )
