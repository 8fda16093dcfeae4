"""The states of an item, their transitions, and the reasons for them in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from webcrm_sync.core.categories import Mark
from webcrm_sync.core.message import MessageKind


class State(StrEnum):
    """The state of an item on its way to webCRM."""

    FOUND = "found"
    MATCHED = "matched"
    FILED = "filed"
    SYNCED = "synced"
    WAITING = "waiting"
    PARKED = "parked"
    SKIPPED = "skipped"
    MIRRORED = "mirrored"

    @property
    def is_end(self) -> bool:
        """True if the item only changes when something outside changes."""
        return self not in UNDER_WAY


#: The product is working on the item.
UNDER_WAY = frozenset({State.FOUND, State.MATCHED, State.FILED})
#: The item is not filed, and no write to webCRM is possibly under way.
UNSETTLED = frozenset({State.FOUND, State.MATCHED, State.WAITING, State.PARKED})
#: The mail is in webCRM.
IN_WEBCRM = frozenset({State.FILED, State.SYNCED, State.MIRRORED})

#: The states that may follow each state; None = the item is new. `docs/architecture.md` draws this
#: table.
TRANSITIONS: Mapping[State | None, frozenset[State]] = {
    None: frozenset({State.FOUND, State.MIRRORED, State.SKIPPED, State.PARKED}),
    State.FOUND: frozenset(
        {State.MATCHED, State.WAITING, State.PARKED, State.SKIPPED, State.FILED}
    ),
    State.MATCHED: frozenset({State.FILED, State.PARKED, State.SKIPPED, State.FOUND}),
    State.WAITING: frozenset({State.FOUND, State.MATCHED, State.FILED, State.SKIPPED}),
    State.PARKED: frozenset({State.FOUND, State.MATCHED, State.FILED, State.SKIPPED}),
    State.SKIPPED: frozenset({State.FOUND, State.FILED}),
    State.FILED: frozenset({State.SYNCED, State.SKIPPED}),
    State.SYNCED: frozenset({State.SKIPPED}),
    State.MIRRORED: frozenset(),
}


class Reason(StrEnum):
    """Why an item waits, is parked or skipped."""

    NO_CONTACT = "no contact"
    AMBIGUOUS = "ambiguous"
    PRIVATE = "private"
    REFUSED_BY_WEBCRM = "refused by webcrm"
    WEBCRM_CLOSED = "webcrm closed"
    UNKNOWN_LABEL = "unknown label"
    UNREADABLE_ATTACHMENT = "unreadable attachment"
    REFUSED_BY_OUTLOOK = "refused by outlook"
    UNFORESEEN = "unforeseen"
    ONLY_COLLEAGUES = "only colleagues"
    NO_ADDRESS = "no address"
    NEVER_LIST = "never list"
    MEETING_REQUEST = "meeting request"
    MEETING_ANSWER = "meeting answer"
    MEETING_CANCELLATION = "meeting cancellation"
    MEETING_NOTICE = "meeting notice"
    DRAFT = "draft"
    SYNCED_BEFORE = "synced before"
    REMOVED_IN_WEBCRM = "removed in webcrm"
    MOVED_OUT = "moved out"
    DELETED = "deleted"


#: A copy skipped for one of these reasons is synced after all once its mail is filed: a person
#: filed it, or another copy named a customer.
OVERRULED = frozenset({Reason.ONLY_COLLEAGUES, Reason.NO_ADDRESS, Reason.REMOVED_IN_WEBCRM})

#: The reason to skip each kind of message that is not a mail.
NO_MAIL: dict[MessageKind, Reason] = {
    MessageKind.MEETING: Reason.MEETING_REQUEST,
    MessageKind.MEETING_ANSWER: Reason.MEETING_ANSWER,
    MessageKind.MEETING_CANCELLATION: Reason.MEETING_CANCELLATION,
    MessageKind.MEETING_NOTICE: Reason.MEETING_NOTICE,
}

#: One or two plain sentences for each reason: what happened, then what to do. The pane uses the
#: same words.
SENTENCES: dict[Reason, str] = {
    Reason.NO_CONTACT: (
        "None of its addresses is a contact in webCRM. "
        "Will be filed automatically once webCRM knows one of them."
    ),
    Reason.AMBIGUOUS: (
        "Its address belongs to several Organisations in webCRM. Choose the right one."
    ),
    Reason.PRIVATE: (
        "This mail is marked private, and a rule moved it here. "
        "Sync it, or take it out of the folder."
    ),
    Reason.REFUSED_BY_WEBCRM: "webCRM did not accept this mail. See the details and try again.",
    Reason.WEBCRM_CLOSED: (
        "webCRM denies access. Ask your administrator to renew it. "
        "The mail syncs automatically afterwards."
    ),
    Reason.UNKNOWN_LABEL: (
        "webCRM does not know the label for e-mails. "
        "Ask your administrator to add it in webCRM or choose another in the settings."
    ),
    Reason.UNREADABLE_ATTACHMENT: "An attachment could not be read. See the details and try again.",
    Reason.REFUSED_BY_OUTLOOK: "Outlook did not accept the change. See the details and try again.",
    Reason.UNFORESEEN: (
        "Something went wrong with this mail only. Try again; the next update also tries again."
    ),
    Reason.ONLY_COLLEAGUES: "Only colleagues are on this mail.",
    Reason.NO_ADDRESS: "This mail has no address of a sender or recipient.",
    Reason.NEVER_LIST: "An address on this mail is on the list of addresses never to sync.",
    Reason.MEETING_REQUEST: "A meeting request, not a mail.",
    Reason.MEETING_ANSWER: "A reply to a meeting request, not a mail.",
    Reason.MEETING_CANCELLATION: "A meeting cancellation, not a mail.",
    Reason.MEETING_NOTICE: "A notice about a meeting, not a mail.",
    Reason.DRAFT: "A draft. Can be synced once it is sent.",
    Reason.SYNCED_BEFORE: "Was marked Synced before webCRM mail sync was set up. Left as it is.",
    Reason.REMOVED_IN_WEBCRM: (
        "Was deleted in webCRM. File it anyway, or move it out of the folder and back in."
    ),
    Reason.MOVED_OUT: "Was moved out of the folder before it was synced.",
    Reason.DELETED: "Was deleted before it was synced.",
}

#: Copies that stay untouched: those from before the product, and those that are gone.
_UNMARKED = {Reason.SYNCED_BEFORE, Reason.DELETED}


def mark_for(state: State, reason: Reason | None, *, is_here: bool = True) -> Mark | None:
    """The categories for a copy in this state, None = leave the copy unchanged.

    `is_here`: the copy is in a sync folder. Outside of one no copy says "Not synced".

    >>> mark_for(State.WAITING, Reason.NO_CONTACT)
    <Mark.NOT_SYNCED: ('webCRM sync', 'Not synced')>
    """
    if state in IN_WEBCRM:
        return Mark.SYNCED
    is_left_alone = state is State.SKIPPED and reason in _UNMARKED
    if state not in {State.WAITING, State.PARKED, State.SKIPPED} or is_left_alone:
        return None
    return Mark.NOT_SYNCED if is_here and reason is not Reason.MOVED_OUT else Mark.NONE
