"""The story of a mail, in sentences: what `explain` prints and the pane's timeline shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.states import SENTENCES, Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.history.event_text import (
    EventFacts,
    event_sentence,
    organisation_ids,
    organisation_name,
    read_facts,
)
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, MailRef, locate_one
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.store import directory, emails, events, filings, mailboxes, sync_requests
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email, Item
from webcrm_sync.store.events import Event
from webcrm_sync.store.filings import Filing

#: The pane's sentence for a state that has a reason.
_HEADS = {
    State.WAITING: "Waiting for a contact",
    State.PARKED: "Needs your decision",
    State.SKIPPED: "Not synced",
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event as a sentence. `kind`: the event's name; `mailbox_id` None = of the mail itself."""

    at: datetime
    kind: str
    sentence: str
    facts: EventFacts
    mailbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class CopyTimeline:
    """Where one copy stands."""

    mailbox: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything there is to say about one mail."""

    message_id: str | None
    subject: str
    direction: str
    copies: tuple[CopyTimeline, ...]
    activities: Mapping[int, str]
    lines: tuple[TimelineEntry, ...]


def read_timelines(context: Context, message_id: str) -> Sequence[Timeline]:
    """The stories of every mail with this Message-ID; empty when none was met."""
    with context.begin() as tx:
        boxes = {box.id: box.address for box in mailboxes.all_mailboxes(tx)}
        return [_story(tx, email, boxes) for email in emails.find_emails(tx, message_id)]


def _story(tx: Tx, email: Email, boxes: Mapping[int, str]) -> Timeline:
    told = events.of_email(tx.connection, email.id)
    filed = filings.of_emails(tx, [email.id])[email.id]
    mentioned = {i for t in told for i in organisation_ids(t)}
    names = directory.organisation_names(tx, mentioned | {f.organisation_id for f in filed})
    return Timeline(
        message_id=email.message_id,
        subject=email.subject,
        direction=email.direction.value,
        copies=tuple(
            CopyTimeline(boxes[c.mailbox_id], c.state, _copy_sentence(c, filed, names))
            for c in emails.items_of_email(tx, email.id)
        ),
        activities={
            f.activity_id: organisation_name(f.organisation_id, names) or "no Organisation"
            for f in filed
            if f.activity_id
        },
        lines=tuple(_lines(tx, email, told, names, boxes)),
    )


def read_own_timeline(
    context: Context, user: CurrentUser, ref: MailRef
) -> tuple[Sequence[TimelineEntry], float | None]:
    """The story of a mail as its owner may read it, and how long it took to be synced.

    What happened in a colleague's mailbox is left out. Raises Gone.
    """
    pointed = locate_one(context, user, ref)
    (state,) = read_statuses(context, user, [pointed])
    with context.begin() as tx:
        item = emails.known_items(tx, user.box.id, [pointed.graph_id]).get(pointed.graph_id)
        if item is None:
            return (), None
        email = sync_requests.emails_by_id(tx, [item.email_id])[item.email_id]
        told = events.of_email(tx.connection, email.id)
        mentioned = {i for t in told for i in organisation_ids(t)}
        names = directory.organisation_names(tx, mentioned)
        lines = _lines(tx, email, told, names, {user.box.id: user.box.address})
    own = [line for line in lines if line.mailbox_id in {None, user.box.id}]
    return own, state.took_seconds


def _lines(
    tx: Tx,
    email: Email,
    told: Sequence[Event],
    names: Mapping[int, str],
    boxes: Mapping[int, str],
) -> Sequence[TimelineEntry]:
    """The events and the presses of the button, in the order in which they happened."""
    lines = [
        _line(
            t.at,
            t.kind,
            read_facts(t, names),
            t.mailbox_id,
            boxes.get(t.mailbox_id or 0, ""),
        )
        for t in told
    ]
    lines += [
        _line(p.pressed_at, EventKind.BUTTON_PRESSED, EventFacts(by=p.by), mailbox_id, "")
        for mailbox_id, p in sync_requests.requests_of_email(tx, email.id)
    ]
    return sorted(lines, key=lambda line: line.at)


def _line(
    at: datetime, kind: str, facts: EventFacts, mailbox_id: int | None, mailbox: str
) -> TimelineEntry:
    return TimelineEntry(at, kind, event_sentence(kind, facts, mailbox), facts, mailbox_id)


def _copy_sentence(copy: Item, filed: Sequence[Filing], names: Mapping[int, str]) -> str:
    """How one copy stands; one that left the folder may leave its mail in webCRM."""
    if copy.reason is not Reason.MOVED_OUT:
        return copy_sentence(copy.state, copy.reason, copy.detail)
    there = [f for f in filed if f.activity_id is not None and not f.is_removed]
    if any(not f.is_withdrawn for f in there):
        return "In webCRM; this copy is not marked"
    if not there:
        return copy_sentence(copy.state, copy.reason, copy.detail)
    places = ", ".join(
        organisation_name(f.organisation_id, names) or "no Organisation" for f in there
    )
    entry = "an empty entry" if len(there) == 1 else "empty entries"
    return f"Not in webCRM any more. webCRM keeps {entry} marked withdrawn at {places}."


def copy_sentence(state: State, reason: Reason | None, detail: str | None) -> str:
    """Where a copy stands, in the pane's words."""
    match state:
        case State.SYNCED:
            return "In webCRM"
        case State.MIRRORED:
            return "Sent from webCRM"
        case _ if reason is not None:
            head = _HEADS.get(state, "In webCRM, but not marked in Outlook")
            more = f" ({detail})" if detail else ""
            return f"{head}. {SENTENCES[reason]}{more}"
        case _:
            return "On its way to webCRM"
