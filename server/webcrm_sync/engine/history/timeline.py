"""The timeline of a mail: what `explain` prints and the pane shows."""

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
    opportunity_id,
    organisation_ids,
    organisation_name,
    read_facts,
)
from webcrm_sync.engine.pane.mail_lookup import CurrentUser, MailRef, locate_one
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.store import (
    directory,
    emails,
    events,
    filings,
    mailboxes,
    new_customers,
    opportunities,
    sync_requests,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.events import Event
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.item import Item

#: How the pane names a state that has a reason.
_STATE_NAMES = {
    State.WAITING: "Waiting for a contact",
    State.PARKED: "Needs your decision",
    State.SKIPPED: "Not synced",
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event. `mailbox_id`: where it happened, None = it concerns the mail itself."""

    at: datetime
    kind: str
    sentence: str
    facts: EventFacts
    mailbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class CopyTimeline:
    """The present state of one copy, and the sentence about it."""

    mailbox: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that the tables hold about one mail.

    `activities`: the Organisation's name by the Activity's id. `lines`: oldest first.
    """

    message_id: str | None
    subject: str
    direction: str
    copies: tuple[CopyTimeline, ...]
    activities: Mapping[int, str]
    lines: tuple[TimelineEntry, ...]


def read_timelines(context: Context, message_id: str) -> Sequence[Timeline]:
    """The timeline of each mail with this Message-ID; empty if there is no such mail."""
    with context.begin() as tx:
        addresses = {box.id: box.address for box in mailboxes.all_mailboxes(tx)}
        return [
            _read_timeline(tx, email, addresses) for email in emails.find_emails(tx, message_id)
        ]


def _read_timeline(tx: Tx, email: Email, addresses: Mapping[int, str]) -> Timeline:
    history = events.of_email(tx.connection, email.id)
    filed = filings.of_emails(tx, [email.id])[email.id]
    named = {i for event in history for i in organisation_ids(event)}
    names = directory.organisation_names(tx, named | {f.organisation_id for f in filed})
    return Timeline(
        message_id=email.message_id,
        subject=email.subject,
        direction=email.direction.value,
        copies=tuple(
            CopyTimeline(addresses[item.mailbox_id], item.state, _item_sentence(item, filed, names))
            for item in lookup.items_of_email(tx, email.id)
        ),
        activities={f.activity_id: _organisation(f, names) for f in filed if f.activity_id},
        lines=tuple(_entries(tx, email, history, names, addresses)),
    )


def read_own_timeline(
    context: Context, user: CurrentUser, ref: MailRef
) -> tuple[Sequence[TimelineEntry], float | None]:
    """The events of a mail that its owner may see, and how many seconds the sync took.

    Leaves out what happened in a colleague's mailbox. Raises Gone.
    """
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    with context.begin() as tx:
        item = lookup.known_items(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
        if item is None:
            return (), None
        email = emails.emails_by_id(tx, [item.email_id])[item.email_id]
        history = events.of_email(tx.connection, email.id)
        named = {i for event in history for i in organisation_ids(event)}
        names = directory.organisation_names(tx, named)
        entries = _entries(tx, email, history, names, {user.box.id: user.box.address})
    own = [entry for entry in entries if entry.mailbox_id in {None, user.box.id}]
    return own, shown.took_seconds


def _entries(
    tx: Tx,
    email: Email,
    history: Sequence[Event],
    names: Mapping[int, str],
    addresses: Mapping[int, str],
) -> Sequence[TimelineEntry]:
    """The events and the presses of the button, oldest first."""
    labels = _opportunity_labels(tx, history)
    entries = [
        _entry(
            event.at,
            event.kind,
            read_facts(event, names, labels),
            event.mailbox_id,
            addresses.get(event.mailbox_id or 0, ""),
        )
        for event in history
    ]
    entries += _customer_entries(tx, email)
    entries += [
        _entry(
            request.requested_at,
            EventKind.BUTTON_PRESSED,
            EventFacts(by=request.by),
            mailbox_id,
            "",
        )
        for mailbox_id, request in sync_requests.requests_of_email(tx, email.id)
    ]
    return sorted(entries, key=lambda entry: entry.at)


def _opportunity_labels(tx: Tx, history: Sequence[Event]) -> Mapping[int, str]:
    ids = [i for i in map(opportunity_id, history) if i is not None]
    if not ids:
        return {}
    return {i: one.label for i, one in opportunities.by_id(tx, ids).items()}


def _customer_entries(tx: Tx, email: Email) -> list[TimelineEntry]:
    """The customers that people created from the mail, or that webCRM did not take."""
    entries = []
    for one in new_customers.ended_of_email(tx, email.id):
        if one.refusal is not None:
            facts = EventFacts(by=one.by, detail=one.refusal)
            kind, at = EventKind.CUSTOMER_REFUSED, one.requested_at
        else:
            organisation_id = one.organisation_id or 0
            named = directory.organisation_names(tx, [organisation_id])
            name = organisation_name(organisation_id, named)
            facts = EventFacts(by=one.by, organisations=(name,))
            kind, at = EventKind.CUSTOMER_CREATED, one.completed_at or one.requested_at
        entries.append(_entry(at, kind, facts, one.key.mailbox_id, ""))
    return entries


def _entry(
    at: datetime, kind: str, facts: EventFacts, mailbox_id: int | None, mailbox: str
) -> TimelineEntry:
    return TimelineEntry(at, kind, event_sentence(kind, facts, mailbox), facts, mailbox_id)


def _item_sentence(item: Item, filed: Sequence[Filing], names: Mapping[int, str]) -> str:
    """The state of one copy. A copy that left the folder may leave its mail in webCRM."""
    if item.reason is not Reason.MOVED_OUT:
        return copy_sentence(item.state, item.reason, item.detail)
    in_webcrm = [f for f in filed if f.activity_id is not None and not f.is_removed]
    if any(not f.is_withdrawn for f in in_webcrm):
        return "In webCRM; this copy is not marked"
    if not in_webcrm:
        return copy_sentence(item.state, item.reason, item.detail)
    organisations = ", ".join(_organisation(f, names) for f in in_webcrm)
    entry = "an empty entry" if len(in_webcrm) == 1 else "empty entries"
    return f"Not in webCRM any more. webCRM keeps {entry} marked withdrawn at {organisations}."


def _organisation(filing: Filing, names: Mapping[int, str]) -> str:
    return organisation_name(filing.organisation_id, names) or "no Organisation"


def copy_sentence(state: State, reason: Reason | None, detail: str | None) -> str:
    """The state of a copy, in the words of the pane."""
    match state:
        case State.SYNCED:
            return "In webCRM"
        case State.MIRRORED:
            return "Sent from webCRM"
        case _ if reason is not None:
            name = _STATE_NAMES.get(state, "In webCRM, but not marked in Outlook")
            more = f" ({detail})" if detail else ""
            return f"{name}. {SENTENCES[reason]}{more}"
        case _:
            return "On its way to webCRM"
