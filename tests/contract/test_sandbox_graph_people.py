"""Users, folders, categories and rules of the simulated Graph, and actions of people."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contract.graph_setup import MAIL, GraphSetup, code
from webcrm_sync_sandbox.outlook import Mail


def names(answer: httpx.Response) -> list[str]:
    return [one["displayName"] for one in answer.json()["value"]]


def test_a_user_is_found_by_address_or_id_and_shows_aliases_when_asked(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    plain = graph.get("/users/ANN@example.com").json()
    assert plain["id"] == graph_setup.box.user_id
    assert "proxyAddresses" not in plain
    aliases = graph.get(f"{graph_setup.me}?$select=proxyAddresses").json()["proxyAddresses"]
    assert aliases == ["SMTP:ann@example.com", "smtp:sales@example.com"]
    assert graph.get("/users/nobody@example.com").status_code == 404


def test_settings_show_whether_a_mailbox_is_shared_and_its_language(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.outlook.add_mailbox("info@example.com", "Info", shared=True, language="da")
    shown = graph.get("/users/info@example.com/mailboxSettings").json()
    assert (shown["userPurpose"], shown["language"]["locale"]) == ("shared", "da-DK")
    assert graph.get(f"{graph_setup.me}/mailboxSettings/userPurpose").json()["value"] == "user"


@pytest.mark.parametrize(
    ("language", "inbox", "sent"),
    [("en", "Inbox", "Sent Items"), ("da", "Indbakke", "Sendt post")],
)
def test_built_in_folders_have_names_in_the_owners_language(
    graph_setup: GraphSetup, graph: httpx.Client, language: str, inbox: str, sent: str
) -> None:
    box = graph_setup.outlook.add_mailbox("kim@example.com", "Kim", language=language)
    base = f"/users/{box.user_id}/mailFolders"
    assert graph.get(f"{base}/inbox").json()["displayName"] == inbox
    assert graph.get(f"{base}/SentItems").json()["displayName"] == sent
    assert box.folder(inbox) is box.folder("inbox")


def test_a_folder_is_found_by_its_name_without_case(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    base = f"{graph_setup.me}/mailFolders/inbox/childFolders"
    found = graph.get(base, params={"$filter": "displayName eq 'WEBCRM SYNC'"}).json()["value"]
    assert [one["id"] for one in found] == [graph_setup.folder.id]
    assert found[0]["parentFolderId"] == graph_setup.box.folder("inbox").id


def test_a_taken_name_is_a_conflict_even_when_it_is_hidden(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    base = f"{graph_setup.me}/mailFolders"
    graph_setup.box.make_folder("msgfolderroot", "webCRM sync", hidden=True)
    assert "webCRM sync" not in names(graph.get(f"{base}?$top=100"))
    assert "webCRM sync" in names(graph.get(f"{base}?$top=100&includeHiddenFolders=true"))
    refused = graph.post(base, json={"displayName": "webcrm SYNC"})
    assert code(refused) == (409, "ErrorFolderExists")
    assert graph.post(base, json={"displayName": "Other"}).status_code == 201


def test_folders_come_ten_at_a_time(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    for number in range(12):
        graph_setup.box.make_folder(graph_setup.folder, str(number))
    page = graph.get(f"{graph_setup.me}/mailFolders/{graph_setup.folder.id}/childFolders")
    rest = graph.get(page.json()["@odata.nextLink"])
    assert names(page) + names(rest) == [str(number) for number in range(12)]


def test_a_folder_keeps_its_id_when_it_is_renamed_moved_and_deleted(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    path = f"{graph_setup.me}/mailFolders/{graph_setup.folder.id}"
    item = graph_setup.arrive()
    assert (
        graph.patch(path, json={"displayName": "Customers"}).json()["id"] == graph_setup.folder.id
    )
    moved = graph.post(f"{path}/move", json={"destinationId": "sentitems"})
    assert moved.status_code == 201
    assert graph.delete(path).status_code == 204
    shown = graph.get(path).json()
    assert shown["parentFolderId"] == graph_setup.box.folder("deleteditems").id
    assert (shown["displayName"], shown["totalItemCount"]) == ("Customers", 1)
    assert graph.delete(path).status_code == 204
    assert code(graph.get(path)) == (404, "ErrorItemNotFound")
    assert graph.get(f"{graph_setup.messages}/{item}").status_code == 404
    assert graph.delete(f"{graph_setup.me}/mailFolders/inbox").status_code == 400


def test_a_category_exists_once_in_any_case(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    path = f"{graph_setup.me}/outlook/masterCategories"
    made = graph.post(path, json={"displayName": "Synced", "color": "preset4"})
    assert made.status_code == 201
    assert graph.post(path, json={"displayName": "SYNCED", "color": "none"}).status_code == 409
    assert graph.post(path, json={"displayName": "x", "color": "pink"}).status_code == 400
    one = f"{path}/{made.json()['id']}"
    assert graph.patch(one, json={"color": "preset7"}).json()["color"] == "preset7"
    assert graph.patch(one, json={"displayName": "Other"}).status_code == 400
    item = graph_setup.arrive(Mail("x", None, (), categories=("Synced",)))
    assert graph.delete(one).status_code == 204
    assert graph_setup.box.read(item).categories == ("Synced",)


def rule(graph_setup: GraphSetup, **more: Any) -> dict[str, Any]:
    return {
        "displayName": "webCRM sync: example.org",
        "sequence": 1,
        "isEnabled": True,
        "conditions": {"senderContains": ["@EXAMPLE.org"]},
        "actions": {"moveToFolder": graph_setup.folder.id, "assignCategories": ["webCRM sync"]},
    } | more


def test_a_rule_moves_what_arrives_and_nothing_else(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    before = graph_setup.box.deliver(MAIL)
    path = f"{graph_setup.me}/mailFolders/inbox/messageRules"
    made = graph.post(path, json=rule(graph_setup))
    assert made.status_code == 201
    arrived = graph_setup.box.deliver(MAIL)
    other = graph_setup.box.deliver(Mail("x", "kim@example.net", "ann@example.com"))
    assert graph_setup.box.read(arrived).folder == "webCRM sync"
    assert graph_setup.box.read(arrived).categories == ("webCRM sync",)
    assert [graph_setup.box.read(one).folder for one in (before, other)] == ["Inbox", "Inbox"]
    one = f"{path}/{made.json()['id']}"
    assert graph.patch(one, json={"isEnabled": False}).json()["isEnabled"] is False
    assert graph_setup.box.read(graph_setup.box.deliver(MAIL)).folder == "Inbox"
    assert graph.delete(one).status_code == 204
    assert graph.get(path).json()["value"] == []


def test_an_exception_of_a_rule_leaves_a_mail_where_it_is(graph_setup: GraphSetup) -> None:
    graph_setup.box.add_rule(
        "all",
        conditions={"sentToMe": True},
        exceptions={"isAutomaticReply": True},
        actions={"moveToFolder": graph_setup.folder.id},
    )
    away = Mail("Away", "bo@example.org", "ann@example.com", headers=(("Auto-Submitted", "yes"),))
    assert graph_setup.box.read(graph_setup.box.deliver(away)).folder == "Inbox"
    assert graph_setup.box.read(graph_setup.box.deliver(MAIL)).folder == "webCRM sync"


def test_a_rule_whose_folder_is_gone_shows_an_error(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    path = f"{graph_setup.me}/mailFolders/inbox/messageRules"
    graph.post(path, json=rule(graph_setup))
    graph_setup.box.delete_folder(graph_setup.folder)
    graph_setup.box.delete_folder(graph_setup.folder)
    assert graph.get(path).json()["value"][0]["hasError"] is True
    assert graph_setup.box.read(graph_setup.box.deliver(MAIL)).folder == "Inbox"


def test_an_invalid_rule_is_refused(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    path = f"{graph_setup.me}/mailFolders/inbox/messageRules"
    nameless = rule(graph_setup)
    del nameless["displayName"]
    assert graph.post(path, json=nameless).status_code == 400
    assert graph.post(path, json=rule(graph_setup, actions={"explode": True})).status_code == 400
    many = {"senderContains": ["x" * 1000] * 300}
    assert code(graph.post(path, json=rule(graph_setup, conditions=many))) == (
        403,
        "ErrorQuotaExceeded",
    )
    elsewhere = f"{graph_setup.me}/mailFolders/sentitems/messageRules"
    assert graph.post(elsewhere, json=rule(graph_setup)).status_code == 400
    fixed = graph_setup.box.add_rule("fixed", actions={"markAsRead": True}, is_read_only=True)
    assert graph.delete(f"{path}/{fixed.id}").status_code == 403
    shown = graph.get(f"{path}/{fixed.id}").json()
    assert shown["isReadOnly"] is True
    assert "conditions" not in shown


def test_a_sent_mail_is_in_sent_items(graph_setup: GraphSetup) -> None:
    item = graph_setup.box.put_sent(MAIL)
    assert [one.id for one in graph_setup.box.messages("sentitems")] == [item]
    assert graph_setup.box.messages("outbox") == []
    graph_setup.box.delete(item)
    assert graph_setup.box.read(item).folder == "Deleted Items"
    with pytest.raises(KeyError):
        graph_setup.box.folder("Inbox/nowhere")


def test_only_the_senders_copy_shows_blind_copies(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    mail = Mail("x", "bo@example.org", "ann@example.com", bcc=("kim@example.net",))
    copies = {"inbox": graph_setup.box.deliver(mail), "sentitems": graph_setup.box.put_sent(mail)}
    shown = {
        place: graph.get(f"{graph_setup.messages}/{item}?$select=bccRecipients").json()[
            "bccRecipients"
        ]
        for place, item in copies.items()
    }
    assert (len(shown["inbox"]), len(shown["sentitems"])) == (0, 1)
