"""What an answer of webCRM means for a filing and the copies of its mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.store import directory, emails, filings, incident_records
from webcrm_sync.store.database import Tx
from webcrm_sync.store.events import NewEvent
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions
from webcrm_sync.store.items.locks import lock_copies_of
from webcrm_sync.store.schedule import NEVER

#: The vendor says that creates can fail by bad luck and that trying again helps.
_TRIES = 4
#: By then it was sent alone, see `send`: a bulk of 50 goes in parts of 13, 4 and 1.
_UNANSWERED_TRIES = 5
#: What is parked is tried again now and then: the cure may have come from elsewhere.
PARKED_RETRY = timedelta(hours=1)


def filed(tx: Tx, told: Iterable[tuple[Filing, int]]) -> None:
    """WebCRM has told the ids of these filings' Activities."""
    told = list(told)
    news = filings.record_activities(tx, {f.id: i for f, i in told})
    tx.record_events(
        NewEvent(
            EventKind.FILED, None, f.email_id, {"organisation": f.organisation_id, "activity": i}
        )
        for f, i in told
        if f.id in news
    )


def completed(tx: Tx, filing_ids: Sequence[int]) -> None:
    """Nothing is left to be written of these filings: their mails' copies are filed."""
    done = filings.complete(tx, filing_ids)
    if done:
        lock_copies_of(tx, done)
        transitions.mark_filed(tx, done)
        transitions.promote_excluded(tx, done)
        emails.forget_contents(tx, done)


def rejected(tx: Tx, filing: Filing, message: str) -> None:
    """WebCRM said no to this one: a few more tries, then a person must act."""
    attempts = filing.attempts + 1
    if attempts < _TRIES:
        again = next_attempt_at(tx.now, filing.attempts)
        values = {"attempts": attempts, "last_error": message}
        filings.retry(tx, [filing.id], due_at=again, intent_at=None, **values)
        return
    park(tx, filing, Reason.REFUSED_BY_WEBCRM, message)


def without_person(tx: Tx, filing: Filing) -> None:
    """WebCRM has no such Person any more: it is filed under the Organisation alone, at once."""
    assert filing.person_id is not None
    directory.forget_person(tx, filing.person_id)
    filings.retry(tx, [filing.id], due_at=tx.now, intent_at=None, person_id=None)


def schedule_resend(tx: Tx, filing: Filing) -> None:
    """What went unanswered was not written: it is sent again, less and less often.

    Not so while something unforeseen holds its mail back.
    """
    if incident_records.is_mail_held(tx, filing.email_id):
        filings.retry_look(tx, filing, due_at=NEVER, intent_at=None, looks=0)
    elif filing.attempts < _UNANSWERED_TRIES:
        again = next_attempt_at(tx.now, filing.attempts) if filing.attempts > 1 else tx.now
        filings.retry_look(tx, filing, due_at=again, intent_at=None, looks=0)
    elif filings.retry_look(tx, filing, due_at=tx.now, intent_at=None, looks=0):
        park(tx, filing, Reason.REFUSED_BY_WEBCRM, "webCRM gave no clear answer, several times.")


def park(tx: Tx, filing: Filing, reason: Reason, detail: str) -> None:
    """Show the mail's copies as not synced, with what a person should do."""
    filings.retry(tx, [filing.id], due_at=tx.now + PARKED_RETRY, intent_at=None, last_error=detail)
    if transitions.park(tx, filing.email_id, reason, detail):
        tx.record_event(
            EventKind.PARKED, email_id=filing.email_id, reason=reason.value, detail=detail
        )
