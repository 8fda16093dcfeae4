"""The kinds of events in the history of a mail or mailbox, and the facts that each kind carries."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EventKind(StrEnum):
    """What happened. The database stores the values, so they never change."""

    # An item reached a state; the values equal those of `State`.
    FOUND = "found"
    MATCHED = "matched"
    FILED = "filed"
    SYNCED = "synced"
    WAITING = "waiting"
    PARKED = "parked"
    SKIPPED = "skipped"
    MIRRORED = "mirrored"

    # Something else happened to a mail.
    MOVED_IN = "moved in"
    MOVED_OUT = "moved out"
    DELETED = "deleted"
    BUTTON_PRESSED = "pressed"
    ASKED_AGAIN = "asked for"
    CHOSEN = "chosen"
    ALONG_CHOSEN = "along chosen"
    PLACE_ADDED = "place added"
    PLACE_REMOVED = "place taken away"
    PLACE_MOVED = "place moved"
    MOVED_IN_WEBCRM = "moved"
    REMOVED_IN_WEBCRM = "removed in webcrm"
    TAKEN_BACK = "taken back"
    WITHDRAWN = "withdrawn"
    FILED_AGAIN = "filed again"
    CHANGE_REFUSED = "not changed"
    ATTACHMENT_LEFT_OUT = "left out"
    CUSTOMER_CREATED = "customer created"
    CUSTOMER_REFUSED = "customer refused"
    OPPORTUNITY_CHOSEN = "opportunity chosen"
    OPPORTUNITY_SET = "opportunity set"
    OPPORTUNITY_LEFT_OUT = "opportunity left out"
    OPPORTUNITY_CHANGED_IN_WEBCRM = "opportunity changed"
    ADOPTED = "taken over"
    RECOVERED = "rebuilt"

    # Something happened to a mailbox.
    MAILBOX_ADDED = "mailbox added"
    MAILBOX_PAUSED = "mailbox waits"
    MAILBOX_RESUMED = "mailbox answers again"
    PAUSED_BY_ADMIN = "mailbox paused"
    RESUMED_BY_ADMIN = "mailbox resumed"
    FOLDER_FOUND = "folder found"
    FOLDER_MADE = "folder made"
    FOLDER_GONE = "folder is gone"
    FOLDER_READ_ANEW = "folder is read anew"
    MAIL_UNREADABLE = "mail could not be read"
    PUSH_ON = "push is on"
    PUSH_OFF = "push is off"
    MIRROR_CREATED = "mirror written"
    MIRROR_REFUSED = "mirror refused"
    LEASE_LOST = "another installation works on the mailbox"
    LEASE_TAKEN = "mailbox was taken over"


#: A mail reached an end: it only changes when something outside changes.
SETTLED = frozenset(
    {
        EventKind.SYNCED,
        EventKind.MIRRORED,
        EventKind.WAITING,
        EventKind.PARKED,
        EventKind.SKIPPED,
    }
)

_DECIDED = frozenset({"reason", "organisations", "candidates"})
_ARRIVED = frozenset({"place", "way", "reason"})
#: `organisations` of a moved place: from where, to where. `by_mailbox`: the person's mailbox.
_BY_PERSON = frozenset({"organisations", "by", "by_mailbox"})
_IN_WEBCRM = frozenset({"organisation", "activity"})
#: The facts that an event of each kind may carry; any of them may be missing.
FACTS: Mapping[EventKind, frozenset[str]] = {
    EventKind.FOUND: _ARRIVED,
    EventKind.MIRRORED: _ARRIVED,
    EventKind.MATCHED: _DECIDED,
    EventKind.WAITING: _DECIDED,
    EventKind.PARKED: _DECIDED | {"detail"},
    EventKind.SKIPPED: _DECIDED | _ARRIVED,
    EventKind.FILED: _IN_WEBCRM | _DECIDED,
    EventKind.SYNCED: frozenset({"took_s"}),
    EventKind.MOVED_IN: frozenset(),
    EventKind.MOVED_OUT: frozenset(),
    EventKind.DELETED: frozenset(),
    EventKind.BUTTON_PRESSED: frozenset({"by"}),
    EventKind.ASKED_AGAIN: frozenset({"by"}),
    EventKind.CHOSEN: _BY_PERSON,
    EventKind.PLACE_ADDED: _BY_PERSON,
    EventKind.PLACE_REMOVED: _BY_PERSON,
    EventKind.PLACE_MOVED: _BY_PERSON,
    EventKind.ALONG_CHOSEN: frozenset({"by"}),
    EventKind.MOVED_IN_WEBCRM: _IN_WEBCRM,
    EventKind.REMOVED_IN_WEBCRM: _IN_WEBCRM,
    EventKind.TAKEN_BACK: frozenset({"by", "is_shared"}),
    EventKind.WITHDRAWN: frozenset({"activity"}),
    EventKind.FILED_AGAIN: frozenset({"activity"}),
    EventKind.CHANGE_REFUSED: frozenset({"detail"}),
    EventKind.ATTACHMENT_LEFT_OUT: frozenset({"detail"}),
    EventKind.OPPORTUNITY_CHOSEN: frozenset({"organisation", "opportunity", "by"}),
    EventKind.OPPORTUNITY_SET: _IN_WEBCRM | {"opportunity"},
    EventKind.OPPORTUNITY_LEFT_OUT: _IN_WEBCRM | {"opportunity"},
    EventKind.OPPORTUNITY_CHANGED_IN_WEBCRM: _IN_WEBCRM | {"opportunity"},
    EventKind.CUSTOMER_CREATED: frozenset({"organisations", "by"}),
    EventKind.CUSTOMER_REFUSED: frozenset({"detail", "by"}),
    EventKind.ADOPTED: _IN_WEBCRM,
    EventKind.RECOVERED: _IN_WEBCRM,
    EventKind.MAILBOX_ADDED: frozenset(),
    EventKind.MAILBOX_PAUSED: frozenset({"trouble"}),
    EventKind.MAILBOX_RESUMED: frozenset(),
    EventKind.PAUSED_BY_ADMIN: frozenset(),
    EventKind.RESUMED_BY_ADMIN: frozenset(),
    EventKind.FOLDER_FOUND: frozenset({"place", "anew"}),
    EventKind.FOLDER_MADE: frozenset({"place", "anew"}),
    EventKind.FOLDER_GONE: frozenset({"place"}),
    EventKind.FOLDER_READ_ANEW: frozenset({"place"}),
    EventKind.MAIL_UNREADABLE: frozenset({"detail"}),
    EventKind.PUSH_ON: frozenset({"place"}),
    EventKind.PUSH_OFF: frozenset({"trouble"}),
    EventKind.MIRROR_CREATED: frozenset({"activity"}),
    EventKind.MIRROR_REFUSED: frozenset({"activity", "detail"}),
    EventKind.LEASE_LOST: frozenset({"trouble"}),
    EventKind.LEASE_TAKEN: frozenset(),
}
