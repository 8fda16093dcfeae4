"""Pauses a mailbox, or webCRM, after an error; the pause grows with each error in a row."""

from __future__ import annotations

from webcrm_sync.core.errors import AccessLost, LoginRefused, Refused, SyncError, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.store import companies, mailboxes
from webcrm_sync.store.items import transitions
from webcrm_sync.store.mailboxes import Mailbox

#: How soon a mailbox that lost its licence or our permission is asked again.
ACCESS_RETRY_ATTEMPTS = 9


def back_off_mailbox(
    context: Context, box: Mailbox, error: SyncError, *, made_progress: bool = False
) -> None:
    """Close the mailbox's gate: everything about it waits and goes on by itself.

    `made_progress`: restart from the shortest delay. A call that fails now and then must not make
    a busy mailbox wait longer and longer.
    """
    attempts = 0 if made_progress else box.attempts
    if isinstance(error, AccessLost):
        attempts = max(attempts, ACCESS_RETRY_ATTEMPTS)
    asked = error.retry_at if isinstance(error, TryLater) else None
    trouble = _sentence(error)
    with context.begin() as tx:
        until = next_attempt_at(tx.now, attempts, not_before=asked)
        is_there = mailboxes.pause(tx, box.id, until=until, trouble=trouble, attempts=attempts + 1)
        if is_there and trouble != box.trouble:
            tx.record_event(EventKind.MAILBOX_PAUSED, mailbox_id=box.id, trouble=trouble)


def back_off_webcrm(context: Context, error: SyncError) -> None:
    """Close the gate to webCRM: everything that is to be filed waits and goes on by itself."""
    asked = error.retry_at if isinstance(error, TryLater) else None
    with context.begin() as tx:
        company = companies.read_company(tx)
        attempts = company.webcrm_attempts
        until = next_attempt_at(tx.now, attempts, not_before=asked)
        companies.update_company(
            tx,
            webcrm_due_at=until,
            webcrm_attempts=attempts + 1,
            webcrm_trouble=str(error),
        )
        if isinstance(error, Refused | LoginRefused):
            transitions.park_all(tx, Reason.WEBCRM_CLOSED, detail=str(error), retry_at=until)


def resume_webcrm(context: Context) -> None:
    """WebCRM answers: its trouble is over."""
    with context.begin() as tx:
        if companies.read_company(tx).webcrm_attempts:
            companies.update_company(tx, webcrm_due_at=None, webcrm_attempts=0, webcrm_trouble=None)


def _sentence(error: SyncError) -> str:
    if isinstance(error, AccessLost):
        return (
            "Outlook does not let the application at this mailbox. "
            "Check its licence and the application's permission for it. "
            f"({error.code or error})"
        )
    if error.code.casefold() == "errorquotaexceeded":
        return "The mailbox is full. Make room in it: work goes on by itself."
    return str(error)
