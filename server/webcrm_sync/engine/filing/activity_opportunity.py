"""Keeps each Activity under an Opportunity of its own Organisation, or under none.

An Activity is taken off its Opportunity before it moves, and put under another one after that. So
no failure in between leaves it under an Opportunity of another Organisation (ADR 37).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from webcrm_sync.core import phrases
from webcrm_sync.core.crm import KeyedActivity
from webcrm_sync.core.errors import Gone, Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.engine.context import Context
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import filings, opportunities
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.webcrm.errors import is_forbidden
from webcrm_sync.webcrm.requests import ActivityChange

#: What a person reads in the history of a mail whose Activity cannot leave its Opportunity.
KEPT = phrases.OPPORTUNITY_KEPT.fill(setting=f"{PREFIX}WEBCRM_NO_OPPORTUNITY")
#: Tries to read an Opportunity before a mail is filed without it.
_MAX_READS = 4


def is_at(context: Context, opportunity_id: int, organisation_id: int) -> bool:
    """True if this Opportunity belongs to this Organisation in webCRM now. Raises TryLater."""
    try:
        return context.webcrm.fetch_opportunity(opportunity_id).organisation_id == organisation_id
    except (Gone, Refused):  # deleted, or this token may not read it
        return False
    except TryLater as error:
        if not is_forbidden(error):
            raise
        context.webcrm.check_login()
        return False


def clear(context: Context, activity: KeyedActivity) -> None:
    """Take an Activity off its Opportunity, and read it back. Idempotent.

    Raises Refused, with the way out, if webCRM does not do it.
    """
    if activity.opportunity_id is None:
        return
    try:
        context.webcrm.change_activity(activity.activity_id, ActivityChange(opportunity_id=0))
    except Refused as error:
        raise Refused(f"{KEPT} ({error})", code=error.code) from error
    if context.webcrm.fetch_activity(activity.activity_id).opportunity_id is not None:
        raise Refused(KEPT, code="OpportunityKept")


def move(context: Context, filing: Filing, organisation_id: int) -> int | None:
    """Move the filing's Activity without its Opportunity; the one that it has there, None = none.

    Idempotent. Only one that a person set in webCRM after the Activity was there remains. Raises
    Refused and changes nothing if webCRM keeps the Opportunity or refuses the move, and Gone.
    """
    assert filing.activity_id is not None
    before = context.webcrm.fetch_activity(filing.activity_id)
    if before.organisation_id != organisation_id:
        clear(context, before)
        _move(context, filing, before, organisation_id)
        return None
    if before.opportunity_id is None or is_at(context, before.opportunity_id, organisation_id):
        return before.opportunity_id
    clear(context, before)
    return None


def _move(context: Context, filing: Filing, before: KeyedActivity, organisation_id: int) -> None:
    """Move the Activity; if webCRM refuses, put it back under its Opportunity."""
    try:
        context.webcrm.move_activity(before.activity_id, organisation_id)
    except Refused:
        own = before.opportunity_id or filing.opportunity_id
        if own is not None and is_at(context, own, before.organisation_id):
            context.webcrm.change_activity(before.activity_id, ActivityChange(opportunity_id=own))
        raise


def put_under(context: Context, activity_id: int, opportunity_id: int | None) -> KeyedActivity:
    """Put an Activity under this Opportunity, None = under none; the Activity as it is then.

    Idempotent. It stays under what it has when the Opportunity is of another Organisation, or when
    webCRM refuses it. Raises Refused if webCRM keeps one that is to go, and Gone.
    """
    before = context.webcrm.fetch_activity(activity_id)
    if before.opportunity_id == opportunity_id:
        return before
    if opportunity_id is None:
        clear(context, before)
    elif is_at(context, opportunity_id, before.organisation_id):
        with suppress(Refused):
            change = ActivityChange(opportunity_id=opportunity_id)
            context.webcrm.change_activity(activity_id, change)
    return context.webcrm.fetch_activity(activity_id)


def record(tx: Tx, filing: Filing, opportunity_id: int | None, activity: KeyedActivity) -> None:
    """Record whether the filing's Activity has got this Opportunity, None = none."""
    is_done = activity.opportunity_id == opportunity_id
    kind = EventKind.OPPORTUNITY_SET if is_done else EventKind.OPPORTUNITY_LEFT_OUT
    opportunities.record(tx, filing.id, activity.opportunity_id, at=activity.updated_at)
    tx.record_event(
        kind,
        email_id=filing.email_id,
        organisation=activity.organisation_id,
        activity=activity.activity_id,
        opportunity=opportunity_id,
    )


def without_foreign(
    context: Context, fresh: Sequence[tuple[Filing, Email]]
) -> Sequence[tuple[Filing, Email]]:
    """These filings, each without an Opportunity that is of another Organisation by now.

    A filing whose Opportunity alone cannot be read waits, and is missing from the result. Raises
    TryLater when webCRM is in trouble.
    """
    checked = [(_check(context, filing), email) for filing, email in fresh]
    return [(filing, email) for filing, email in checked if filing is not None]


def _check(context: Context, filing: Filing) -> Filing | None:
    if filing.opportunity_id is None:
        return filing
    try:
        if is_at(context, filing.opportunity_id, filing.organisation_id):
            return filing
    except TryLater:
        context.webcrm.check_login()  # raises if webCRM is in trouble, and not this record alone
        if filing.attempts + 1 < _MAX_READS:
            _postpone(context, filing)
            return None
    with context.begin() as tx:
        leave_out(tx, filing)
    return replace(filing, opportunity_id=None)


def _postpone(context: Context, filing: Filing) -> None:
    with context.begin() as tx:
        due_at = next_attempt_at(tx.now, filing.attempts)
        filings.retry(tx, [filing.id], due_at=due_at, attempts=filing.attempts + 1)


def leave_out(tx: Tx, filing: Filing) -> None:
    """File an unsent filing without its Opportunity, and say so in the history. Idempotent."""
    assert filing.opportunity_id is not None
    if opportunities.leave_out(tx, filing.id, filing.opportunity_id):
        tx.record_event(
            EventKind.OPPORTUNITY_LEFT_OUT,
            email_id=filing.email_id,
            organisation=filing.organisation_id,
            opportunity=filing.opportunity_id,
        )
