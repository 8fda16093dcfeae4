"""What each answer of webCRM does to a filing and to the copies of its mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from webcrm_sync.core import phrases
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing import activity_opportunity
from webcrm_sync.store import directory, emails, filings, incident_records
from webcrm_sync.store.database import Tx
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions
from webcrm_sync.store.items.locks import lock_company, lock_copies_of
from webcrm_sync.store.schedule import NEVER

#: Tries before a person must act. The vendor says that creates can fail at random and that a
#: retry helps.
_MAX_REFUSALS = 4
#: By then the filing was sent alone: `submit.send_suspects` splits 50 drafts into groups of 13,
#: 4 and 1.
_MAX_UNANSWERED = 5
#: Retry a parked filing this often: somebody may have removed the cause.
PARKED_RETRY = timedelta(hours=1)


def filed(tx: Tx, created: Iterable[tuple[Filing, int]]) -> None:
    """Save the ids of these filings' Activities. Idempotent."""
    created = list(created)
    new_ids = filings.record_activities(tx, {f.id: i for f, i in created})
    tx.record_events(
        NewEvent(
            EventKind.FILED, None, f.email_id, {"organisation": f.organisation_id, "activity": i}
        )
        for f, i in created
        if f.id in new_ids
    )


def completed(tx: Tx, filing_ids: Sequence[int]) -> None:
    """Complete these filings; copies whose mail has no other open filing become FILED."""
    _finish(tx, filings.complete(tx, filing_ids))


def _finish(tx: Tx, email_ids: Sequence[int]) -> None:
    """File the copies of these mails, which have no open filing."""
    if email_ids:
        lock_copies_of(tx, email_ids)
        transitions.mark_filed(tx, email_ids)
        transitions.promote_excluded(tx, email_ids)
        emails.forget_contents(tx, email_ids)


def drop_taken_away(context: Context, unsent: Sequence[Filing]) -> None:
    """Delete filings that a person took away while their outcome was unclear. webCRM lacks them."""
    if not unsent:
        return
    with context.begin() as tx:
        lock_company(tx)  # A person may add such a place again at this moment.
        filings.drop_withdrawn(tx, [f.id for f in unsent])
        remaining = filings.of_emails(tx, [f.email_id for f in unsent])
        is_done = {i: bool(of) and all(f.is_complete for f in of) for i, of in remaining.items()}
        _finish(tx, sorted(i for i, done in is_done.items() if done))


def rejected(tx: Tx, filing: Filing, message: str) -> None:
    """Handle webCRM's refusal: retry a few times, then park the mail for a person.

    A filing with an Opportunity is first tried again without it.
    """
    attempts = filing.attempts + 1
    if attempts < _MAX_REFUSALS:
        due_at = next_attempt_at(tx.now, filing.attempts)
        values = {"attempts": attempts, "last_error": message}
        filings.retry(tx, [filing.id], due_at=due_at, intent_at=None, **values)
        return
    if filing.opportunity_id is not None:
        activity_opportunity.leave_out(tx, filing)
        filings.retry(tx, [filing.id], due_at=tx.now, intent_at=None, attempts=0)
        return
    park(tx, filing, Reason.REFUSED_BY_WEBCRM, message)


def without_person(tx: Tx, filing: Filing) -> None:
    """File under the Organisation alone, immediately: webCRM has deleted the Person."""
    assert filing.person_id is not None
    directory.forget_person(tx, filing.person_id)
    filings.retry(tx, [filing.id], due_at=tx.now, intent_at=None, person_id=None)


def schedule_resend(tx: Tx, filing: Filing) -> None:
    """Send a filing again that webCRM does not have, with growing delays.

    A mail that is set aside after an unforeseen error is not sent again.
    """
    if incident_records.is_mail_held(tx, filing.email_id):
        filings.retry_search(tx, filing, due_at=NEVER, intent_at=None, searches=0)
    elif filing.attempts < _MAX_UNANSWERED:
        due_at = next_attempt_at(tx.now, filing.attempts) if filing.attempts > 1 else tx.now
        filings.retry_search(tx, filing, due_at=due_at, intent_at=None, searches=0)
    elif filings.retry_search(tx, filing, due_at=tx.now, intent_at=None, searches=0):
        park(tx, filing, Reason.REFUSED_BY_WEBCRM, phrases.NO_CLEAR_ANSWER.english)


def park(tx: Tx, filing: Filing, reason: Reason, detail: str) -> None:
    """Mark the mail's copies as not synced, with the reason and what a person can do."""
    filings.retry(tx, [filing.id], due_at=tx.now + PARKED_RETRY, intent_at=None, last_error=detail)
    if transitions.park(tx, filing.email_id, reason, detail):
        tx.record_event(
            EventKind.PARKED, email_id=filing.email_id, reason=reason.value, detail=detail
        )
    elif reason is Reason.REFUSED_BY_WEBCRM and filing.is_by_person:
        _give_place_up(tx, filing, detail)


def _give_place_up(tx: Tx, filing: Filing, detail: str) -> None:
    """End a place that a person added to a mail which is in webCRM already, and say so."""
    known = filings.of_emails(tx, [filing.email_id])[filing.email_id]
    if any(f.activity_id is not None and not f.is_withdrawn for f in known):
        filings.drop_unsent(tx, [filing.id])
        tx.record_event(EventKind.CHANGE_REFUSED, email_id=filing.email_id, detail=detail)
