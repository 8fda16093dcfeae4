"""Changes to what stands in webCRM, as the bodies of its calls. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from webcrm_sync.webcrm.records import dump, record


@dataclass(frozen=True, slots=True)
class ActivityChange:
    """New values of an Activity's fields; None = left as it is. `person_id` 0 = nobody."""

    subject: str | None = None
    memo: str | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class PersonDraft:
    """A contact to be created."""

    name: str
    address: str
    organisation_id: int


def activity_change_body(activity_id: int, change: ActivityChange) -> bytes:
    """The body of PUT /Activities/{id}: fields left out are kept (webCRM's own SDK does so)."""
    return _body(
        ActivityId=activity_id,
        ActivityDescription=change.subject,
        ActivityMemo=change.memo,
        ActivityPersonId=change.person_id,
    )


def activity_move_body(organisation_id: int) -> bytes:
    """The body of POST /Activities/{id}/Move (webCRM's Swagger)."""
    return _body(NewOrganisationId=organisation_id)


def document_move_body(document_id: int, organisation_id: int) -> bytes:
    """The body of PUT /Documents/{id} that puts it under an Organisation."""
    return _body(DocumentId=document_id, DocumentOrganisationId=organisation_id)


def person_body(draft: PersonDraft) -> bytes:
    """The body of POST /Persons; the last word of the name is the last name.

    >>> person_body(PersonDraft("Bo Byg", "bo@x.example", 7)).decode()[:59]
    '{"PersonId":0,"PersonName":"Bo Byg","PersonFirstName":"Bo",'
    """
    first, _, last = draft.name.rpartition(" ")
    return _body(
        PersonId=0,
        PersonName=draft.name,
        PersonFirstName=first or None,
        PersonLastName=last,
        PersonEmail=draft.address,
        PersonOrganisationId=draft.organisation_id,
        PersonStatus="Active",
    )


def _body(**fields: str | int | None) -> bytes:
    return dump(record(fields))
