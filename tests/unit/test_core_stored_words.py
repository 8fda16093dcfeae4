"""Values that the database and the queue hold: a changed value would orphan stored rows."""

from __future__ import annotations

from enum import StrEnum

import pytest

from webcrm_sync.core.alerts import Channel, Moment
from webcrm_sync.core.along import TextPart
from webcrm_sync.core.direction import Direction
from webcrm_sync.core.events import FACTS, EventKind
from webcrm_sync.core.jobs import ClockJob, Job, Queue
from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.core.message import MessageKind
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind

STORED: dict[type[StrEnum], list[str]] = {
    TextPart: ["none", "new", "new or all", "whole"],
    State: [
        "found",
        "matched",
        "filed",
        "synced",
        "waiting",
        "parked",
        "skipped",
        "mirrored",
    ],
    Reason: [
        "no contact",
        "ambiguous",
        "private",
        "refused by webcrm",
        "webcrm closed",
        "unknown label",
        "unreadable attachment",
        "refused by outlook",
        "unforeseen",
        "only colleagues",
        "no address",
        "never list",
        "meeting request",
        "meeting answer",
        "meeting cancellation",
        "meeting notice",
        "draft",
        "synced before",
        "removed in webcrm",
        "moved out",
        "deleted",
    ],
    EventKind: [
        "found",
        "matched",
        "filed",
        "synced",
        "waiting",
        "parked",
        "skipped",
        "mirrored",
        "moved in",
        "moved out",
        "deleted",
        "pressed",
        "asked for",
        "chosen",
        "along chosen",
        "place added",
        "place taken away",
        "place moved",
        "moved",
        "removed in webcrm",
        "taken back",
        "withdrawn",
        "filed again",
        "not changed",
        "left out",
        "customer created",
        "customer refused",
        "opportunity chosen",
        "opportunity set",
        "opportunity left out",
        "opportunity changed",
        "taken over",
        "rebuilt",
        "mailbox added",
        "mailbox waits",
        "mailbox answers again",
        "mailbox paused",
        "mailbox resumed",
        "folder found",
        "folder made",
        "folder is gone",
        "folder is read anew",
        "mail could not be read",
        "push is on",
        "push is off",
        "mirror written",
        "mirror refused",
        "another installation works on the mailbox",
        "mailbox was taken over",
    ],
    Job: [
        "discover",
        "read on",
        "poll",
        "mark",
        "keep",
        "match",
        "file",
        "mirror",
        "directory",
        "create customers",
        "prove mailbox",
        "prove webcrm",
        "housekeeping",
        "follow groups",
        "send alerts",
    ],
    ClockJob: [
        "tick",
        "rescue",
        "sweep",
        "night",
    ],
    Queue: [
        "sync",
        "floods",
        "match",
        "webcrm",
        "clock",
    ],
    Direction: [
        "inbound",
        "outbound",
    ],
    MatchedBy: [
        "contact",
        "domain",
        "chosen by a person",
        "without an Organisation",
    ],
    Place: [
        "inbox",
        "sent",
        "root",
    ],
    MessageKind: [
        "mail",
        "meeting",
        "meeting answer",
        "meeting cancellation",
        "meeting notice",
    ],
    TroubleKind: [
        "worker",
        "webcrm",
        "entra",
        "key",
        "disk",
        "mailbox",
        "silent mailbox",
        "late mail",
        "push",
        "subscription",
        "label",
        "proof",
        "job",
        "leaver",
        "followed group",
        "client secret",
        "client certificate",
        "tls certificate",
    ],
    Severity: [
        "warning",
        "critical",
    ],
    Moment: [
        "opened",
        "spread",
        "ended",
        "test",
    ],
    Channel: [
        "mail",
        "webhook",
    ],
}


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_stored_words_never_change(kind: type[StrEnum]) -> None:
    assert [member.value for member in kind] == STORED[kind]


def test_stored_names_of_facts_never_change() -> None:
    assert set().union(*FACTS.values()) == {
        "activity",
        "anew",
        "by",
        "by_mailbox",
        "candidates",
        "detail",
        "is_shared",
        "opportunity",
        "organisation",
        "organisations",
        "place",
        "reason",
        "took_s",
        "trouble",
        "way",
    }


ARRIVAL = {"place", "way", "reason"}
DECISION = {"reason", "organisations", "candidates"}


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (EventKind.FOUND, ARRIVAL),
        (EventKind.MIRRORED, ARRIVAL),
        (EventKind.MATCHED, DECISION),
        (EventKind.WAITING, DECISION),
        (EventKind.PARKED, DECISION),
        (EventKind.SKIPPED, DECISION),
        (EventKind.SKIPPED, ARRIVAL),  # a mail may be skipped as soon as it is found
        (EventKind.FILED, {"organisation", "activity"}),
        (EventKind.FILED, DECISION),
    ],
)
def test_an_event_of_a_state_carries_how_the_mail_got_there(
    kind: EventKind, facts: set[str]
) -> None:
    assert facts <= FACTS[kind]
