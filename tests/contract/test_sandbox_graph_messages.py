"""Messages of the simulated Graph: ids, versions, finding, creating, attachments."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from contract.sandbox_graph_desk import MAIL, STAMP, Desk, code, desk_with_one_mailbox
from webcrm_sync.sandbox.outlook import AttachedItem, File, Link, Mail

FLAGS = {"id": "Integer 0x0E07", "value": "1"}


@pytest.fixture
def desk() -> Iterator[Desk]:
    with desk_with_one_mailbox() as desk:
        yield desk


@pytest.fixture
def graph(desk: Desk) -> httpx.Client:
    return desk.client()


def sent_mail(**more: Any) -> dict[str, Any]:
    return {
        "subject": "Offer 17",
        "body": {"contentType": "html", "content": "<p>Hello</p>"},
        "from": {"emailAddress": {"name": "Ann", "address": "ann@example.com"}},
        "toRecipients": [{"emailAddress": {"name": "Bo", "address": "bo@example.org"}}],
        "internetMessageId": "<crm-8812@crm.example.com>",
        "categories": ["webCRM sync", "Synced"],
        "singleValueExtendedProperties": [
            FLAGS,
            {"id": "SystemTime 0x0039", "value": "2026-11-20T10:00:00Z"},
            {"id": "SystemTime 0x0E06", "value": "2026-11-20T10:00:03Z"},
            {"id": STAMP, "value": "crm-8812"},
        ],
    } | more


def test_a_moved_mail_keeps_its_immutable_id_and_loses_the_other(
    desk: Desk, graph: httpx.Client
) -> None:
    item = desk.box.deliver(MAIL)
    mutable = desk.client(prefer=None)
    before = mutable.get(f"{desk.messages}/{item}").json()
    moved = graph.post(f"{desk.messages}/{item}/move", json={"DestinationId": desk.folder.id})
    assert moved.status_code == 201
    assert moved.json()["id"] == item
    assert moved.json()["parentFolderId"] == desk.folder.id
    assert moved.json()["changeKey"] != before["changeKey"]
    assert before["id"] != item
    assert code(mutable.get(f"{desk.messages}/{before['id']}")) == (404, "ErrorItemNotFound")
    assert mutable.get(f"{desk.messages}/{item}").json()["id"] != before["id"]


def test_answers_say_which_wish_was_granted(desk: Desk, graph: httpx.Client) -> None:
    item = desk.arrive()
    answer = graph.get(f"{desk.messages}/{item}", headers={"client-request-id": "mine"})
    assert answer.headers["Preference-Applied"] == 'IdType="ImmutableId"'
    assert answer.headers["client-request-id"] == "mine"
    assert "Preference-Applied" not in desk.client(prefer=None).get(desk.messages).headers


def test_only_what_is_selected_is_shown_and_read(desk: Desk, graph: httpx.Client) -> None:
    item = desk.arrive()
    shown = graph.get(f"{desk.messages}/{item}?$select=subject,changeKey").json()
    assert {key for key in shown if "@" not in key} == {"id", "subject", "changeKey"}
    assert shown["@odata.etag"] == f'W/"{shown["changeKey"]}"'
    assert not desk.journal.exchanges[-1].contents
    graph.get(f"{desk.messages}/{item}?%24select=body")
    assert desk.journal.exchanges[-1].contents == (item,)
    assert graph.get(f"{desk.messages}/{item}?$select=nonsense").status_code == 400


def test_ids_of_nobody_and_of_another_mailbox_are_told_apart(
    desk: Desk, graph: httpx.Client
) -> None:
    other = desk.outlook.add_mailbox("bo@example.com", "Bo")
    foreign = other.deliver(MAIL)
    assert code(graph.get(f"{desk.messages}/xyz")) == (400, "ErrorInvalidIdMalformed")
    assert code(graph.get(f"{desk.messages}/{foreign}")) == (400, "ErrorInvalidMailboxItemId")
    item = desk.arrive()
    assert graph.get(f"{desk.messages}/{item.swapcase()}").status_code == 400
    desk.box.purge(desk.box.existing(item))
    assert code(graph.get(f"{desk.messages}/{item}")) == (404, "ErrorItemNotFound")


def test_a_fresh_mail_may_not_be_found_for_a_while(desk: Desk, graph: httpx.Client) -> None:
    desk.graph.dials.lag = timedelta(seconds=30)
    item = desk.arrive()
    assert code(graph.get(f"{desk.messages}/{item}")) == (404, "ErrorItemNotFound")
    desk.clock.advance(timedelta(seconds=31))
    assert graph.get(f"{desk.messages}/{item}").status_code == 200


def test_categories_are_replaced_only_for_the_version_that_is_named(
    desk: Desk, graph: httpx.Client
) -> None:
    item = desk.arrive()
    path = f"{desk.messages}/{item}"
    version = graph.get(path).json()["@odata.etag"]
    changed = graph.patch(path, json={"categories": ["A"]}, headers={"If-Match": version})
    assert changed.json()["categories"] == ["A"]
    assert changed.json()["@odata.etag"] != version
    late = graph.patch(path, json={"categories": ["B"]}, headers={"If-Match": version})
    assert code(late) == (412, "ErrorIrresolvableConflict")
    assert desk.box.read(item).categories == ("A",)


def test_another_writer_may_come_between_without_any_if_match(
    desk: Desk, graph: httpx.Client
) -> None:
    item = desk.arrive()
    desk.graph.dials.conflicts = 1.0
    answer = graph.patch(f"{desk.messages}/{item}", json={"categories": ["A"]})
    assert answer.status_code == 412
    assert desk.box.read(item).categories == ()


def test_what_was_sent_cannot_be_rewritten(desk: Desk, graph: httpx.Client) -> None:
    path = f"{desk.messages}/{desk.arrive()}"
    assert code(graph.patch(path, json={"subject": "x"})) == (403, "ErrorAccessDenied")
    assert code(graph.patch(path, json={"id": "x"})) == (400, "ErrorInvalidPropertySet")
    desk.badges.issue("strong", roles=["Mail.ReadWrite", "Mail-Advanced.ReadWrite.All"])
    assert desk.client("strong").patch(path, json={"subject": "x"}).status_code == 200


def test_a_draft_stays_a_draft_whatever_is_written_later(desk: Desk, graph: httpx.Client) -> None:
    draft = graph.post(desk.messages, json={"subject": "x"}).json()
    path = f"{desk.messages}/{draft['id']}"
    assert draft["isDraft"] is True
    for change in ({"isDraft": False}, {"singleValueExtendedProperties": [FLAGS]}):
        assert graph.patch(path, json=change).status_code == 200
        assert graph.get(path).json()["isDraft"] is True


def test_a_mail_made_with_the_flag_is_sent_at_the_time_given(
    desk: Desk, graph: httpx.Client
) -> None:
    answer = graph.post(f"{desk.me}/mailFolders/sentitems/messages", json=sent_mail())
    assert answer.status_code == 201
    made = answer.json()
    assert (made["isDraft"], made["isRead"]) == (False, True)
    assert made["sentDateTime"] == "2026-11-20T10:00:00Z"
    assert made["receivedDateTime"] == "2026-11-20T10:00:03Z"
    assert made["internetMessageId"] == "<crm-8812@crm.example.com>"
    assert made["categories"] == ["webCRM sync", "Synced"]
    assert "singleValueExtendedProperties" not in made
    assert desk.journal.exchanges[-1].contents == ()


def test_times_in_the_json_do_not_place_a_mail(desk: Desk, graph: httpx.Client) -> None:
    body = sent_mail(sentDateTime="2020-01-01T00:00:00Z", singleValueExtendedProperties=[FLAGS])
    made = graph.post(f"{desk.me}/mailFolders/sentitems/messages", json=body).json()
    assert not made["sentDateTime"].startswith("2020")


def test_a_stamp_is_found_by_its_value_and_shown_only_when_asked_for(
    desk: Desk, graph: httpx.Client
) -> None:
    made = graph.post(f"{desk.me}/mailFolders/sentitems/messages", json=sent_mail()).json()
    wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{STAMP}' and ep/value eq 'CRM-8812')"
    found = graph.get(desk.messages, params={"$filter": wanted, "$select": "id"}).json()["value"]
    assert [one["id"] for one in found] == [made["id"]]
    assert "singleValueExtendedProperties" not in found[0]
    misspelt = wanted.replace("webcrmMailId", "WebcrmMailId")
    assert graph.get(desk.messages, params={"$filter": misspelt}).json()["value"] == []
    expand = f"singleValueExtendedProperties($filter=id eq '{STAMP}')"
    shown = graph.get(f"{desk.messages}/{made['id']}", params={"$expand": expand}).json()
    assert shown["singleValueExtendedProperties"][0]["value"] == "crm-8812"


def test_a_copy_has_a_new_id_and_the_same_stamp_and_categories(
    desk: Desk, graph: httpx.Client
) -> None:
    made = graph.post(f"{desk.me}/mailFolders/sentitems/messages", json=sent_mail()).json()
    path = f"{desk.messages}/{made['id']}/copy"
    copied = graph.post(path, json={"destinationId": "inbox"}).json()
    assert copied["id"] != made["id"]
    assert copied["categories"] == made["categories"]
    assert len(desk.box.items_with_property(STAMP, "crm-8812")) == 2


def test_new_names_of_properties_run_out(desk: Desk, graph: httpx.Client) -> None:
    desk.box.named_properties_left = 0
    answer = graph.post(desk.messages, json=sent_mail())
    assert code(answer) == (403, "ErrorQuotaExceeded")
    assert answer.json()["error"]["message"] == "Cannot get ID from name."


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"singleValueExtendedProperties": [{"id": "String nonsense", "value": "1"}]}, 400),
        ({"singleValueExtendedProperties": [{"id": "Integer 0x0E07", "value": 1}]}, 400),
        ({"singleValueExtendedProperties": [{"id": "Integer 0x0E07", "value": "sent"}]}, 400),
        ({"internetMessageHeaders": []}, 400),
        ({"internetMessageHeaders": [{"name": "In-Reply-To", "value": "<x>"}]}, 400),
        ({"attachments": [{"name": "a.txt", "contentBytes": "MQ=="}]}, 422),
        ({"body": {"contentType": "text", "content": "x" * 4_300_000}}, 413),
        ({"madeUp": 1}, 400),
    ],
)
def test_a_malformed_mail_is_refused_and_not_made(
    desk: Desk, graph: httpx.Client, body: dict[str, Any], refusal: int
) -> None:
    assert graph.post(desk.messages, json=body).status_code == refusal
    assert desk.box.items() == []


def test_a_message_id_finds_every_copy_in_any_folder(desk: Desk, graph: httpx.Client) -> None:
    mail = Mail("Hi", "bo@example.org", "ann@example.com", message_id="<it's+a1@example.com>")
    ids = {desk.box.put_sent(mail), desk.box.deliver(mail)}
    desk.arrive()
    text = quote("internetMessageId eq '<it''s+a1@example.com>'")
    found = graph.get(f"{desk.messages}?$filter={text}&$select=id").json()["value"]
    assert {one["id"] for one in found} == ids


def test_a_filter_on_the_folder_is_silently_ignored(desk: Desk, graph: httpx.Client) -> None:
    desk.box.deliver(MAIL)
    found = graph.get(
        desk.messages, params={"$filter": f"parentFolderId eq '{desk.folder.id}'"}
    ).json()["value"]
    assert len(found) == 1
    inside = graph.get(f"{desk.me}/mailFolders/{desk.folder.id}/messages").json()
    assert inside["value"] == []


def test_a_listing_comes_in_pages_of_ten_the_newest_first(desk: Desk, graph: httpx.Client) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(25):
        desk.arrive(Mail(str(day), None, "ann@example.com", sent_at=begin + timedelta(day)))
    seen: list[str] = []
    url: str | None = f"{desk.messages}?$select=subject"
    sizes = []
    while url:
        page = graph.get(url).json()
        sizes.append(len(page["value"]))
        seen += [one["subject"] for one in page["value"]]
        url = page.get("@odata.nextLink")
    assert sizes == [10, 10, 5]
    assert seen == [str(day) for day in reversed(range(25))]
    assert len(graph.get(f"{desk.messages}?$top=1000&$select=id").json()["value"]) == 25
    assert graph.get(f"{desk.messages}?$top=1001").status_code == 400


def test_an_order_that_is_not_in_the_filter_is_refused(desk: Desk, graph: httpx.Client) -> None:
    options = {"$filter": "isRead eq false", "$orderby": "receivedDateTime desc"}
    assert code(graph.get(desk.messages, params=options)) == (400, "InefficientFilter")


def test_an_option_nobody_described_is_told_to_the_journal(desk: Desk, graph: httpx.Client) -> None:
    assert graph.get(f"{desk.messages}?$search=x").status_code == 400
    assert graph.get(f"{desk.me}/calendar").status_code == 404
    assert [e.path.rpartition("/")[2] for e in desk.journal.unknown] == ["messages", "calendar"]


def test_odd_mails_look_as_exchange_shows_them(desk: Desk, graph: httpx.Client) -> None:
    legacy = "/o=ExchangeLabs/ou=Group/cn=Recipients/cn=bo"
    meeting = desk.arrive(Mail("M", legacy, (), kind="meeting", message_id=None))
    shown = graph.get(f"{desk.messages}/{meeting}").json()
    assert shown["@odata.type"].startswith("#microsoft.graph.eventMessage")
    assert shown["from"]["emailAddress"]["address"] == legacy
    assert (shown["toRecipients"], shown["internetMessageId"]) == ([], None)
    nobody = desk.arrive(Mail("N", None, ()))
    assert graph.get(f"{desk.messages}/{nobody}").json()["from"] is None


def test_a_body_comes_as_text_when_text_is_preferred(desk: Desk, graph: httpx.Client) -> None:
    path = f"{desk.messages}/{desk.arrive()}"
    prefer = {"Prefer": 'outlook.body-content-type="text"'}
    assert graph.get(path, headers=prefer).json()["body"] == {
        "contentType": "text",
        "content": "Hello",
    }
    assert graph.get(path).json()["body"]["contentType"] == "html"


def test_inline_pictures_do_not_count_as_attachments(desk: Desk, graph: httpx.Client) -> None:
    picture = File("a.png", b"1", "image/png", is_inline=True, content_id="c1")
    item = desk.arrive(Mail("x", None, (), attachments=(picture,)))
    assert graph.get(f"{desk.messages}/{item}").json()["hasAttachments"] is False
    listed = graph.get(f"{desk.messages}/{item}/attachments?$select=id,name,isInline").json()
    assert [one["isInline"] for one in listed["value"]] == [True]
    assert "contentBytes" not in listed["value"][0]


def test_the_three_kinds_of_attachments(desk: Desk, graph: httpx.Client) -> None:
    parts = (
        File("a.bin", b"\x00\x01"),
        AttachedItem("Old mail", b"Subject: x\r\n\r\ny"),
        Link("Plan", "https://drive.example.com/1"),
    )
    item = desk.arrive(Mail("x", None, (), attachments=parts))
    base = f"{desk.messages}/{item}/attachments"
    listed = graph.get(f"{base}?$select=id,name,size").json()["value"]
    kinds = [one["@odata.type"].rpartition(".")[2] for one in listed]
    assert kinds == ["fileAttachment", "itemAttachment", "referenceAttachment"]
    assert graph.get(f"{base}/{listed[0]['id']}/$value").content == b"\x00\x01"
    assert base64.b64decode(graph.get(f"{base}/{listed[0]['id']}").json()["contentBytes"])
    assert graph.get(f"{base}/{listed[1]['id']}/$value").content.startswith(b"Subject: x")
    assert graph.get(f"{base}/{listed[2]['id']}/$value").status_code == 400
    assert graph.get(f"{base}/AAYkAHnone").status_code == 404


def test_deleting_goes_to_deleted_items_first(desk: Desk, graph: httpx.Client) -> None:
    path = f"{desk.messages}/{desk.arrive()}"
    assert graph.delete(path).status_code == 204
    trash = desk.box.folder("deleteditems").id
    assert graph.get(path).json()["parentFolderId"] == trash
    assert graph.post(f"{path}/permanentDelete").status_code == 204
    assert graph.get(path).status_code == 404


def test_ids_are_translated_from_the_add_in_to_ours(desk: Desk, graph: httpx.Client) -> None:
    item = desk.arrive()
    rest = desk.box.existing(item).rest_id
    ews = rest.replace("-", "/").replace("_", "+")
    body = {"inputIds": [ews], "sourceIdType": "ewsId", "targetIdType": "restImmutableEntryId"}
    answer = graph.post(f"{desk.me}/translateExchangeIds", json=body).json()
    assert answer["value"] == [{"sourceId": ews, "targetId": item}]


def test_a_large_file_goes_up_in_parts_in_order_and_without_a_token(
    desk: Desk, graph: httpx.Client
) -> None:
    item = desk.arrive()
    wish = {"attachmentType": "file", "name": "big.zip", "size": 5}
    base = f"{desk.messages}/{item}/attachments"
    made = graph.post(f"{base}/createUploadSession", json={"AttachmentItem": wish})
    assert (made.status_code, made.json()["nextExpectedRanges"]) == (201, ["0-"])
    url = made.json()["uploadUrl"]

    def put(part: bytes, span: str, **headers: str) -> httpx.Response:
        return httpx.put(url, content=part, headers={"Content-Range": f"bytes {span}/5"} | headers)

    assert put(b"abc", "0-2", Authorization="Bearer app").status_code == 401
    assert put(b"abc", "0-2").json() == {"NextExpectedRanges": ["3"]}
    assert put(b"abc", "0-2").status_code == 400
    done = put(b"de", "3-4")
    assert done.status_code == 201
    assert graph.get(f"{done.headers['Location']}/$value").content == b"abcde"
    assert put(b"abc", "0-2").status_code == 404
    odd = {"AttachmentItem": wish | {"attachmentType": "item"}}
    assert graph.post(f"{base}/createUploadSession", json=odd).status_code == 405


def test_a_mail_made_of_mime_is_always_a_draft(desk: Desk, graph: httpx.Client) -> None:
    mime = b"Subject: Hi\r\nFrom: ann@example.com\r\nTo: Bo <bo@example.org>\r\n\r\nHello\r\n"
    path, plain = f"{desk.me}/mailFolders/sentitems/messages", {"Content-Type": "text/plain"}
    made = graph.post(path, content=base64.b64encode(mime), headers=plain)
    assert made.status_code == 201
    assert (made.json()["isDraft"], made.json()["subject"]) == (True, "Hi")
    assert graph.post(path, content=b"no base64!", headers=plain).status_code == 400
