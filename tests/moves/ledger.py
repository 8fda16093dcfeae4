"""Compares webCRM and Outlook with the people's record, and counts the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from moves.customers import CustomerCounts
from moves.people import Copy, MailRecord, People
from support.scenario import BOTH
from webcrm_sync_sandbox.environment import Sandbox

_NOT_SYNCED = "Not synced"
#: The subject and the Organisation of an Activity.
_Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The figures when all work is done. A filing is one mail under one Organisation.

    `unmarked`: copies in a sync folder without both categories. `untrue`: copies with Synced whose
    mail webCRM lacks. `unrequested`: Activities of mails that nobody ever moved. `misplaced`:
    Activities under another Opportunity than somebody chose. `foreign_deals`: how often an Activity
    was under an Opportunity of another Organisation, even for a moment. `leaked`: Activities and
    Documents that hold what somebody left out of one of the `cut` mails.
    """

    moves: int
    mails: int
    filings: int
    activities: int
    documents: int
    lost: int
    duplicated: int
    unmarked: int
    untrue: int
    unrequested: int
    foreign_lost: int
    deals: int
    misplaced: int
    foreign_deals: int
    cut: int
    leaked: int
    customers: CustomerCounts

    @property
    def is_clean(self) -> bool:
        """True if nothing is lost, duplicated, untrue, unrequested or unmarked."""
        faults = (self.lost, self.duplicated, self.unmarked, self.untrue, self.unrequested)
        deals = (self.misplaced, self.foreign_deals)
        customers = (self.customers.doubled, self.customers.missing)
        return not any((*faults, self.foreign_lost, *deals, *customers, self.leaked))

    def __str__(self) -> str:
        """The totals, the differences, the Opportunities and the customers."""
        return (
            f"  moves {self.moves}, mails {self.mails}, filings {self.filings}, "
            f"Activities {self.activities}, Documents {self.documents}\n"
            f"  lost {self.lost}, duplicated {self.duplicated}, foreign categories lost "
            f"{self.foreign_lost}, unmarked {self.unmarked}, untrue marks {self.untrue}, "
            f"unrequested {self.unrequested}\n"
            f"  Opportunities chosen {self.deals}, misplaced {self.misplaced}, foreign for a "
            f"moment {self.foreign_deals}\n"
            f"  mails with parts left out {self.cut}, leaked {self.leaked}\n"
            f"  customers created {self.customers.created}, twice {self.customers.doubled}, "
            f"missing {self.customers.missing}"
        )


def count_ledger(sandbox: Sandbox, people: People, customers: CustomerCounts) -> Ledger:
    """The present differences between the services and the people's record."""
    activities = Counter(
        (str(a["ActivityDescription"]), int(a["ActivityOrganisationId"]))
        for a in sandbox.crm.activities
    )
    documents = _documents(sandbox)
    due = {(m.subject, o): m for m in people.records if m.is_inside for o in m.organisations}
    files = [(place, name) for place, m in due.items() for name in m.files]
    never = {m.subject for m in people.records if not m.was_inside}
    copies = [(m, c) for m in people.records for c in m.copies]
    return Ledger(
        moves=people.moves,
        mails=len(people.records),
        filings=len(due),
        activities=activities.total(),
        documents=documents.total(),
        lost=sum(not activities[p] for p in due) + sum(not documents[f] for f in files),
        duplicated=_surplus(activities.values()) + _surplus(documents.values()),
        unmarked=sum(not is_marked(c) for _, c in copies if c.is_inside),
        untrue=sum(_is_untrue(m, c, activities) for m, c in copies),
        unrequested=sum(n for (subject, _), n in activities.items() if subject in never),
        foreign_lost=sum(len(c.foreign - set(_categories(c))) for _, c in copies),
        deals=sum(len(m.deals) for m in people.records),
        misplaced=_count_misplaced(sandbox, people),
        foreign_deals=len(sandbox.crm.foreign_opportunities),
        cut=sum(m.is_cut for m in people.records),
        leaked=_count_leaked(sandbox, people, documents),
        customers=customers,
    )


def _count_leaked(
    sandbox: Sandbox, people: People, documents: Mapping[tuple[_Place, str], int]
) -> int:
    """The Activities with a text that was left out, and the Documents of such mails."""
    cut = {m.subject for m in people.records if m.is_cut}
    texts = sum(
        a["ActivityDescription"] in cut and "Letter number" in str(a.get("ActivityMemo"))
        for a in sandbox.crm.activities
    )
    return texts + sum(n for (place, _), n in documents.items() if place[0] in cut)


def _count_misplaced(sandbox: Sandbox, people: People) -> int:
    """The Activities that are not under the Opportunity chosen for them, or under one unasked."""
    chosen = {(m.subject, o): deal for m in people.records for o, deal in m.deals.items()}
    found = {
        (str(a["ActivityDescription"]), int(a["ActivityOrganisationId"])): int(
            a.get("ActivityOpportunityId") or 0
        )
        for a in sandbox.crm.activities
    }
    return sum(deal != chosen.get(place, 0) for place, deal in found.items())


def is_marked(copy: Copy) -> bool:
    """True for a copy with both categories and without `Not synced`."""
    categories = _categories(copy)
    return set(BOTH) <= set(categories) and _NOT_SYNCED not in categories


def _categories(copy: Copy) -> tuple[str, ...]:
    return copy.box.read(copy.item).categories


def _is_untrue(record: MailRecord, copy: Copy, activities: Mapping[_Place, int]) -> bool:
    is_filed = all(activities[record.subject, o] for o in record.organisations)
    return "Synced" in _categories(copy) and not is_filed


def _surplus(counts: Iterable[int]) -> int:
    return sum(n - 1 for n in counts if n > 1)


def _documents(sandbox: Sandbox) -> Counter[tuple[_Place, str]]:
    """How often each file is attached to the Activities of a mail under an Organisation."""
    places = {
        a["ActivityId"]: (str(a["ActivityDescription"]), int(a["ActivityOrganisationId"]))
        for a in sandbox.crm.activities
    }
    return Counter(
        (places[d["DocumentLinkedEntityId"]], str(d["DocumentFileName"]))
        for d in sandbox.crm.documents
    )
