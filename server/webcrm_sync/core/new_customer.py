"""Decides how a new Organisation comes into webCRM exactly once, from a claim that is committed.

webCRM may answer `POST /Organisations` without the new id (webCRM's Swagger declares no body), and
an answer may be lost. The product then lists the newest Organisations and compares their names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from webcrm_sync.core import verification
from webcrm_sync.core.crm import OrganisationDraft, OrganisationRow
from webcrm_sync.core.neutralize import neutralize_tags
from webcrm_sync.core.organisation_names import fold_name
from webcrm_sync.core.verification import VerifyDecision

#: Whoever asks for the same name within this time means the same Organisation: a second press of
#: the button, or a colleague with a copy of the mail.
SHARED = timedelta(minutes=10)
#: webCRM's clock may differ from ours.
_CLOCK_MARGIN = timedelta(minutes=15)
#: webCRM may be busy for this long with a call whose answer is lost.
_LONGEST_CALL = timedelta(seconds=30)
#: After this time an Organisation that webCRM accepted and does not list is given up.
_SEARCHED = timedelta(minutes=10)
_MAX_SEARCH_GAP = timedelta(seconds=30)
#: The shortest name field that is known (GitHub webCRMdotcom/ErpIntegrations of 2018).
_SHORTEST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """The contact to create at a new Organisation. `address`: folded."""

    name: str
    address: str
    title: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class OrganisationClaim:
    """The claim to create one Organisation, see `store.schema.new_customers`."""

    draft: OrganisationDraft
    claimed_at: datetime
    due_at: datetime
    intent_at: datetime | None = None
    is_accepted: bool = False
    searches: int = 0
    earlier_ids: tuple[int, ...] = ()
    organisation_id: int | None = None


class ClaimStep(Enum):
    """What to do next for a claim."""

    SEND = "send the Organisation"
    SEARCH = "search webCRM for it"
    WAIT = "wait until the search is due"
    DONE = "nothing: its id is known"


class AfterSearch(Enum):
    """What a search without a result means for a claim."""

    SEARCH_AGAIN = "search again"
    SEND_AGAIN = "it is not there: send it again"
    GIVE_UP = "webCRM accepted it and does not list it"


def next_step(claim: OrganisationClaim, now: datetime) -> ClaimStep:
    """The next step. While somebody may still be sending, the first search waits."""
    if claim.organisation_id is not None:
        return ClaimStep.DONE
    if claim.intent_at is None:
        return ClaimStep.SEND
    return ClaimStep.SEARCH if now >= claim.due_at else ClaimStep.WAIT


def first_search_at(intent_at: datetime, *, settle: timedelta) -> datetime:
    """When to search for an Organisation whose sender said nothing: it may have died."""
    return verification.latest_send_at(intent_at, settle=settle)


def decide_after_search(
    claim: OrganisationClaim, *, searches: int, now: datetime, settle: timedelta
) -> AfterSearch:
    """What it means that all `searches` found nothing. `settle`: webCRM's search lag."""
    assert claim.intent_at is not None
    if claim.is_accepted:
        is_hopeless = now >= claim.intent_at + max(_SEARCHED, 2 * settle)
        return AfterSearch.GIVE_UP if is_hopeless else AfterSearch.SEARCH_AGAIN
    decision = verification.decide_after_search(
        intent_at=claim.intent_at,
        searches=searches,
        now=now,
        settle=max(settle, _LONGEST_CALL),
    )
    is_missing = decision is VerifyDecision.NOT_THERE
    return AfterSearch.SEND_AGAIN if is_missing else AfterSearch.SEARCH_AGAIN


def next_search_at(searches: int, now: datetime) -> datetime:
    """When to search again after this number of searches: the gap doubles, up to 30 seconds."""
    return now + min(timedelta(seconds=2 << min(searches, 8)) / 2, _MAX_SEARCH_GAP)


def created_since(at: datetime) -> datetime:
    """The time of creation, by webCRM's clock, that a search begins with."""
    return at - _CLOCK_MARGIN


def find_created(
    name: str, listed: Iterable[OrganisationRow], *, earlier_ids: Iterable[int] = ()
) -> tuple[int, ...]:
    """The ids of the listed Organisations of this name, without the earlier ones, by id.

    A system may keep the beginning of a long name only.
    """
    wanted = fold_name(neutralize_tags(name))
    earlier = frozenset(earlier_ids)
    ids = (row.organisation_id for row in listed if _is_same_name(fold_name(row.name), wanted))
    return tuple(sorted(i for i in ids if i not in earlier))


def _is_same_name(listed: str, wanted: str) -> bool:
    return listed == wanted or (len(listed) >= _SHORTEST_LIMIT and wanted.startswith(listed))
