"""Says why a mailbox could not be added, and what to do about it."""

from __future__ import annotations

from webcrm_sync.core.errors import (
    AccessLost,
    Gone,
    LoginRefused,
    Refused,
    SyncError,
    TryLater,
    Unclear,
)
from webcrm_sync.engine.mailboxes.bulk import MAILBOX_FULL, CalledOff

#: Codes of a user without a mailbox (Microsoft Graph: errors).
_NO_MAILBOX = {"mailboxnotenabledforrestapi", "resourcenotfound", "errorinvaliduser"}


def explain_failure(error: SyncError) -> str:
    """One or two sentences: what happened, and what to do next."""
    match error:
        case Gone():
            return "There is no such mailbox in this tenant. Check the spelling."
        case AccessLost():
            return _explain_access(error)
        case LoginRefused() | CalledOff():
            return str(error)
        case TryLater(code=code) if code.casefold() == MAILBOX_FULL:
            return "The mailbox is full. Free some space in it and add it again."
        case TryLater() | Unclear():
            return (
                f"Microsoft Graph does not answer ({_bare(error)}). Run the command again later: it"
                " continues with what is missing."
            )
        case Refused(code="") | Refused(code="NoUserRead"):
            return str(error)
        case _:
            return f"Microsoft Graph refuses ({_bare(error)}). Run `webcrm-sync doctor`."


def _explain_access(error: AccessLost) -> str:
    if error.code.casefold() in _NO_MAILBOX:
        return (
            "The user has no mailbox. Assign a licence with Exchange Online, wait until the"
            " mailbox exists, and add it again."
        )
    return (
        "Exchange does not let the application into this mailbox. Add it to the group of the"
        " management scope, wait up to two hours, and add it again."
    )


def _bare(error: SyncError) -> str:
    return str(error).rstrip(".")
