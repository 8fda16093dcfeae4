"""What the product's client writes into the simulated webCRM, over HTTP."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

from contract.webcrm_client.bench import KEY, Bench, draft
from webcrm_sync.core.crm import CreatedRecord, DocumentDraft, DocumentRow, RejectedRecord


def test_an_activity_stands_in_webcrm_as_it_was_drafted(bench: Bench, acme: int) -> None:
    person = bench.world.add_person(acme, "buyer@acme.example")
    user = bench.world.add_user("seller@us.example", "Seller")
    [answer] = bench.crm.write_activities([draft(acme, person_id=person, user_id=user)])
    [stored] = bench.world.activities
    assert answer == CreatedRecord(stored["ActivityId"])
    assert stored["ActivityOrganisationId"] == acme
    assert stored["ActivityPersonId"] == person
    assert stored["ActivityAssignedTo"] == user
    assert stored["ActivityStatus"] == "Completed"
    assert stored["ActivityDescription"] == "Offer"
    assert stored["ActivityMemo"] == "Two halls, please."
    assert stored["ActivityDateTime"] == datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
    assert stored["ActivityCustom15"] == KEY


def test_fifty_activities_take_one_request(bench: Bench, acme: int) -> None:
    answers = bench.crm.write_activities([draft(acme)] * 50)
    assert len({a.record_id for a in answers if isinstance(a, CreatedRecord)}) == 50
    assert bench.journal.count(path="/Activities") == 1


def test_nothing_to_write_asks_nothing(bench: Bench) -> None:
    assert bench.crm.write_activities([]) == []
    assert bench.journal.exchanges == []


def test_one_bad_line_does_not_keep_the_others_out(bench: Bench, acme: int) -> None:
    lines = bench.crm.write_activities(
        [draft(acme), draft(acme, action="Pigeon"), draft(acme, subject="x" * 201), draft(None)]
    )
    assert [type(line) for line in lines] == [
        CreatedRecord,
        RejectedRecord,
        RejectedRecord,
        CreatedRecord,
    ]
    assert isinstance(lines[1], RejectedRecord)
    assert "Pigeon" in lines[1].message
    assert len(bench.world.activities) == 2


def test_a_create_that_came_too_fast_is_rejected_and_works_again(bench: Bench, acme: int) -> None:
    bench.world.failing_creates = 1
    one, two = bench.crm.write_activities([draft(acme), draft(acme)])
    assert isinstance(one, RejectedRecord)
    assert isinstance(two, CreatedRecord)


def test_attachments_hang_on_their_activity_and_are_found_again(bench: Bench, acme: int) -> None:
    [activity] = bench.crm.write_activities([draft(acme)])
    assert isinstance(activity, CreatedRecord)
    content = b"\x00\xff%PDF"
    pdf = DocumentDraft(activity.record_id, acme, "offer.pdf", BytesIO(content), len(content))
    bulk = bench.crm.write_documents([pdf, replace(pdf, activity_id=99)])
    assert [type(line) for line in bulk] == [CreatedRecord, RejectedRecord]
    single = bench.crm.write_document(replace(pdf, name="README", organisation_id=None))
    stored = bench.world.documents
    assert [b64decode(d["DocumentFile"]) for d in stored] == [content] * 2
    assert [d.get("DocumentFileExtension") for d in stored] == ["pdf", None]
    assert stored[0]["DocumentFileSize"] == len(content)
    assert list(bench.crm.documents()) == [
        DocumentRow(stored[0]["DocumentId"], activity.record_id, "offer.pdf"),
        DocumentRow(single.record_id, activity.record_id, "README"),
    ]
