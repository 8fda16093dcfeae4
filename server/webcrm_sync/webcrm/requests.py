"""The body of each write to webCRM: our values -> webCRM's JSON. Pure.

No other module builds such a body. So each text passes through `neutralize_tags`, and no text of a
stranger can act in webCRM's pages (ADR 14).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import PurePosixPath

from webcrm_sync.core.crm import ActivityDraft, DocumentDraft, OrganisationDraft
from webcrm_sync.core.neutralize import neutralize_tags
from webcrm_sync.core.times import clamp_for_webcrm

#: The fields that webCRM's pages show and that hold words of mails.
_SHOWN_FIELDS = frozenset(
    {
        "ActivityDescription",
        "ActivityMemo",
        "DocumentFileExtension",
        "DocumentFileName",
        "OrganisationDomain",
        "OrganisationName",
        "OrganisationTelephone",
        "OrganisationWww",
        "PersonDirectPhone",
        "PersonFirstName",
        "PersonLastName",
        "PersonName",
        "PersonTitle",
    }
)
#: The bytes read at once: a multiple of three, so that the pieces of base64 join without padding.
_PIECE_BYTES = 3 * 16 * 1024
#: A field's value; None = the field is left out.
Value = str | int | None


@dataclass(frozen=True, slots=True)
class ActivityChange:
    """New values for an Activity's fields; None = unchanged.

    `person_id` 0 = no Person, `opportunity_id` 0 = no Opportunity.
    """

    subject: str | None = None
    memo: str | None = None
    person_id: int | None = None
    opportunity_id: int | None = None


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """A Person to create."""

    name: str
    address: str
    organisation_id: int
    title: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """A body that memory never holds whole. Its length is known, and it can be read repeatedly."""

    parts: tuple[bytes | DocumentDraft, ...]

    @property
    def length(self) -> int:
        """The number of bytes."""
        return sum(len(p) if isinstance(p, bytes) else -(-p.size // 3) * 4 for p in self.parts)

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in pieces."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                part.content.seek(0)
                while piece := part.content.read(_PIECE_BYTES):
                    yield base64.b64encode(piece)


def activities_body(drafts: Sequence[ActivityDraft], *, key_field: str, zone: tzinfo) -> bytes:
    """The body of PATCH /Activities, which creates each record whose id is 0."""
    return _to_json([_activity_record(draft, key_field, zone) for draft in drafts])


def _activity_record(draft: ActivityDraft, key_field: str, zone: tzinfo) -> dict[str, str | int]:
    fields: dict[str, Value] = {
        "ActivityId": 0,
        "ActivityStatus": "Completed",
        "ActivityAction": draft.action,
        "ActivityOrganisationId": draft.organisation_id,
        "ActivityPersonId": draft.person_id,
        "ActivityOpportunityId": draft.opportunity_id,
        "ActivityAssignedTo": draft.user_id,
        "ActivityDescription": draft.subject,
        "ActivityMemo": draft.memo,
        "ActivityDateTime": format_time(draft.at, zone),
        key_field: draft.key,
    }
    return _to_record(fields)


def format_time(at: datetime, zone: tzinfo) -> str:
    """RFC 3339 to the second with the zone's offset, Z for UTC; moved into webCRM's range."""
    text = clamp_for_webcrm(at).astimezone(zone).isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def activity_change_body(
    activity_id: int, change: ActivityChange, *, no_opportunity: int | None
) -> bytes:
    """The body of PUT /Activities/{id}: an omitted field stays unchanged (webCRM's own SDK).

    `no_opportunity`: the value that takes an Activity off its Opportunity, None = JSON's null. No
    source says which one it is.
    """
    fields: dict[str, Value] = {
        "ActivityId": activity_id,
        "ActivityDescription": change.subject,
        "ActivityMemo": change.memo,
        "ActivityPersonId": change.person_id,
    }
    record: dict[str, Value] = {**_to_record(fields)}
    if change.opportunity_id is not None:
        record["ActivityOpportunityId"] = change.opportunity_id or no_opportunity
    return _to_json(record)


def activity_move_body(organisation_id: int) -> bytes:
    """The body of POST /Activities/{id}/Move (webCRM's Swagger)."""
    return _record_body(NewOrganisationId=organisation_id)


def documents_body(drafts: Sequence[DocumentDraft]) -> StreamedBody:
    """The body of PATCH /Documents."""
    parts: list[bytes | DocumentDraft] = [b"["]
    for number, draft in enumerate(drafts):
        parts += [b"," if number else b"", *document_body(draft).parts]
    return StreamedBody((*parts, b"]"))


def document_body(draft: DocumentDraft) -> StreamedBody:
    """The body of POST /Documents: the content in DocumentFile, in standard base64 (inferred)."""
    fields: dict[str, Value] = {
        "DocumentId": 0,
        "DocumentFileName": draft.name,
        "DocumentFileExtension": PurePosixPath(draft.name).suffix.removeprefix(".") or None,
        "DocumentFileSize": draft.size,
        "DocumentLinkedEntityType": "Activity",
        "DocumentLinkedEntityId": draft.activity_id,
        "DocumentOrganisationId": draft.organisation_id,
    }
    head = _to_json(_to_record(fields))
    return StreamedBody((head[:-1] + b',"DocumentFile":"', draft, b'"}'))


def trial_document_body() -> bytes:
    """The body of POST /Documents for a small file that belongs to no record."""
    return _record_body(
        DocumentId=0,
        DocumentFileName="webcrm-sync-test.txt",
        DocumentFileExtension="txt",
        DocumentFileSize=4,
        DocumentFile="dGVzdA==",
    )


def document_move_body(document_id: int, organisation_id: int) -> bytes:
    """The body of PUT /Documents/{id} that moves the Document to an Organisation."""
    return _record_body(DocumentId=document_id, DocumentOrganisationId=organisation_id)


def person_body(draft: PersonDraft) -> bytes:
    """The body of POST /Persons. The last word of the name becomes the last name.

    >>> person_body(PersonDraft("Bo Byg", "bo@x.example", 7)).decode()[:59]
    '{"PersonId":0,"PersonName":"Bo Byg","PersonFirstName":"Bo",'
    """
    first, _, last = draft.name.rpartition(" ")
    return _record_body(
        PersonId=0,
        PersonName=draft.name,
        PersonFirstName=first or None,
        PersonLastName=last,
        PersonEmail=draft.address,
        PersonOrganisationId=draft.organisation_id,
        PersonStatus="Active",
        PersonTitle=draft.title or None,
        PersonDirectPhone=draft.phone or None,
    )


def organisation_body(draft: OrganisationDraft) -> bytes:
    """The body of POST /Organisations.

    >>> organisation_body(OrganisationDraft("Havnebyg", owner_id=11)).decode()
    '{"OrganisationId":0,"OrganisationName":"Havnebyg","OrganisationOwner":11}'
    """
    return _record_body(
        OrganisationId=0,
        OrganisationName=draft.name,
        OrganisationDomain=draft.domain or None,
        OrganisationTelephone=draft.phone or None,
        OrganisationWww=draft.www or None,
        OrganisationOwner=draft.owner_id,
    )


def _record_body(**fields: Value) -> bytes:
    return _to_json(_to_record(fields))


def _to_record(fields: Mapping[str, Value]) -> dict[str, str | int]:
    """The record to send: without None, and with harmless text in the fields that webCRM shows."""
    return {name: _neutralize(name, v) for name, v in fields.items() if v is not None}


def _neutralize(name: str, value: str | int) -> str | int:
    return neutralize_tags(value) if name in _SHOWN_FIELDS and isinstance(value, str) else value


def _to_json(value: object) -> bytes:
    # A lone surrogate, which broken mails hold, becomes a question mark.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
