"""webCRM's JSON <-> our values."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.webcrm_answers import NOW
from webcrm_sync.core.crm import ActivityDraft, DocumentDraft
from webcrm_sync.core.errors import TryLater
from webcrm_sync.webcrm import wire
from webcrm_sync.webcrm.requests import (
    ActivityChange,
    activities_body,
    activity_change_body,
    document_body,
    format_time,
)
from webcrm_sync.webcrm.wire import Row

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


def test_a_record_without_its_id_is_tried_later() -> None:
    with pytest.raises(TryLater):
        wire.read_keyed_activity(Row({"ActivityCustom15": "ms1-x"}), "ActivityCustom15")


@pytest.mark.parametrize("status", ["Completed", "completed", 2, "2"])
def test_completed_may_be_a_name_or_a_number(status: object) -> None:
    found = wire.read_sent_activity(
        Row({"ActivityId": 1, "ActivityStatus": status}), "ActivityCustom15", UTC
    )
    assert found.is_completed


@pytest.mark.parametrize("status", ["Planned", "Active", 0, 1, "1", None, ""])
def test_every_other_status_is_not_completed(status: object) -> None:
    fields = {"ActivityId": "1", "ActivityStatus": status, "RowNumber": 1, "a_history": "<td>"}
    assert not wire.read_sent_activity(Row(fields), "ActivityCustom15", UTC).is_completed


def test_null_counts_as_missing() -> None:
    names = ["OrganisationId", "PersonId", "AssignedTo", "Action", "Memo", "DateTime", "Custom15"]
    nulls = Row({"ActivityId": 1, **{f"Activity{name}": None for name in names}})
    missing = Row({"ActivityId": 1})
    key = "ActivityCustom15"
    assert wire.read_sent_activity(nulls, key, UTC) == wire.read_sent_activity(missing, key, UTC)
    assert wire.read_person(Row({"PersonId": 1, "PersonEmail": None})) == wire.read_person(
        Row({"PersonId": 1})
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01T12:00:00Z", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01T12:00:00+00:00", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01T12:00:00.5000000-03:00", datetime(2026, 7, 1, 15, 0, 0, 500000, tzinfo=UTC)),
        ("2026-12-01T12:00:00", datetime(2026, 12, 1, 11, tzinfo=UTC)),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_without_an_offset_is_in_the_given_zone(
    text: str | None, expected: datetime | None
) -> None:
    assert Row({"At": text}).time("At", COPENHAGEN) == expected


def test_created_and_updated_without_an_offset_are_utc_in_any_zone() -> None:
    row = Row(
        {
            "ActivityId": 1,
            "ActivityDateTime": "2026-07-01T12:00:00",
            "ActivityCreatedAt": "2026-07-01T12:00:00",
        }
    )
    found = wire.read_sent_activity(row, "ActivityCustom15", COPENHAGEN)
    assert found.created_at == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert found.at == datetime(2026, 7, 1, 10, tzinfo=UTC)


@given(
    st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001 - Hypothesis adds the zone
    .map(lambda at: at.replace(microsecond=0, tzinfo=UTC)),
    st.sampled_from(["UTC", "Europe/Copenhagen", "Asia/Kolkata", "America/St_Johns"]),
)  # fmt: skip
def test_a_written_time_is_read_back_as_the_same_moment(at: datetime, zone: str) -> None:
    assert Row({"At": format_time(at, ZoneInfo(zone))}).time("At") == at


def test_a_time_is_written_with_the_offset_of_its_zone() -> None:
    assert format_time(NOW, UTC) == "2026-11-23T10:00:00Z"
    assert format_time(NOW, COPENHAGEN) == "2026-11-23T11:00:00+01:00"


def test_unknown_fields_of_an_activity_are_left_out() -> None:
    draft = ActivityDraft("ms1-k", "E-mail in", None, None, 5, "Hej \ud800", "", NOW)
    [sent] = json.loads(activities_body([draft], key_field="ActivityPlus3", zone=UTC))
    assert sent == {
        "ActivityId": 0,
        "ActivityStatus": "Completed",
        "ActivityAction": "E-mail in",
        "ActivityAssignedTo": 5,
        "ActivityDescription": "Hej ?",
        "ActivityMemo": "",
        "ActivityDateTime": "2026-11-23T10:00:00Z",
        "ActivityPlus3": "ms1-k",
    }


def test_a_document_body_holds_its_content_and_its_activity() -> None:
    draft = DocumentDraft(4, None, "a.b.PDF", BytesIO(b"\xfb\xff"), 2)
    sent = json.loads(b"".join(document_body(draft)))
    assert sent == {
        "DocumentId": 0,
        "DocumentFileName": "a.b.PDF",
        "DocumentFileExtension": "PDF",
        "DocumentFileSize": 2,
        "DocumentFile": "+/8=",
        "DocumentLinkedEntityType": "Activity",
        "DocumentLinkedEntityId": 4,
    }


def test_a_document_that_is_not_linked_to_an_activity_is_none() -> None:
    assert wire.read_document(Row({"DocumentId": 1, "DocumentLinkedEntityType": "Person"})) is None
    assert wire.read_document(Row({"DocumentId": 1, "DocumentLinkedEntityType": None})) is None


@pytest.mark.parametrize(
    "field",
    ["Sales/eva@x.example", "12 34 56 78/eva@x.example", "eva@x.example/Eva", "n/a/eva@x.example",
     "https://x.example/eva@x.example", "eva@x / eva@x.example"],
)  # fmt: skip
def test_a_slash_separates_an_address_from_other_words(field: str) -> None:
    found = wire.read_person(Row({"PersonId": 1, "PersonEmail": field}))
    assert "eva@x.example" in {c.address for c in found.contacts}
    assert found.unmatchable is None


@pytest.mark.parametrize(
    "field",
    ["eva@x", "eva@x..example", "eva@x .example", "eva@x,example", "eva@x.e", "eva@x.e xample",
     "eva@.example", "eva@x.", "eva@example; bo@x", "eva@@x.example", f"eva@{'x' * 64}.example"],
)  # fmt: skip
def test_a_person_without_a_mailable_address_is_unmatchable(field: str) -> None:
    found = wire.read_person(Row({"PersonId": 1, "PersonEmail": field}))
    assert found.unmatchable is not None
    assert found.unmatchable.text == field


def test_a_person_has_each_address_once_and_a_name() -> None:
    found = wire.read_person(
        Row(
            {
                "PersonId": 3,
                "PersonEmail": "A@x.example, b@x.example ;n/a",
                "PersonEmail2": "a@X.example",
                "PersonFirstName": "Kim",
                "PersonLastName": "Doe",
                "PersonStatus": "Other",
            }
        )
    )
    assert [(c.address, c.name, c.organisation_id, c.is_active) for c in found.contacts] == [
        ("a@x.example", "Kim Doe", 0, True),
        ("b@x.example", "Kim Doe", 0, True),
    ]


@pytest.mark.parametrize("status", ["Resigned", "resigned", 1])
def test_a_resigned_person_is_not_active(status: object) -> None:
    found = wire.read_person(
        Row({"PersonId": 3, "PersonEmail": "a@x.example", "PersonStatus": status})
    )
    assert [c.is_active for c in found.contacts] == [False]


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("acme.example", ("acme.example",)),
        (" WWW.Acme.Example. ", ("acme.example",)),
        ("https://user@www.acme.example:8080/a?b#c", ("acme.example",)),
        ("@acme.example", ("acme.example",)),
        ("acme.example; acme.test, acme.example", ("acme.example", "acme.test")),
        ("http://[bad", ()),
        ("none", ()),
        ("see catalogue", ()),
        ("", ()),
    ],
)
def test_a_domain_is_found_in_each_common_spelling(text: str, domains: tuple[str, ...]) -> None:
    for name in ("OrganisationDomain", "OrganisationWww"):
        assert wire.read_organisation(Row({"OrganisationId": 1, name: text})).domains == domains


@pytest.mark.parametrize(
    ("database", "friendly", "name"),
    [
        ("a_action", "Handling", "ActivityAction"),
        ("a_custom15", "Nøgle", "ActivityCustom15"),
        ("x", "ActivityMemo", "ActivityMemo"),
        ("ActivityAction", "Action", "ActivityAction"),
        ("a_snoozedAt", "Snoozed", "a_snoozedAt"),
    ],
)
def test_the_api_name_of_a_field_is_found_in_either_of_its_names(
    database: str, friendly: str, name: str
) -> None:
    fields = {
        "FieldMetadataDbFieldName": database,
        "FieldMetadataFriendlyFieldName": friendly,
        "FieldMetadataTextFieldMaxLength": None,
        "FieldMetadataDropdownListData": None,
    }
    found = wire.read_field(Row(fields))
    assert (found.name, found.max_length, found.choices) == (name, 0, ())


json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(["Id", "OrganisationId", "Status", "DateTime", "Memo"]), json_values)
def test_no_value_of_a_field_breaks_an_activity(name: str, value: object) -> None:
    row = Row({"ActivityId": 1, "PersonId": 1, "OrganisationId": 1, f"Activity{name}": value})
    try:
        wire.read_sent_activity(row, "ActivityMemo", COPENHAGEN)
    except TryLater:
        assert name == "Id"


@given(st.dictionaries(st.sampled_from(["Email", "Email2", "Name", "Status"]), json_values))
def test_no_value_of_a_field_breaks_a_person(given_fields: dict[str, object]) -> None:
    row = Row({"PersonId": 1, **{f"Person{k}": v for k, v in given_fields.items()}})
    for contact in wire.read_person(row).contacts:
        assert contact.address == contact.address.strip().casefold()
        assert "@" in contact.address


@given(st.text(max_size=40))
def test_each_domain_found_in_a_web_address_looks_like_one(text: str) -> None:
    for domain in wire.read_organisation(
        Row({"OrganisationId": 1, "OrganisationWww": text})
    ).domains:
        assert "." in domain
        assert not domain.startswith("www.")
        assert not any(letter.isspace() for letter in domain)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1000, 1000.0), ("12.5", 12.5), (None, None), ("", None), ("1,5", None), ("NaN", None)],
)
def test_the_value_of_an_opportunity_is_a_number_or_unknown(
    value: object, expected: float | None
) -> None:
    row = Row({"OpportunityId": 7, "OpportunityOrderValue": value})
    assert wire.read_opportunity(row).value == expected


@pytest.mark.parametrize("lost", [None, "", "0001-01-01T00:00:00"])
def test_an_opportunity_without_a_real_lost_date_is_not_lost(lost: object) -> None:
    row = Row({"OpportunityId": 7, "OpportunityLostDate": lost, "OpportunityPersonId": -1})
    found = wire.read_opportunity(row)
    assert (found.is_lost, found.person_id, found.organisation_id) == (False, 0, 0)


@pytest.mark.parametrize("flag", [True, "true", 1, "1"])
def test_the_flag_of_a_won_opportunity_may_be_a_number(flag: object) -> None:
    assert wire.read_opportunity(
        Row({"OpportunityId": 7, "OpportunityWinYesNo": flag})
    ).is_marked_won
    assert not wire.read_opportunity(Row({"OpportunityId": 7})).is_marked_won


def test_the_number_of_a_level_is_its_value_or_begins_its_label() -> None:
    choices = [
        {"Text": "Lead", "Value": "1"},
        {"Text": "02: Offer", "Value": "x"},
        {"Text": "Nothing", "Value": None},
        "odd",
    ]
    other = Row({"FieldMetadataFriendlyFieldName": "OpportunityNumber"})
    level = Row({"FieldMetadataDbFieldName": "OP_Level", "FieldMetadataDropdownListData": choices})
    assert wire.read_level_labels([other, level]) == {1: "Lead", 2: "02: Offer"}
    assert wire.read_level_labels([other]) == {}


@pytest.mark.parametrize(("none", "text"), [(0, "0"), (-1, "-1"), (None, "null")])
def test_the_value_that_clears_an_opportunity_is_sent_as_configured(
    none: int | None, text: str
) -> None:
    body = activity_change_body(5, ActivityChange(opportunity_id=0), no_opportunity=none)
    assert body == b'{"ActivityId":5,"ActivityOpportunityId":' + text.encode() + b"}"
    kept = activity_change_body(5, ActivityChange(memo=""), no_opportunity=none)
    assert kept == b'{"ActivityId":5,"ActivityMemo":""}'
