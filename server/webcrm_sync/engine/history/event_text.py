"""Turns an event of a mail into typed facts and an English sentence. Pure.

A new kind of event needs a sentence in `event_sentence` and words in the add-in's locales.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import SENTENCES, Reason
from webcrm_sync.store.events import Event

#: The place of a sync folder in a sentence.
PLACES = {
    Place.INBOX: "under Inbox",
    Place.SENT: "under Sent Items",
    Place.ROOT: "at the mailbox's root",
}


@dataclass(frozen=True, slots=True)
class EventFacts:
    """The facts of an event. `organisations`: names, an empty one = no Organisation.

    `detail`: what a service said, or the Opportunity that the event is about, `–` = none.
    `is_shared`: the mail stays in webCRM because a colleague has synced it too.
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


def read_facts(
    event: Event, names: Mapping[int, str], opportunities: Mapping[int, str]
) -> EventFacts:
    """The facts of an event. `names`: of Organisations, `opportunities`: their labels, by id."""
    facts = event.facts
    place, reason, took = facts.get("place"), facts.get("reason"), facts.get("took_s")
    return EventFacts(
        place=Place(str(place)) if place else None,
        organisations=tuple(organisation_name(i, names) for i in organisation_ids(event)),
        activity=_number(facts.get("activity")),
        reason=Reason(str(reason)) if reason else None,
        detail=_text(facts.get("detail")) or _opportunity(event, opportunities),
        by=_text(facts.get("by")),
        is_by_rule=facts.get("way") == "rule",
        is_shared=bool(facts.get("is_shared")),
        took_seconds=float(took) if isinstance(took, int | float) else None,
    )


def organisation_ids(event: Event) -> list[int]:
    """The ids of the Organisations in the event's facts, in their order."""
    several = event.facts.get("organisations") or []
    assert isinstance(several, list)
    return [i for i in [*several, event.facts.get("organisation")] if isinstance(i, int)]


def opportunity_id(event: Event) -> int | None:
    """The id of the Opportunity in the event's facts, None without one."""
    return _number(event.facts.get("opportunity"))


def _opportunity(event: Event, labels: Mapping[int, str]) -> str | None:
    if "opportunity" not in event.facts:
        return None
    number = opportunity_id(event)
    return labels.get(number, f"Opportunity {number}") if number else "–"


def organisation_name(organisation_id: int, names: Mapping[int, str]) -> str:
    """The Organisation's name; empty for id 0, which means no Organisation."""
    if not organisation_id:
        return ""
    return names.get(organisation_id, f"Organisation {organisation_id}")


def event_sentence(kind: str, facts: EventFacts, mailbox: str) -> str:
    """The event in English. `mailbox`: its address, empty for an event of the mail itself."""
    where = PLACES[facts.place] if facts.place else ""
    because = SENTENCES[facts.reason] if facts.reason else ""
    organisations = ", ".join(_names(facts))
    sentences: dict[str, str] = {
        EventKind.FOUND: f"Found in the folder {where} of {mailbox}"
        + (", moved by a rule." if facts.is_by_rule else "."),
        EventKind.MIRRORED: f"Found in the folder {where} of {mailbox}: sent from webCRM.",
        EventKind.MATCHED: f"Belongs to {organisations}.",
        EventKind.FILED: f"Filed in webCRM under {organisations} (Activity {facts.activity}).",
        EventKind.SYNCED: f"Marked Synced in {mailbox}, {facts.took_seconds} s after it was found.",
        EventKind.WAITING: f"Waiting. {because}",
        EventKind.PARKED: f"Needs a decision. {because} {facts.detail or ''}".rstrip(),
        EventKind.SKIPPED: f"Skipped. {because}",
        EventKind.MOVED_OUT: f"Moved out of the folder in {mailbox}.",
        EventKind.MOVED_IN: f"Moved back into the folder in {mailbox}.",
        EventKind.MOVED_IN_WEBCRM: f"Moved in webCRM to {organisations} "
        f"(Activity {facts.activity}).",
        EventKind.WITHDRAWN: f"Withdrawn from webCRM (Activity {facts.activity} is now empty).",
        EventKind.FILED_AGAIN: f"Filed in webCRM again (Activity {facts.activity}).",
        EventKind.ATTACHMENT_LEFT_OUT: f"An attachment was left out: {facts.detail}.",
        EventKind.CHANGE_REFUSED: f"webCRM did not accept the change. {facts.detail}",
        EventKind.OPPORTUNITY_SET: f"Opportunity in webCRM: {facts.detail} "
        f"(Activity {facts.activity}).",
        EventKind.OPPORTUNITY_LEFT_OUT: f"Filed without the Opportunity {facts.detail}: it does "
        f"not belong to {organisations}, or webCRM did not accept it.",
        EventKind.OPPORTUNITY_CHANGED_IN_WEBCRM: "Opportunity changed in webCRM: "
        f"{facts.detail} (Activity {facts.activity}).",
        EventKind.REMOVED_IN_WEBCRM: SENTENCES[Reason.REMOVED_IN_WEBCRM],
        EventKind.ADOPTED: f"Found again in webCRM under {organisations} "
        f"(Activity {facts.activity}) after its record was lost.",
        EventKind.RECOVERED: f"Restored: filed in webCRM under {organisations} "
        f"(Activity {facts.activity}).",
        EventKind.DELETED: "Deleted in Outlook." if not mailbox else f"Deleted in {mailbox}.",
    }
    by_people = _sentences_of_people(facts)
    return sentences.get(kind) or by_people.get(kind, kind.capitalize() + ".")


def _sentences_of_people(facts: EventFacts) -> dict[str, str]:
    """The sentences about what a person did in the pane."""
    names, by = _names(facts), f" by {facts.by}" if facts.by else ""
    organisations = ", ".join(names)
    return {
        EventKind.BUTTON_PRESSED: f"Synced with the button{by}.",
        EventKind.ASKED_AGAIN: f"Requested again{by}.",
        EventKind.CHOSEN: f"Chosen{by}: {organisations}.",
        EventKind.ALONG_CHOSEN: f"What goes along of the mail was chosen{by}.",
        EventKind.PLACE_ADDED: f"Added{by}: {organisations}.",
        EventKind.PLACE_REMOVED: f"Taken away{by}: {organisations}.",
        EventKind.PLACE_MOVED: f"Moved{by}: from {' to '.join(names)}.",
        EventKind.TAKEN_BACK: f"Taken out of the folder{by}."
        + (" It stays in webCRM because a colleague has synced it too." if facts.is_shared else ""),
        EventKind.CUSTOMER_CREATED: f"New customer created{by}: {organisations}.",
        EventKind.CUSTOMER_REFUSED: f"The new customer could not be created. {facts.detail}",
        EventKind.OPPORTUNITY_CHOSEN: f"Opportunity at {organisations} chosen{by}: {facts.detail}.",
    }


def _names(facts: EventFacts) -> list[str]:
    return [name or "no Organisation" for name in facts.organisations] or ["no Organisation"]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return str(value) if value else None
