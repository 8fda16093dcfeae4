"""What an event of a mail tells: its facts as values, and the sentence made of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import SENTENCES, Reason
from webcrm_sync.store.events import Event

_PLACES = {
    Place.INBOX: "under Inbox",
    Place.SENT: "under Sent Items",
    Place.ROOT: "at the mailbox's root",
}


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What an event speaks of. `organisations`: names, an empty one where it stands under none.

    `is_shared`: a colleague's copy keeps the mail in webCRM.
    """

    place: Place | None = None
    organisations: tuple[str, ...] = ()
    activity: int | None = None
    reason: Reason | None = None
    detail: str | None = None
    by: str | None = None
    is_by_rule: bool = False
    is_shared: bool = False
    took_seconds: float | None = None


def read_facts(told: Event, names: Mapping[int, str]) -> EventFacts:
    """The facts of an event. `names`: of Organisations, by id."""
    given = told.facts
    place, reason, took = given.get("place"), given.get("reason"), given.get("took_s")
    return EventFacts(
        place=Place(str(place)) if place else None,
        organisations=tuple(organisation_name(i, names) for i in organisation_ids(told)),
        activity=_number(given.get("activity")),
        reason=Reason(str(reason)) if reason else None,
        detail=_text(given.get("detail")),
        by=_text(given.get("by")),
        is_by_rule=given.get("way") == "rule",
        is_shared=bool(given.get("is_shared")),
        took_seconds=float(took) if isinstance(took, int | float) else None,
    )


def organisation_ids(told: Event) -> list[int]:
    """The Organisations that an event names, in its order."""
    listed = told.facts.get("organisations") or []
    assert isinstance(listed, list)
    return [i for i in [*listed, told.facts.get("organisation")] if isinstance(i, int)]


def organisation_name(organisation_id: int, names: Mapping[int, str]) -> str:
    """The Organisation's name; empty where a mail stands under none."""
    if not organisation_id:
        return ""
    return names.get(organisation_id, f"Organisation {organisation_id}")


def event_sentence(kind: str, facts: EventFacts, mailbox: str) -> str:
    """One event in words. `mailbox`: its address, empty where it is of the mail itself."""
    where = _PLACES[facts.place] if facts.place else ""
    because = SENTENCES[facts.reason] if facts.reason else ""
    under = ", ".join(name or "no Organisation" for name in facts.organisations)
    under = under or "no Organisation"
    by = f" by {facts.by}" if facts.by else ""
    sentences: dict[str, str] = {
        EventKind.FOUND: f"Found in the folder {where} of {mailbox}"
        + (", moved by a rule." if facts.is_by_rule else "."),
        EventKind.MIRRORED: f"Met in the folder {where} of {mailbox}: sent from webCRM.",
        EventKind.MATCHED: f"Belongs under {under}.",
        EventKind.FILED: f"Filed in webCRM under {under} (Activity {facts.activity}).",
        EventKind.SYNCED: f"Marked Synced in {mailbox}, {facts.took_seconds} s after it was found.",
        EventKind.WAITING: f"Waits. {because}",
        EventKind.PARKED: f"Needs a person. {because} {facts.detail or ''}".rstrip(),
        EventKind.SKIPPED: f"Left out. {because}",
        EventKind.MOVED_OUT: f"Moved out of the folder in {mailbox}.",
        EventKind.MOVED_IN: f"Moved into the folder again in {mailbox}.",
        EventKind.BUTTON_PRESSED: f"Sent to webCRM by the button{by and ','}{by}.",
        EventKind.ASKED_AGAIN: f"Asked for again{by}.",
        EventKind.CHOSEN: f"Chosen{by}: {under}.",
        EventKind.MOVED_IN_WEBCRM: f"Moved in webCRM to {under} (Activity {facts.activity}).",
        EventKind.TAKEN_BACK: f"Taken out of the folder{by}."
        + (" It stays in webCRM, since a colleague has synced it too." if facts.is_shared else ""),
        EventKind.WITHDRAWN: f"Withdrawn from webCRM (Activity {facts.activity} stands empty).",
        EventKind.FILED_AGAIN: f"Filed in webCRM again (Activity {facts.activity}).",
        EventKind.ATTACHMENT_LEFT_OUT: f"An attachment is left out: {facts.detail}.",
        EventKind.CHANGE_REFUSED: f"webCRM did not accept the change. {facts.detail}",
        EventKind.REMOVED_IN_WEBCRM: SENTENCES[Reason.REMOVED_IN_WEBCRM],
        EventKind.ADOPTED: f"Was lost and is found again in webCRM under {under} "
        f"(Activity {facts.activity}).",
        EventKind.RECOVERED: f"Rebuilt: filed in webCRM under {under} (Activity {facts.activity}).",
        EventKind.DELETED: "Deleted in Outlook." if not mailbox else f"Deleted in {mailbox}.",
    }
    return sentences.get(kind, kind.capitalize() + ".")


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return str(value) if value else None
