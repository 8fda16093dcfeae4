"""The story of a mail, in sentences: what `explain` prints and the pane's timeline shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.states import SENTENCES, Reason, State
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import directory, emails, events, filings, mailboxes
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
    """One event as a sentence."""

    at: datetime
    sentence: str


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
        lines=tuple(
            Line(t.at, event_sentence(t, names, boxes.get(t.mailbox_id or 0, ""))) for t in told
        ),
    )


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
        "found": f"Found in the folder {where} of {mailbox}.",
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
        "deleted": "Deleted in Outlook." if not mailbox else f"Deleted in {mailbox}.",
    }
    return sentences.get(told.kind, told.kind.capitalize() + ".")


def _organisation_ids(facts: Mapping[str, object]) -> list[int]:
    listed = facts.get("organisations") or []
    assert isinstance(listed, list)
    one = facts.get("organisation")
    return [i for i in [*listed, one] if isinstance(i, int)]


def _names(names: Mapping[int, str], ids: object) -> str:
    assert isinstance(ids, list)
    return ", ".join(_name(names, i) for i in ids) or "no Organisation"


def _name(names: Mapping[int, str], organisation_id: int) -> str:
    if not organisation_id:
        return "no Organisation"
    return names.get(organisation_id, f"Organisation {organisation_id}")
