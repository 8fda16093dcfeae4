"""Mails created in the simulated Graph: drafts, sent mails, stamps, refusals."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from contract.graph_setup import STAMP, GraphSetup, code

FLAGS = {"id": "Integer 0x0E07", "value": "1"}


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


def test_a_draft_stays_a_draft_after_any_update(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    draft = graph.post(graph_setup.messages, json={"subject": "x"}).json()
    path = f"{graph_setup.messages}/{draft['id']}"
    assert draft["isDraft"] is True
    for change in ({"isDraft": False}, {"singleValueExtendedProperties": [FLAGS]}):
        assert graph.patch(path, json=change).status_code == 200
        assert graph.get(path).json()["isDraft"] is True


def test_a_mail_created_with_the_flag_counts_as_sent_at_the_given_time(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    answer = graph.post(f"{graph_setup.me}/mailFolders/sentitems/messages", json=sent_mail())
    assert answer.status_code == 201
    made = answer.json()
    assert (made["isDraft"], made["isRead"]) == (False, True)
    assert made["sentDateTime"] == "2026-11-20T10:00:00Z"
    assert made["receivedDateTime"] == "2026-11-20T10:00:03Z"
    assert made["internetMessageId"] == "<crm-8812@crm.example.com>"
    assert made["categories"] == ["webCRM sync", "Synced"]
    assert "singleValueExtendedProperties" not in made
    assert graph_setup.journal.exchanges[-1].contents == ()


def test_times_in_the_json_do_not_set_a_mails_time(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    body = sent_mail(sentDateTime="2020-01-01T00:00:00Z", singleValueExtendedProperties=[FLAGS])
    made = graph.post(f"{graph_setup.me}/mailFolders/sentitems/messages", json=body).json()
    assert not made["sentDateTime"].startswith("2020")


def test_a_stamp_is_found_by_its_value_and_shown_only_when_asked_for(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    made = graph.post(f"{graph_setup.me}/mailFolders/sentitems/messages", json=sent_mail()).json()
    wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{STAMP}' and ep/value eq 'CRM-8812')"
    found = graph.get(graph_setup.messages, params={"$filter": wanted, "$select": "id"}).json()[
        "value"
    ]
    assert [one["id"] for one in found] == [made["id"]]
    assert "singleValueExtendedProperties" not in found[0]
    misspelt = wanted.replace("webcrmMailId", "WebcrmMailId")
    assert graph.get(graph_setup.messages, params={"$filter": misspelt}).json()["value"] == []
    expand = f"singleValueExtendedProperties($filter=id eq '{STAMP}')"
    shown = graph.get(f"{graph_setup.messages}/{made['id']}", params={"$expand": expand}).json()
    assert shown["singleValueExtendedProperties"][0]["value"] == "crm-8812"


def test_a_copy_has_a_new_id_and_the_same_stamp_and_categories(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    made = graph.post(f"{graph_setup.me}/mailFolders/sentitems/messages", json=sent_mail()).json()
    path = f"{graph_setup.messages}/{made['id']}/copy"
    copied = graph.post(path, json={"destinationId": "inbox"}).json()
    assert copied["id"] != made["id"]
    assert copied["categories"] == made["categories"]
    assert len(graph_setup.box.items_with_property(STAMP, "crm-8812")) == 2


def test_named_properties_are_limited(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    graph_setup.box.named_properties_left = 0
    answer = graph.post(graph_setup.messages, json=sent_mail())
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
def test_a_malformed_mail_is_refused_and_not_created(
    graph_setup: GraphSetup, graph: httpx.Client, body: dict[str, Any], refusal: int
) -> None:
    assert graph.post(graph_setup.messages, json=body).status_code == refusal
    assert graph_setup.box.items() == []


def test_a_mail_created_from_mime_is_always_a_draft(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    mime = b"Subject: Hi\r\nFrom: ann@example.com\r\nTo: Bo <bo@example.org>\r\n\r\nHello\r\n"
    path, plain = f"{graph_setup.me}/mailFolders/sentitems/messages", {"Content-Type": "text/plain"}
    made = graph.post(path, content=base64.b64encode(mime), headers=plain)
    assert made.status_code == 201
    assert (made.json()["isDraft"], made.json()["subject"]) == (True, "Hi")
    assert graph.post(path, content=b"no base64!", headers=plain).status_code == 400
