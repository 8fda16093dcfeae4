"""The client writes to the simulated webCRM, over HTTP."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

from contract.webcrm_client.served_webcrm import KEY, ServedWebCrm, create_draft
from webcrm_sync.core.crm import CreatedRecord, DocumentDraft, DocumentRow, RejectedRecord
from webcrm_sync.webcrm.requests import ActivityChange


def test_an_activity_is_saved_as_drafted(served: ServedWebCrm, acme: int) -> None:
    person = served.system.add_person(acme, "buyer@acme.example")
    user = served.system.add_user("seller@us.example", "Seller")
    [answer] = served.crm.write_activities([create_draft(acme, person_id=person, user_id=user)])
    [stored] = served.system.activities
    assert answer == CreatedRecord(stored["ActivityId"])
    assert stored["ActivityOrganisationId"] == acme
    assert stored["ActivityPersonId"] == person
    assert stored["ActivityAssignedTo"] == user
    assert stored["ActivityStatus"] == "Completed"
    assert stored["ActivityDescription"] == "Offer"
    assert stored["ActivityMemo"] == "Two halls, please."
    assert stored["ActivityDateTime"] == datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert stored["ActivityCustom15"] == KEY


def test_fifty_activities_take_one_request(served: ServedWebCrm, acme: int) -> None:
    answers = served.crm.write_activities([create_draft(acme)] * 50)
    assert len({a.record_id for a in answers if isinstance(a, CreatedRecord)}) == 50
    assert served.journal.count(path="/Activities") == 1


def test_an_empty_write_sends_nothing(served: ServedWebCrm) -> None:
    assert served.crm.write_activities([]) == []
    assert served.journal.exchanges == []


def test_a_rejected_record_does_not_stop_the_others(served: ServedWebCrm, acme: int) -> None:
    lines = served.crm.write_activities(
        [
            create_draft(acme),
            create_draft(acme, action="Pigeon"),
            create_draft(acme, subject="x" * 201),
            create_draft(None),
        ]
    )
    assert [type(line) for line in lines] == [
        CreatedRecord,
        RejectedRecord,
        RejectedRecord,
        CreatedRecord,
    ]
    assert isinstance(lines[1], RejectedRecord)
    assert "Pigeon" in lines[1].message
    assert len(served.system.activities) == 2


def test_a_record_rejected_for_speed_does_not_stop_the_others(
    served: ServedWebCrm, acme: int
) -> None:
    served.system.failing_creates = 1
    one, two = served.crm.write_activities([create_draft(acme), create_draft(acme)])
    assert isinstance(one, RejectedRecord)
    assert isinstance(two, CreatedRecord)


def test_attachments_are_linked_to_their_activity_and_listed(
    served: ServedWebCrm, acme: int
) -> None:
    [activity] = served.crm.write_activities([create_draft(acme)])
    assert isinstance(activity, CreatedRecord)
    content = b"\x00\xff%PDF"
    pdf = DocumentDraft(activity.record_id, acme, "offer.pdf", BytesIO(content), len(content))
    bulk = served.crm.write_documents([pdf, replace(pdf, activity_id=99)])
    assert [type(line) for line in bulk] == [CreatedRecord, RejectedRecord]
    single = served.crm.write_document(replace(pdf, name="README", organisation_id=None))
    stored = served.system.documents
    assert [b64decode(d["DocumentFile"]) for d in stored] == [content] * 2
    assert [d.get("DocumentFileExtension") for d in stored] == ["pdf", None]
    assert stored[0]["DocumentFileSize"] == len(content)
    assert list(served.crm.list_documents()) == [
        DocumentRow(stored[0]["DocumentId"], activity.record_id, "offer.pdf"),
        DocumentRow(single.record_id, activity.record_id, "README"),
    ]


def test_an_activity_is_put_under_an_opportunity_and_taken_off_it(
    served: ServedWebCrm, acme: int
) -> None:
    crane = served.system.add_opportunity(acme, "Crane")
    served.crm.write_activities([create_draft(acme)])
    (activity_id,) = (a["ActivityId"] for a in served.system.activities)
    for chosen in (crane, 0):
        served.crm.change_activity(activity_id, ActivityChange(opportunity_id=chosen))
        assert served.system.activities[0].get("ActivityOpportunityId", 0) == chosen
        assert served.system.activities[0]["ActivityDescription"] == "Offer"
