"""The story of a mail, in sentences: what `explain` prints and the pane's timeline shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.states import SENTENCES, Reason, State
from webcrm_sync.engine.desk import look_at
from webcrm_sync.engine.mailref import Asker, MailRef, point_at_one
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import asked, directory, emails, events, filings, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.events import Told

#: The pane's sentence for a state that has a reason.
_HEADS = {
    State.WAITING: "Waiting for a contact",
    State.PARKED: "Not synced",
    State.SKIPPED: "Not for webCRM",
}
_PLACES = {"inbox": "under Inbox", "sent": "under Sent Items", "root": "at the mailbox's root"}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a sentence. `kind`: the event's name; `mailbox_id` None = of the mail itself."""

    at: datetime
    kind: str
    sentence: str
    mailbox_id: int | None = None


@dataclass(frozen=True, slots=True)
class CopyStory:
    """Where one copy stands."""

    mailbox: str
    state: State
    sentence: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything there is to say about one mail."""

    message_id: str | None
    subject: str
    direction: str
    copies: tuple[CopyStory, ...]
    activities: Mapping[int, str]
    lines: tuple[Line, ...]


def explain(parts: Parts, message_id: str) -> Sequence[Story]:
    """The stories of every mail with this Message-ID; empty when none was met."""
    with parts.begin() as tx:
        boxes = {box.id: box.address for box in mailboxes.all_mailboxes(tx)}
        return [_story(tx, email, boxes) for email in emails.find_emails(tx, message_id)]


def _story(tx: Tx, email: Email, boxes: Mapping[int, str]) -> Story:
    told = events.of_email(tx.connection, email.id)
    filed = filings.of_emails(tx, [email.id])[email.id]
    mentioned = {i for t in told for i in _organisation_ids(t.facts)}
    names = directory.organisation_names(tx, mentioned | {f.organisation_id for f in filed})
    return Story(
        message_id=email.message_id,
        subject=email.subject,
        direction=email.direction.value,
        copies=tuple(
            CopyStory(boxes[c.mailbox_id], c.state, state_sentence(c.state, c.reason, c.detail))
            for c in emails.items_of_email(tx, email.id)
        ),
        activities={f.activity_id: _name(names, f.organisation_id) for f in filed if f.activity_id},
        lines=tuple(_lines(tx, email, told, names, boxes)),
    )


def story_of_copy(parts: Parts, asker: Asker, ref: MailRef) -> tuple[Sequence[Line], float | None]:
    """The story of a mail as its owner may read it, and how long it took to be synced.

    What happened in a colleague's mailbox is left out. Raises Gone.
    """
    pointed = point_at_one(parts, asker, ref)
    (state,) = look_at(parts, asker, [pointed])
    with parts.begin() as tx:
        item = emails.known_items(tx, asker.box.id, [pointed.graph_id]).get(pointed.graph_id)
        if item is None:
            return (), None
        email = asked.emails_by_id(tx, [item.email_id])[item.email_id]
        told = events.of_email(tx.connection, email.id)
        mentioned = {i for t in told for i in _organisation_ids(t.facts)}
        names = directory.organisation_names(tx, mentioned)
        lines = _lines(tx, email, told, names, {asker.box.id: asker.box.address})
    own = [line for line in lines if line.mailbox_id in {None, asker.box.id}]
    return own, state.took_seconds


def _lines(
    tx: Tx,
    email: Email,
    told: Sequence[Told],
    names: Mapping[int, str],
    boxes: Mapping[int, str],
) -> Sequence[Line]:
    """The events and the presses of the button, in the order in which they happened."""
    lines = [
        Line(t.at, t.kind, event_sentence(t, names, boxes.get(t.mailbox_id or 0, "")), t.mailbox_id)
        for t in told
    ]
    lines += [
        Line(p.pressed_at, "pressed", f"Sent to webCRM by the button, by {p.by}.", mailbox_id)
        for mailbox_id, p in asked.presses_of_email(tx, email.id)
    ]
    return sorted(lines, key=lambda line: line.at)


def state_sentence(state: State, reason: Reason | None, detail: str | None) -> str:
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


def event_sentence(told: Told, names: Mapping[int, str], mailbox: str) -> str:
    """One event in words."""
    facts = told.facts
    where = _PLACES.get(str(facts.get("place")), "")
    reason = facts.get("reason")
    because = SENTENCES[Reason(str(reason))] if reason else ""
    sentences = {
        "found": f"Found in the folder {where} of {mailbox}{_by_rule(facts)}.",
        "mirrored": f"Met in the folder {where} of {mailbox}: sent from webCRM.",
        "matched": f"Belongs under {_names(names, facts.get('organisations'))}.",
        "filed": f"Stands in webCRM under {_names(names, [facts.get('organisation')])} "
        f"(Activity {facts.get('activity')}).",
        "synced": f"Marked Synced in {mailbox}, {facts.get('took_s')} s after it was found.",
        "waiting": f"Waits. {because}",
        "parked": f"Needs a person. {because} {facts.get('detail') or ''}".rstrip(),
        "skipped": f"Left out. {because}",
        "moved out": f"Moved out of the folder in {mailbox}.",
        "moved in": f"Moved into the folder again in {mailbox}.",
        "asked for": f"Asked for again{_by(facts)}.",
        "chosen": f"Chosen{_by(facts)}: {_names(names, facts.get('organisations'))}.",
        "moved": f"Moved in webCRM to {_names(names, [facts.get('organisation')])} "
        f"(Activity {facts.get('activity')}).",
        "taken back": f"Taken out of the folder{_by(facts)}." + _why_it_stays(facts),
        "withdrawn": f"Withdrawn from webCRM (Activity {facts.get('activity')} stands empty).",
        "filed again": f"Stands in webCRM again (Activity {facts.get('activity')}).",
        "not changed": f"webCRM did not accept the change. {facts.get('detail')}",
        "deleted": "Deleted in Outlook." if not mailbox else f"Deleted in {mailbox}.",
    }
    return sentences.get(told.kind, told.kind.capitalize() + ".")


def _by(facts: Mapping[str, object]) -> str:
    return f" by {facts['by']}" if facts.get("by") else ""


def _by_rule(facts: Mapping[str, object]) -> str:
    return ", moved by a rule" if facts.get("way") == "rule" else ""


def _why_it_stays(facts: Mapping[str, object]) -> str:
    if not facts.get("is_shared"):
        return ""
    return " It stays in webCRM, since a colleague has synced it too."


def _organisation_ids(facts: Mapping[str, object]) -> list[int]:
    listed = facts.get("organisations") or []
    assert isinstance(listed, list)
    one = facts.get("organisation")
    return [i for i in [*listed, one] if isinstance(i, int)]


def _names(names: Mapping[int, str], ids: object) -> str:
    listed = ids if isinstance(ids, list) else []
    return ", ".join(_name(names, i) for i in listed) or "no Organisation"


def _name(names: Mapping[int, str], organisation_id: int) -> str:
    if not organisation_id:
        return "no Organisation"
    return names.get(organisation_id, f"Organisation {organisation_id}")
