"""webCRM's JSON -> our values. Pure: each function returns a value or raises a `SyncError`.

Unknown fields are ignored, null counts as missing, enums may be names or numbers (webCRM's
Swagger; GitHub dreamdata-io/tap-webcrm: new fields appear without notice, several are null).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any

from webcrm_sync.core.addresses import find_addresses, find_domains, is_mailable
from webcrm_sync.core.crm import (
    CreatedRecord,
    CrmUser,
    DocumentRow,
    Field,
    KeyedActivity,
    OrganisationRow,
    PersonRow,
    RejectedRecord,
    SentActivity,
    Unmatchable,
)
from webcrm_sync.core.errors import Gone, TryLater, Unclear
from webcrm_sync.core.matching import Contact
from webcrm_sync.core.opportunities import OpportunityRow
from webcrm_sync.core.storable import to_one_line, to_plain_name
from webcrm_sync.webcrm.errors import Answer, parse_json
from webcrm_sync.webcrm.query import FIELDS

#: The longest title or phone number that is kept.
_LONGEST_SHORT = 100
_ID = re.compile(r"[1-9][0-9]{0,17}")
#: The field with an Opportunity's level, by both spellings, see `_API_NAMES`.
_LEVEL_NAMES = frozenset({"opportunitylevel", "op_level"})


@dataclass(frozen=True, slots=True)
class Row:
    """One record as webCRM sent it."""

    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """The field as text, "" when it is missing."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        """The field as a whole number, 0 if it is missing or not a number."""
        match = re.fullmatch(r"\s*(-?[0-9]{1,18})(\.0*)?\s*", self.text(name))
        return int(match[1]) if match else 0

    def amount(self, name: str) -> float | None:
        """The field as a finite number, None if it is missing or not one."""
        try:
            value = float(self.text(name))
        except ValueError:
            return None
        return value if isfinite(value) else None

    def time(self, name: str, zone: tzinfo = UTC) -> datetime | None:
        """The field as UTC, None without a real time. `zone`: that of times without an offset."""
        try:
            at = datetime.fromisoformat(self.text(name).strip())
            at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return at if at.year > 1 else None  # .NET writes "no time" as the first day of year 1

    def record_id(self, name: str) -> int:
        """The record's own id. Raises TryLater without one, since such a list cannot be trusted."""
        if (number := self.number(name)) > 0:
            return number
        raise TryLater(f"webCRM sent a record without {name}")


def read_rows(answer: Answer) -> tuple[Row, ...]:
    """The records in a list. Raises TryLater if the answer is not a list of records."""
    body = parse_json(answer)
    if not isinstance(body, list) or not all(isinstance(record, dict) for record in body):
        raise TryLater("webCRM's answer is not a list of records")
    return tuple(Row(record) for record in body)


def read_row(answer: Answer) -> Row:
    """The one record that was asked for. Raises Gone if the answer holds none."""
    body = parse_json(answer)
    if not isinstance(body, dict):
        raise Gone("webCRM has no such record")
    return Row(body)


def read_keyed_activity(row: Row, key_field: str) -> KeyedActivity:
    """An Activity with the content of its key field."""
    return KeyedActivity(
        activity_id=row.record_id("ActivityId"),
        organisation_id=row.number("ActivityOrganisationId"),
        key=row.text(key_field).strip(),
        created_at=row.time("ActivityCreatedAt"),
        updated_at=row.time("ActivityUpdatedAt"),
        opportunity_id=max(0, row.number("ActivityOpportunityId")) or None,
        subject=row.text("ActivityDescription"),
    )


def read_memo(row: Row) -> tuple[int, str]:
    """The id and the memo of an Activity."""
    return row.record_id("ActivityId"), row.text("ActivityMemo")


def read_sent_activity(row: Row, key_field: str, zone: tzinfo) -> SentActivity:
    """An Activity with the fields that the mirror needs. `zone`: see `Row.time`."""
    return SentActivity(
        activity_id=row.record_id("ActivityId"),
        organisation_id=row.number("ActivityOrganisationId"),
        person_id=row.number("ActivityPersonId"),
        user_id=row.number("ActivityAssignedTo"),
        action=row.text("ActivityAction"),
        is_completed=row.text("ActivityStatus").strip().casefold() in {"completed", "2"},
        key=row.text(key_field).strip(),
        subject=row.text("ActivityDescription"),
        body=row.text("ActivityMemo"),
        at=row.time("ActivityDateTime", zone),
        created_at=row.time("ActivityCreatedAt"),
        updated_at=row.time("ActivityUpdatedAt"),
    )


def read_person(row: Row) -> PersonRow:
    """A Person with its addresses, each once; one field may hold several.

    A slash separates addresses, and also words (`Sales/eva@x.example`), so each field is read both
    with the slash as a part of the address and as a separator. Few mailboxes have one in a name.
    """
    person_id = row.record_id("PersonId")
    organisation_id = row.number("PersonOrganisationId")
    text = "; ".join(filter(None, (row.text(f"PersonEmail{n}").strip() for n in ("", "2"))))
    addresses = dict.fromkeys(find_addresses(text) + find_addresses(text.replace("/", " / ")))
    parts = (row.text(f"Person{part}Name").strip() for part in ("First", "Middle", "Last"))
    name = row.text("PersonName").strip() or " ".join(filter(None, parts))
    is_active = row.text("PersonStatus").strip().casefold() not in {"resigned", "1"}
    title = _short(row, "PersonTitle")
    phone = _short(row, "PersonDirectPhone") or _short(row, "PersonMobilePhone")
    contacts = tuple(
        Contact(person_id, organisation_id, address, name, is_active, title, phone)
        for address in addresses
    )
    is_unmatchable = text and not any(map(is_mailable, addresses))
    unmatchable = Unmatchable(person_id, organisation_id, text) if is_unmatchable else None
    return PersonRow(person_id, contacts, row.time("PersonUpdatedAt"), unmatchable)


def _short(row: Row, name: str) -> str:
    return to_plain_name(row.text(name))[:_LONGEST_SHORT].strip()


def read_organisation(row: Row) -> OrganisationRow:
    """An Organisation with the domains in its domain and web site fields, each once."""
    return OrganisationRow(
        organisation_id=row.record_id("OrganisationId"),
        name=row.text("OrganisationName").strip(),
        domains=find_domains(f"{row.text('OrganisationDomain')};{row.text('OrganisationWww')}"),
        updated_at=row.time("OrganisationUpdatedAt"),
    )


def read_opportunity(row: Row) -> OpportunityRow:
    """An Opportunity. People call it by its description; its value is that of the order."""
    return OpportunityRow(
        opportunity_id=row.record_id("OpportunityId"),
        organisation_id=max(0, row.number("OpportunityOrganisationId")),
        person_id=max(0, row.number("OpportunityPersonId")),
        number=to_one_line(row.text("OpportunityNumber")),
        name=to_one_line(row.text("OpportunityDescription")),
        value=row.amount("OpportunityOrderValue"),
        currency=to_one_line(row.text("OpportunityCurrencyName")),
        level=row.number("OpportunityLevel"),
        level_text=to_one_line(row.text("OpportunityLevelText")),
        is_lost=row.time("OpportunityLostDate") is not None,
        is_marked_won=row.text("OpportunityWinYesNo").strip().casefold() in {"true", "1"},
        updated_at=row.time("OpportunityUpdatedAt"),
    )


def read_level_labels(rows: Iterable[Row]) -> Mapping[int, str]:
    """The label of each level, by its number, from the metadata of an Opportunity's fields.

    A level without a number as its value has it at the beginning of its text (inferred).
    """
    for row in rows:
        names = (row.text(f"FieldMetadata{kind}FieldName") for kind in ("Db", "Friendly"))
        if any(name.strip().casefold() in _LEVEL_NAMES for name in names):
            choices = row.fields.get("FieldMetadataDropdownListData") or ()
            labels = [Row(choice) for choice in choices if isinstance(choice, dict)]
            numbered = ((_leading_number(one), one.text("Text").strip()) for one in labels)
            return {number: text for number, text in numbered if number is not None}
    return {}


def _leading_number(choice: Row) -> int | None:
    texts = (choice.text("Value"), choice.text("Text"))
    found = (re.match(r"\s*([0-9]{1,9})(?![0-9])", text) for text in texts)
    return next((int(match[1]) for match in found if match), None)


def read_user(row: Row) -> CrmUser | None:
    """A person who works in webCRM, None without an address. Passwords and tickets are dropped."""
    addresses = find_addresses(row.text("UserEmail"))
    if not addresses:
        return None
    return CrmUser(row.record_id("UserId"), addresses[0], row.text("UserName").strip())


def read_document(row: Row) -> DocumentRow | None:
    """A Document, None if it is not linked to an Activity."""
    if row.text("DocumentLinkedEntityType").strip().casefold() not in {"activity", "3"}:
        return None
    return DocumentRow(
        document_id=row.record_id("DocumentId"),
        activity_id=row.number("DocumentLinkedEntityId"),
        name=row.text("DocumentFileName"),
    )


def read_field(row: Row) -> Field:
    """One field of the Activity as the customer has configured it."""
    choices = row.fields.get("FieldMetadataDropdownListData")
    texts = [Row(choice).text("Text") for choice in choices or () if isinstance(choice, dict)]
    return Field(
        name=_field_name(row),
        label=row.text("FieldMetadataLabel"),
        max_length=max(0, row.number("FieldMetadataTextFieldMaxLength")),
        choices=tuple(filter(None, texts)),
    )


#: The API's name of each Activity field, by both spellings: the API's (`ActivityAction`) and the
#: database's (`a_action`).
_API_NAMES = {
    spelling.casefold(): name
    for name in FIELDS["Activity"]
    for spelling in (name, name.replace("Activity", "a_", 1))
}


def _field_name(row: Row) -> str:
    """The field's name in the API. It is not public which name in FieldMetadataDto carries it."""
    spellings = [row.text(f"FieldMetadata{kind}FieldName") for kind in ("Db", "Friendly")]
    api_names = (_API_NAMES.get(spelling.strip().casefold()) for spelling in spellings)
    return next(filter(None, api_names), spellings[0])


def read_bulk_results(answer: Answer, *, count: int) -> list[CreatedRecord | RejectedRecord]:
    """The result of each record of a bulk write, in the order sent (webCRM's Swagger: PATCH).

    Raises Unclear unless the answer holds a result for each of `count` records.
    """
    body = parse_json(answer)
    if not isinstance(body, list) or len(body) != count:
        raise Unclear("webCRM did not return a result for every record")
    return [_read_bulk_result(result) for result in body]


def _read_bulk_result(result: object) -> CreatedRecord | RejectedRecord:
    is_text = isinstance(result, str | int) and not isinstance(result, bool)
    text = str(result).strip() if is_text else ""
    if _ID.fullmatch(text):
        return CreatedRecord(int(text))
    if not text or re.fullmatch(r"-?[0-9]+", text):
        raise Unclear("webCRM returned neither an id nor a reason for a record")
    return RejectedRecord(text)


def read_new_id(answer: Answer, id_name: str) -> CreatedRecord:
    """The id of a new record. Raises Unclear if the answer holds none."""
    new_id = find_new_id(answer, id_name)
    if new_id is None:
        raise Unclear("webCRM did not return the new record's id")
    return CreatedRecord(new_id)


def find_new_id(answer: Answer, id_name: str) -> int | None:
    """The id of a new record: a number, a number as text, or an object that holds it.

    Each of these forms occurs in public clients. None if the answer holds no id, as webCRM's
    Swagger declares it for POST /Organisations.
    """
    body = parse_json(answer)
    new_id = body.get(id_name) if isinstance(body, dict) else body
    is_number = isinstance(new_id, str | int) and not isinstance(new_id, bool)
    return int(f"{new_id}") if is_number and _ID.fullmatch(f"{new_id}") else None
