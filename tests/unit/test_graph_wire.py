"""Graph's JSON <-> our values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.message import AttachmentKind, MessageKind, Party
from webcrm_sync.core.outlook import SentMail
from webcrm_sync.graph import wire
from webcrm_sync.graph.properties import STAMP

WHOLE_MAIL: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.message",
    "@odata.etag": 'W/"CQAA"',
    "id": "AAkA1",
    "changeKey": "CQAA",
    "parentFolderId": "FOLDER",
    "subject": "Offer 17",
    "from": {"emailAddress": {"name": " Sales ", "address": " Sales@Example.COM "}},
    "sender": {"emailAddress": {"name": "Desk", "address": "desk@example.com"}},
    "toRecipients": [{"emailAddress": {"name": "Buyer", "address": "Buyer@customer.example"}}],
    "ccRecipients": [{"emailAddress": {"address": "/o=ExchangeLabs/cn=Recipients/cn=DESK"}}],
    "bccRecipients": [],
    "sentDateTime": "2026-11-20T10:00:00Z",
    "receivedDateTime": "2026-11-20T10:00:03.1234567Z",
    "internetMessageId": "<a1@example.com>",
    "categories": ["Customer", "Synced"],
    "hasAttachments": True,
    "isDraft": False,
    "body": {"contentType": "html", "content": "<p>Hello</p>"},
    "singleValueExtendedProperties": [{"id": STAMP, "value": "ms1-s-abc"}],
}
#: Any JSON in the place of the value that Graph should send.
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def whole_mail_without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in WHOLE_MAIL.items() if key not in keys}


def test_every_part_of_a_mail_is_read() -> None:
    mail = wire.read_message(WHOLE_MAIL)
    assert (mail.graph_id, mail.change_key, mail.folder_id) == ("AAkA1", "CQAA", "FOLDER")
    assert mail.message_id == "<a1@example.com>"
    assert mail.subject == "Offer 17"
    assert mail.sender == Party("sales@example.com", "Sales")
    assert mail.to == (Party("buyer@customer.example", "Buyer"),)
    assert mail.bcc == ()
    assert mail.sent_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert mail.received_at == datetime(2026, 11, 20, 10, 0, 3, 123456, tzinfo=UTC)
    assert mail.categories == ("Customer", "Synced")
    assert (mail.has_attachments, mail.is_draft, mail.kind) == (True, False, MessageKind.MAIL)
    assert (mail.body, mail.body_is_html) == ("<p>Hello</p>", True)
    assert mail.stamp == "ms1-s-abc"


def test_a_legacy_exchange_name_stays_without_an_at_sign() -> None:
    (party,) = wire.read_message(WHOLE_MAIL).cc
    assert party.address == "/o=exchangelabs/cn=recipients/cn=desk"
    assert party.domain == ""


def test_the_sender_replaces_an_empty_from() -> None:
    for nobody in (None, {}, {"emailAddress": {"name": "x"}}):
        mail = wire.read_message(WHOLE_MAIL | {"from": nobody})
        assert mail.sender == Party("desk@example.com", "Desk")
    assert wire.read_message(whole_mail_without("from", "sender")).sender is None


def test_a_recipient_without_an_address_is_left_out() -> None:
    lines = [{"emailAddress": {"name": "Undisclosed"}}, {}, {"emailAddress": None}]
    assert wire.read_message(WHOLE_MAIL | {"toRecipients": lines}).to == ()


def test_only_our_property_is_our_stamp_in_any_case_of_its_guid() -> None:
    foreign = {"id": "String {00000000-0000-0000-0000-000000000000} Name other", "value": "x"}
    ours = {"id": STAMP.upper(), "value": "ms1-m-7"}
    assert wire.read_stamp({"singleValueExtendedProperties": [foreign, ours]}) == "ms1-m-7"
    assert wire.read_stamp({"singleValueExtendedProperties": [foreign]}) is None
    assert wire.read_stamp({}) is None


def test_a_mail_without_a_message_id_has_none() -> None:
    assert wire.read_message(whole_mail_without("internetMessageId")).message_id is None
    assert wire.read_message(WHOLE_MAIL | {"internetMessageId": " "}).message_id is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        ("yesterday", None),
        (None, None),
        ("2026-11-20T10:00:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T11:00:00+01:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:59:59-05:00", None),
        ("9999-12-31T23:59:59+05:00", datetime(9999, 12, 31, 18, 59, 59, tzinfo=UTC)),
        ("10000-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("0001-12-31T23:59:59-14:00", None),
        ("0002-01-01T00:00:00+14:00", datetime(1, 12, 31, 10, tzinfo=UTC)),
        ("1601-01-01T00:00:00Z", datetime(1601, 1, 1, tzinfo=UTC)),
        ("1969-12-31T23:59:59Z", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2096-02-29T00:00:00Z", datetime(2096, 2, 29, tzinfo=UTC)),
        ("2095-02-29T00:00:00Z", None),
        ("2026-11-20T10:00:00+99:00", None),
        (1764000000, None),
    ],
)
def test_times_are_aware_or_none(value: object, expected: datetime | None) -> None:
    assert wire.get_time({"at": value}, "at") == expected


def test_a_text_holds_no_characters_that_postgresql_refuses() -> None:
    assert wire.get_text({"t": "a\0b\ud83d c \ud83d\ude00"}, "t") == "ab\ufffd c \U0001f600"


def test_a_delta_entry_with_all_keys_holds_the_mail() -> None:
    change = wire.read_change(WHOLE_MAIL)
    assert change.message == wire.read_message(WHOLE_MAIL)
    assert (change.change_key, change.categories) == ("CQAA", ("Customer", "Synced"))


def test_in_a_delta_update_a_missing_key_is_unchanged_and_not_empty() -> None:
    change = wire.read_change({"id": "AAkA1", "changeKey": "CQAB"})
    assert (change.change_key, change.categories, change.message) == ("CQAB", None, None)
    assert wire.read_change({"id": "AAkA1", "categories": []}).categories == ()
    assert wire.read_change(whole_mail_without("body")).message is None


def test_a_removed_entry_holds_only_its_id() -> None:
    change = wire.read_change({"id": "AAkA2", "@removed": {"reason": "deleted"}})
    assert (change.graph_id, change.is_removed, change.message) == ("AAkA2", True, None)


def test_a_pages_cursor_is_its_link_unchanged() -> None:
    link = "https://graph.example/v1.0/users('u')/x?$skiptoken=a%2Bb'(c)"
    middle = wire.read_page({"value": [WHOLE_MAIL], "@odata.nextLink": link})
    assert (middle.cursor, middle.is_last, len(middle.changes)) == (link, False, 1)
    last = wire.read_page({"value": [], "@odata.deltaLink": link})
    assert (last.cursor, last.is_last, last.changes) == (link, True, ())


def test_a_page_without_links_is_refused() -> None:
    with pytest.raises(Refused):
        wire.read_page({"value": []})


def test_a_new_mail_counts_as_a_draft_unless_graph_denies_it() -> None:
    assert wire.read_created({"id": "a", "isDraft": False}).is_draft is False
    assert wire.read_created({"id": "a"}).is_draft is True


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("#microsoft.graph.fileAttachment", AttachmentKind.FILE),
        ("#microsoft.graph.itemAttachment", AttachmentKind.ITEM),
        ("#microsoft.graph.referenceAttachment", AttachmentKind.REFERENCE),
    ],
)
def test_an_attachment_is_read_with_its_kind(value: str, expected: AttachmentKind) -> None:
    raw = {"@odata.type": value, "id": "1", "name": "a.pdf", "size": 7, "isInline": True}
    found = wire.read_attachment(raw)
    assert (found.kind, found.name, found.size, found.is_inline) == (expected, "a.pdf", 7, True)


def test_the_mirror_of_a_mail_is_complete_in_one_body() -> None:
    mail = SentMail(
        message_id="<m1@crm.example>",
        subject="Offer",
        body="<p>x</p>",
        body_is_html=True,
        sender_name="Sales",
        sender_address="sales@example.com",
        recipient_name="Buyer",
        recipient_address="buyer@customer.example",
        sent_at=datetime(2026, 11, 20, 12, tzinfo=timezone(timedelta(hours=2))),
        categories=("webCRM sync", "Synced"),
        stamp="ms1-m-7",
    )
    body = wire.sent_mail_body(mail)
    properties = {p["id"]: p["value"] for p in body["singleValueExtendedProperties"]}
    assert properties == {
        "Integer 0x0E07": "1",
        "SystemTime 0x0039": "2026-11-20T10:00:00Z",
        "SystemTime 0x0E06": "2026-11-20T10:00:00Z",
        STAMP: "ms1-m-7",
    }
    assert body["from"] == body["sender"]
    assert body["internetMessageId"] == "<m1@crm.example>"
    assert body["categories"] == ["webCRM sync", "Synced"]
    read_back = wire.read_message(body | {"id": "1"})
    assert read_back.sender == Party("sales@example.com", "Sales")
    assert read_back.stamp == "ms1-m-7"


def test_a_marking_without_a_stamp_leaves_the_stamp_unchanged() -> None:
    assert wire.marking_body(("a", "b"), None) == {"categories": ["a", "b"]}
    assert wire.read_stamp(wire.marking_body((), "ms1-s-x")) == "ms1-s-x"


def test_a_stamp_cannot_end_its_quotes() -> None:
    assert wire.stamp_filter("x' or 'a' eq 'a").endswith("'x'' or ''a'' eq ''a')")


@given(st.dictionaries(st.sampled_from(sorted(WHOLE_MAIL)), junk), st.booleans())
def test_a_mail_with_an_id_is_read_whatever_its_other_fields_hold(
    strange: dict[str, Any], is_removed: bool
) -> None:
    raw = WHOLE_MAIL | strange | {"id": "AAkA1"} | ({"@removed": {}} if is_removed else {})
    change = wire.read_change(raw)
    assert change.graph_id == "AAkA1"
    assert change.is_removed is is_removed
    mail = wire.read_message(raw)
    assert all(p.address == p.address.strip().casefold() != "" for p in mail.recipients)
    assert mail.sent_at is None or mail.sent_at.tzinfo is UTC


@given(st.text(st.characters(exclude_categories=())))
def test_every_text_can_be_stored(value: str) -> None:
    clean = wire.get_text({"t": value}, "t")
    clean.encode()
    assert "\0" not in clean
    assert wire.get_text({"t": clean}, "t") == clean


@given(
    st.text() | st.sampled_from(["a/b", "?x", "#x", "%2e%2e", "a/../b", "..;", " .. ", "x$count"])
)
def test_an_id_stays_one_segment_of_the_url(graph_id: str) -> None:
    try:
        address = wire.build_path("users", "u", "messages", graph_id, select="id")
    except Gone:
        assert not graph_id.strip(".") or graph_id.startswith("$")
        return
    assert address.isascii()
    assert address.removesuffix("?$select=id").count("/") == 4
    sent = httpx.URL(f"https://graph.example/v1.0{address}").raw_path.decode()
    assert sent == f"/v1.0{address}"


@pytest.mark.parametrize(
    "other",
    [
        *(
            "",
            ".",
            "..",
            "...",
            "....",
            "$count",
            "$ref",
            "$filter=x",
            "$",
            "$batch/x",
            "\ud800",
            "x\udfff",
        )
    ],
    ids=ascii,
)
def test_a_segment_that_can_be_no_id_is_gone(other: str) -> None:
    for segments in (("users", other), ("users", "u", "messages", other, "move"), (other,)):
        with pytest.raises(Gone, match="no address can hold"):
            wire.build_path(*segments)
