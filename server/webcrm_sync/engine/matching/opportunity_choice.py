"""A person's choice of an Opportunity for one place of a mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webcrm_sync.core import phrases
from webcrm_sync.core.errors import Refused
from webcrm_sync.core.events import EventKind
from webcrm_sync.store import activity_updates, filings, opportunities
from webcrm_sync.store.activity_updates import ActivityUpdate
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing

#: The largest id that a column holds.
_LARGEST_ID = 2**63 - 1


def planned_opportunity(filing: Filing, update: ActivityUpdate | None) -> int | None:
    """The Opportunity of a place once webCRM has received its update, None = none. Pure.

    An Activity that moves loses its Opportunity, unless the person chose one at the new place.
    """
    if update is not None and update.sets_opportunity:
        return update.opportunity_id
    is_moving = update is not None and update.move_to not in {None, filing.organisation_id}
    return None if is_moving else filing.opportunity_id


def set_opportunity(
    tx: Tx, email: Email, organisation_id: int, opportunity_id: int | None, *, by: str | None
) -> None:
    """File the mail at this place under this Opportunity, None = under none. Idempotent.

    `by`: the person who chose, None = another event says it. Hold `lock_company`. Raises Refused:
    the mail has no such place, or the Opportunity is closed or of another Organisation.
    """
    filings.lock_filings(tx, email.id)
    known = [f for f in filings.of_emails(tx, [email.id])[email.id] if not f.is_withdrawn]
    updates = activity_updates.read_all(tx, [f.id for f in known])
    filing = _find_place(known, updates, organisation_id)
    if planned_opportunity(filing, updates.get(filing.id)) == opportunity_id:
        return
    check_opportunity(tx, organisation_id, opportunity_id)
    if filing.is_fresh:
        filings.set_filing(tx, filing.id, opportunity_id=opportunity_id)
    else:
        activity_updates.request_opportunity(tx, filing.id, opportunity_id)
    tx.record_event(
        EventKind.OPPORTUNITY_CHOSEN,
        email_id=email.id,
        organisation=organisation_id,
        opportunity=opportunity_id,
        by=by,
    )


def _find_place(
    known: Sequence[Filing], updates: Mapping[int, ActivityUpdate], organisation_id: int
) -> Filing:
    for filing in known:
        update = updates.get(filing.id)
        if ((update and update.move_to) or filing.organisation_id) == organisation_id:
            return filing
    raise Refused(phrases.NOT_THERE.english, code="NotFiledThere")


def check_opportunity(tx: Tx, organisation_id: int, opportunity_id: int | None) -> None:
    """Raise Refused unless a mail of this Organisation can be filed under the Opportunity."""
    if opportunity_id is None:
        return
    is_id = 0 < opportunity_id <= _LARGEST_ID
    chosen = opportunities.by_id(tx, [opportunity_id]).get(opportunity_id) if is_id else None
    if chosen is None or chosen.organisation_id != organisation_id:
        raise Refused(phrases.FOREIGN_OPPORTUNITY.english, code="ForeignOpportunity")
    if not chosen.is_open:
        raise Refused(phrases.CLOSED_OPPORTUNITY.english, code="ClosedOpportunity")
