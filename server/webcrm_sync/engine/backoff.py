"""Pauses a mailbox or webCRM after an error. The pause grows with each error in a row."""

from __future__ import annotations

from webcrm_sync.core.errors import AccessLost, LoginRefused, Refused, SyncError, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.store import companies, mailboxes
from webcrm_sync.store.items import transitions
from webcrm_sync.store.mailboxes import Mailbox

#: Lost access counts as this many attempts: a licence or permission rarely returns within minutes.
ACCESS_RETRY_ATTEMPTS = 9


def back_off_mailbox(
    context: Context, box: Mailbox, error: SyncError, *, made_progress: bool = False
) -> None:
    """Pause all work on the mailbox; it resumes by itself.

    `made_progress`: restart the back-off from its shortest delay. Otherwise occasional errors would
    slow a busy mailbox down more and more.
    """
    attempts = 0 if made_progress else box.attempts
    if isinstance(error, AccessLost):
        attempts = max(attempts, ACCESS_RETRY_ATTEMPTS)
    not_before = error.retry_at if isinstance(error, TryLater) else None
    trouble = _sentence(error)
    with context.begin() as tx:
        until = next_attempt_at(tx.now, attempts, not_before=not_before)
        is_there = mailboxes.pause(tx, box.id, until=until, trouble=trouble, attempts=attempts + 1)
        if is_there and trouble != box.trouble:
            tx.record_event(EventKind.MAILBOX_PAUSED, mailbox_id=box.id, trouble=trouble)


def back_off_webcrm(context: Context, error: SyncError, *, made_progress: bool = False) -> None:
    """Pause all calls to webCRM; filing resumes by itself. A refusal parks all mails under way.

    `made_progress`: as in `back_off_mailbox`.
    """
    not_before = error.retry_at if isinstance(error, TryLater) else None
    with context.begin() as tx:
        company = companies.read_company(tx)
        attempts = 0 if made_progress else company.webcrm_attempts
        until = next_attempt_at(tx.now, attempts, not_before=not_before)
        companies.update_company(
            tx,
            webcrm_due_at=until,
            webcrm_attempts=attempts + 1,
            webcrm_trouble=str(error),
        )
        if isinstance(error, Refused | LoginRefused):
            transitions.park_all(tx, Reason.WEBCRM_CLOSED, detail=str(error), retry_at=until)


def resume_webcrm(context: Context) -> None:
    """End the pause after webCRM has answered. Idempotent."""
    with context.begin() as tx:
        if companies.read_company(tx).webcrm_attempts:
            companies.update_company(tx, webcrm_due_at=None, webcrm_attempts=0, webcrm_trouble=None)


def _sentence(error: SyncError) -> str:
    if isinstance(error, AccessLost):
        return (
            "Outlook does not let the application into this mailbox. "
            "Check its licence and the application's permission for it. "
            f"({error.code or error})"
        )
    if error.code.casefold() == "errorquotaexceeded":
        return "The mailbox is full. Free some space in it: work resumes by itself."
    return str(error)
