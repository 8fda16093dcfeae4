"""webCRM's JSON <-> our values. Pure: an answer comes in, a value or a `SyncError` goes out.

Unknown fields are ignored, a null is as good as a missing field, enums may be names or numbers
(webCRM's Swagger; GitHub dreamdata-io/tap-webcrm: new fields appear without notice, several come
back null).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from webcrm_sync.core.addresses import addresses_in, domains_in, is_mailable
from webcrm_sync.core.crm import (
    ActivityDraft,
    CrmUser,
    DocumentRow,
    Field,
    KeyedActivity,
    OrganisationRow,
    PersonRow,
    Rejected,
    SentActivity,
    Unmatchable,
    Written,
)
from webcrm_sync.core.errors import Gone, TryLater, Unclear
from webcrm_sync.core.matching import Contact
from webcrm_sync.core.times import for_webcrm
from webcrm_sync.webcrm.errors import Answer, parse_json
from webcrm_sync.webcrm.query import FIELDS
from webcrm_sync.webcrm.records import dump, record

_ID = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Row:
    """One record as webCRM sent it."""

    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """The field as text, "" when there is none."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        """The field as a whole number, 0 when there is none."""
        found = re.fullmatch(r"\s*(-?[0-9]{1,18})(\.0*)?\s*", self.text(name))
        return int(found[1]) if found else 0

    def time(self, name: str, zone: tzinfo = UTC) -> datetime | None:
        """The field as UTC; a time without offset is meant in `zone`. None = none that is real."""
        try:
            at = datetime.fromisoformat(self.text(name).strip())
            at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return at if at.year > 1 else None  # .NET writes "no time" as the first day of year 1

    def record_id(self, name: str) -> int:
        """The record's own id. Raises TryLater without one: such a list must not be believed."""
        if (found := self.number(name)) > 0:
            return found
        raise TryLater(f"webCRM sent a record without {name}")


def read_rows(answer: Answer) -> tuple[Row, ...]:
    """The records of a list. Raises TryLater when the answer is not a list of records."""
    found = parse_json(answer)
    if not isinstance(found, list) or not all(isinstance(line, dict) for line in found):
        raise TryLater("webCRM's answer is not a list of records")
    return tuple(Row(line) for line in found)


def read_row(answer: Answer) -> Row:
    """The one record asked for. Raises Gone when webCRM answered without one."""
    found = parse_json(answer)
    if not isinstance(found, dict):
        raise Gone("webCRM has no such record")
    return Row(found)


def read_keyed_activity(found: Row, key_field: str) -> KeyedActivity:
    """An Activity with our key, if it has one."""
    return KeyedActivity(
        activity_id=found.record_id("ActivityId"),
        organisation_id=found.number("ActivityOrganisationId"),
        key=found.text(key_field).strip(),
        created_at=found.time("ActivityCreatedAt"),
    )


def read_sent_activity(found: Row, key_field: str, zone: tzinfo) -> SentActivity:
    """An Activity with all that the mirror needs. `zone`: of times without an offset."""
    return SentActivity(
        activity_id=found.record_id("ActivityId"),
        organisation_id=found.number("ActivityOrganisationId"),
        person_id=found.number("ActivityPersonId"),
        user_id=found.number("ActivityAssignedTo"),
        action=found.text("ActivityAction"),
        is_completed=found.text("ActivityStatus").strip().casefold() in {"completed", "2"},
        key=found.text(key_field).strip(),
        subject=found.text("ActivityDescription"),
        body=found.text("ActivityMemo"),
        at=found.time("ActivityDateTime", zone),
        created_at=found.time("ActivityCreatedAt"),
        updated_at=found.time("ActivityUpdatedAt"),
    )


def read_person(found: Row) -> PersonRow:
    """A Person with every address it has, each once; one field may hold several.

    A slash separates them, and words too (`Sales/eva@x.example`); few mailboxes have one in a name.
    """
    person_id = found.record_id("PersonId")
    organisation_id = found.number("PersonOrganisationId")
    text = "; ".join(filter(None, (found.text(f"PersonEmail{n}").strip() for n in ("", "2"))))
    addresses = dict.fromkeys(addresses_in(text) + addresses_in(text.replace("/", " / ")))
    parts = (found.text(f"Person{part}Name").strip() for part in ("First", "Middle", "Last"))
    name = found.text("PersonName").strip() or " ".join(filter(None, parts))
    is_active = found.text("PersonStatus").strip().casefold() not in {"resigned", "1"}
    contacts = tuple(
        Contact(person_id, organisation_id, address, name, is_active) for address in addresses
    )
    is_lost = text and not any(map(is_mailable, addresses))
    lost = Unmatchable(person_id, organisation_id, text) if is_lost else None
    return PersonRow(person_id, contacts, found.time("PersonUpdatedAt"), lost)


def read_organisation(found: Row) -> OrganisationRow:
    """An Organisation with the domains of its domain field and its web site, each once."""
    return OrganisationRow(
        organisation_id=found.record_id("OrganisationId"),
        name=found.text("OrganisationName").strip(),
        domains=domains_in(f"{found.text('OrganisationDomain')};{found.text('OrganisationWww')}"),
        updated_at=found.time("OrganisationUpdatedAt"),
    )


def read_user(found: Row) -> CrmUser | None:
    """Who works in webCRM, None without an address. Passwords and tickets stay outside."""
    addresses = addresses_in(found.text("UserEmail"))
    if not addresses:
        return None
    return CrmUser(found.record_id("UserId"), addresses[0], found.text("UserName").strip())


def read_document(found: Row) -> DocumentRow | None:
    """A Document, None when it does not hang on an Activity."""
    if found.text("DocumentLinkedEntityType").strip().casefold() not in {"activity", "3"}:
        return None
    return DocumentRow(
        document_id=found.record_id("DocumentId"),
        activity_id=found.number("DocumentLinkedEntityId"),
        name=found.text("DocumentFileName"),
    )


def read_field(found: Row) -> Field:
    """One field of the Activity as the tenant has set it up."""
    choices = found.fields.get("FieldMetadataDropdownListData")
    texts = [Row(choice).text("Text") for choice in choices or () if isinstance(choice, dict)]
    return Field(
        name=_field_name(found),
        label=found.text("FieldMetadataLabel"),
        max_length=max(0, found.number("FieldMetadataTextFieldMaxLength")),
        choices=tuple(filter(None, texts)),
    )


#: The database's names of the Activity's fields (`a_action`) and the API's (`ActivityAction`).
_API_NAMES = {
    spelling.casefold(): name
    for name in FIELDS["Activity"]
    for spelling in (name, name.replace("Activity", "a_", 1))
}


def _field_name(found: Row) -> str:
    """The API's name. Which of FieldMetadataDto's names carries it is not public."""
    given = [found.text(f"FieldMetadata{kind}FieldName") for kind in ("Db", "Friendly")]
    known = (_API_NAMES.get(name.strip().casefold()) for name in given)
    return next(filter(None, known), given[0])


def activities_body(drafts: Sequence[ActivityDraft], *, key_field: str, zone: tzinfo) -> bytes:
    """The body of PATCH /Activities: id 0 inserts, what is not known is left out, no nulls."""
    return dump([_activity(draft, key_field, zone) for draft in drafts])


def _activity(draft: ActivityDraft, key_field: str, zone: tzinfo) -> dict[str, str | int]:
    fields: dict[str, str | int | None] = {
        "ActivityId": 0,
        "ActivityStatus": "Completed",
        "ActivityAction": draft.action,
        "ActivityOrganisationId": draft.organisation_id,
        "ActivityPersonId": draft.person_id,
        "ActivityAssignedTo": draft.user_id,
        "ActivityDescription": draft.subject,
        "ActivityMemo": draft.memo,
        "ActivityDateTime": time_text(draft.at, zone),
        key_field: draft.key,
    }
    return record(fields)


def time_text(at: datetime, zone: tzinfo) -> str:
    """RFC 3339 to the second with the zone's offset, Z for none; a time that webCRM can hold."""
    text = for_webcrm(at).astimezone(zone).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def read_bulk_results(answer: Answer, *, count: int) -> list[Written | Rejected]:
    """What became of each line of a bulk write, in its order (webCRM's Swagger: PATCH).

    Raises Unclear when it is not told for every one of `count` lines.
    """
    found = parse_json(answer)
    if not isinstance(found, list) or len(found) != count:
        raise Unclear("webCRM did not tell what became of every line")
    return [_line(told) for told in found]


def _line(told: object) -> Written | Rejected:
    text = str(told).strip() if isinstance(told, str | int) and not isinstance(told, bool) else ""
    if _ID.fullmatch(text):
        return Written(int(text))
    if not text or re.fullmatch(r"-?[0-9]+", text):
        raise Unclear("webCRM answered a line with neither an id nor a reason")
    return Rejected(text)


def read_new_id(answer: Answer, id_name: str) -> Written:
    """The id of a new record: a number, a number as text, or an object that holds it.

    Raises Unclear when webCRM told none. All of these forms occur in public clients.
    """
    found = parse_json(answer)
    told = found.get(id_name) if isinstance(found, dict) else found
    if isinstance(told, str | int) and not isinstance(told, bool) and _ID.fullmatch(str(told)):
        return Written(int(told))
    raise Unclear("webCRM did not tell the new record's id")
