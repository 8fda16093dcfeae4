"""Messages of the simulated Graph: ids, versions, finding, deleting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx

from contract.graph_setup import MAIL, GraphSetup, code
from webcrm_sync_sandbox.outlook import Mail


def test_a_moved_mail_keeps_its_immutable_id_and_loses_the_other(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.box.deliver(MAIL)
    mutable = graph_setup.client(prefer=None)
    before = mutable.get(f"{graph_setup.messages}/{item}").json()
    moved = graph.post(
        f"{graph_setup.messages}/{item}/move", json={"DestinationId": graph_setup.folder.id}
    )
    assert moved.status_code == 201
    assert moved.json()["id"] == item
    assert moved.json()["parentFolderId"] == graph_setup.folder.id
    assert moved.json()["changeKey"] != before["changeKey"]
    assert before["id"] != item
    assert code(mutable.get(f"{graph_setup.messages}/{before['id']}")) == (404, "ErrorItemNotFound")
    assert mutable.get(f"{graph_setup.messages}/{item}").json()["id"] != before["id"]


def test_answers_say_which_preferences_were_applied(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    answer = graph.get(f"{graph_setup.messages}/{item}", headers={"client-request-id": "mine"})
    assert answer.headers["Preference-Applied"] == 'IdType="ImmutableId"'
    assert answer.headers["client-request-id"] == "mine"
    assert (
        "Preference-Applied"
        not in graph_setup.client(prefer=None).get(graph_setup.messages).headers
    )


def test_only_what_is_selected_is_shown_and_read(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    shown = graph.get(f"{graph_setup.messages}/{item}?$select=subject,changeKey").json()
    assert {key for key in shown if "@" not in key} == {"id", "subject", "changeKey"}
    assert shown["@odata.etag"] == f'W/"{shown["changeKey"]}"'
    assert not graph_setup.journal.exchanges[-1].contents
    graph.get(f"{graph_setup.messages}/{item}?%24select=body")
    assert graph_setup.journal.exchanges[-1].contents == (item,)
    assert graph.get(f"{graph_setup.messages}/{item}?$select=nonsense").status_code == 400


def test_an_unknown_id_and_an_id_of_another_mailbox_give_different_errors(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    other = graph_setup.outlook.add_mailbox("bo@example.com", "Bo")
    foreign = other.deliver(MAIL)
    assert code(graph.get(f"{graph_setup.messages}/xyz")) == (400, "ErrorInvalidIdMalformed")
    assert code(graph.get(f"{graph_setup.messages}/{foreign}")) == (
        400,
        "ErrorInvalidMailboxItemId",
    )
    item = graph_setup.arrive()
    assert graph.get(f"{graph_setup.messages}/{item.swapcase()}").status_code == 400
    graph_setup.box.purge(graph_setup.box.existing(item))
    assert code(graph.get(f"{graph_setup.messages}/{item}")) == (404, "ErrorItemNotFound")


def test_a_new_mail_may_not_be_found_for_a_while(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.graph.behaviour.lag = timedelta(seconds=30)
    item = graph_setup.arrive()
    assert code(graph.get(f"{graph_setup.messages}/{item}")) == (404, "ErrorItemNotFound")
    graph_setup.clock.advance(timedelta(seconds=31))
    assert graph.get(f"{graph_setup.messages}/{item}").status_code == 200


def test_categories_are_replaced_only_in_the_named_version(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    path = f"{graph_setup.messages}/{item}"
    version = graph.get(path).json()["@odata.etag"]
    changed = graph.patch(path, json={"categories": ["A"]}, headers={"If-Match": version})
    assert changed.json()["categories"] == ["A"]
    assert changed.json()["@odata.etag"] != version
    late = graph.patch(path, json={"categories": ["B"]}, headers={"If-Match": version})
    assert code(late) == (412, "ErrorIrresolvableConflict")
    assert graph_setup.box.read(item).categories == ("A",)


def test_another_writer_may_interfere_without_if_match(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    graph_setup.graph.behaviour.conflicts = 1.0
    answer = graph.patch(f"{graph_setup.messages}/{item}", json={"categories": ["A"]})
    assert answer.status_code == 412
    assert graph_setup.box.read(item).categories == ()


def test_a_sent_mail_cannot_be_rewritten(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    path = f"{graph_setup.messages}/{graph_setup.arrive()}"
    assert code(graph.patch(path, json={"subject": "x"})) == (403, "ErrorAccessDenied")
    assert code(graph.patch(path, json={"id": "x"})) == (400, "ErrorInvalidPropertySet")
    graph_setup.tokens.issue("strong", roles=["Mail.ReadWrite", "Mail-Advanced.ReadWrite.All"])
    assert graph_setup.client("strong").patch(path, json={"subject": "x"}).status_code == 200


def test_a_message_id_finds_every_copy_in_any_folder(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    mail = Mail("Hi", "bo@example.org", "ann@example.com", message_id="<it's+a1@example.com>")
    ids = {graph_setup.box.put_sent(mail), graph_setup.box.deliver(mail)}
    graph_setup.arrive()
    text = quote("internetMessageId eq '<it''s+a1@example.com>'")
    found = graph.get(f"{graph_setup.messages}?$filter={text}&$select=id").json()["value"]
    assert {one["id"] for one in found} == ids


def test_a_filter_on_the_folder_is_silently_ignored(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.box.deliver(MAIL)
    found = graph.get(
        graph_setup.messages, params={"$filter": f"parentFolderId eq '{graph_setup.folder.id}'"}
    ).json()["value"]
    assert len(found) == 1
    inside = graph.get(f"{graph_setup.me}/mailFolders/{graph_setup.folder.id}/messages").json()
    assert inside["value"] == []


def test_a_listing_has_pages_of_ten_newest_first(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(25):
        graph_setup.arrive(Mail(str(day), None, "ann@example.com", sent_at=begin + timedelta(day)))
    seen: list[str] = []
    url: str | None = f"{graph_setup.messages}?$select=subject"
    sizes = []
    while url:
        page = graph.get(url).json()
        sizes.append(len(page["value"]))
        seen += [one["subject"] for one in page["value"]]
        url = page.get("@odata.nextLink")
    assert sizes == [10, 10, 5]
    assert seen == [str(day) for day in reversed(range(25))]
    assert len(graph.get(f"{graph_setup.messages}?$top=1000&$select=id").json()["value"]) == 25
    assert graph.get(f"{graph_setup.messages}?$top=1001").status_code == 400


def test_an_order_that_is_not_in_the_filter_is_refused(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    options = {"$filter": "isRead eq false", "$orderby": "receivedDateTime desc"}
    assert code(graph.get(graph_setup.messages, params=options)) == (400, "InefficientFilter")


def test_an_undescribed_option_is_recorded_in_the_journal(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    assert graph.get(f"{graph_setup.messages}?$search=x").status_code == 400
    assert graph.get(f"{graph_setup.me}/calendar").status_code == 404
    assert [e.path.rpartition("/")[2] for e in graph_setup.journal.unknown] == [
        "messages",
        "calendar",
    ]


def test_odd_mails_look_as_in_exchange(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    legacy = "/o=ExchangeLabs/ou=Group/cn=Recipients/cn=bo"
    meeting = graph_setup.arrive(Mail("M", legacy, (), kind="meeting", message_id=None))
    shown = graph.get(f"{graph_setup.messages}/{meeting}").json()
    assert shown["@odata.type"].startswith("#microsoft.graph.eventMessage")
    assert shown["from"]["emailAddress"]["address"] == legacy
    assert (shown["toRecipients"], shown["internetMessageId"]) == ([], None)
    nobody = graph_setup.arrive(Mail("N", None, ()))
    assert graph.get(f"{graph_setup.messages}/{nobody}").json()["from"] is None


def test_a_body_is_text_when_text_is_preferred(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    path = f"{graph_setup.messages}/{graph_setup.arrive()}"
    prefer = {"Prefer": 'outlook.body-content-type="text"'}
    assert graph.get(path, headers=prefer).json()["body"] == {
        "contentType": "text",
        "content": "Hello",
    }
    assert graph.get(path).json()["body"]["contentType"] == "html"


def test_deleting_moves_to_deleted_items_first(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    path = f"{graph_setup.messages}/{graph_setup.arrive()}"
    assert graph.delete(path).status_code == 204
    trash = graph_setup.box.folder("deleteditems").id
    assert graph.get(path).json()["parentFolderId"] == trash
    assert graph.post(f"{path}/permanentDelete").status_code == 204
    assert graph.get(path).status_code == 404


def test_ids_of_the_add_in_are_translated_to_graph_ids(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    rest = graph_setup.box.existing(item).rest_id
    ews = rest.replace("-", "/").replace("_", "+")
    body = {"inputIds": [ews], "sourceIdType": "ewsId", "targetIdType": "restImmutableEntryId"}
    answer = graph.post(f"{graph_setup.me}/translateExchangeIds", json=body).json()
    assert answer["value"] == [{"sourceId": ews, "targetId": item}]
