"""What the simulated Graph shows of a mail's headers: by name, or by MAPI ids when expanded."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from contract.graph_setup import IMMUTABLE, GraphSetup
from webcrm_sync_sandbox.outlook import Mail

IDS = ("String 0x1042", "String 0x1039", "Integer 0x0036", "String 0x001A")
EXPAND = "singleValueExtendedProperties($filter={})".format(
    " or ".join(f"id eq '{one}'" for one in IDS)
)
SELECT = "id,subject,replyTo,sender,from,conversationId"
ANSWER = Mail(
    "RE: Offer",
    sender="Boss <boss@x.example>",
    to="ann@y.example",
    sent_by="Eva <eva@x.example>",
    reply_to=("Desk <desk@x.example>", "second@x.example"),
    conversation_id="AAQkAD-conversation",
    headers=(
        ("In-Reply-To", "<b@y.example>"),
        ("References", "<a@y.example> <b@y.example>"),
        ("Sensitivity", "Private"),
        ("X-Other", "1"),
    ),
)


def delta(graph_setup: GraphSetup, graph: httpx.Client, **options: str) -> dict[str, Any]:
    query = {f"${name}": value for name, value in options.items()}
    answer = graph.get(graph_setup.delta, params=query, headers={"Prefer": IMMUTABLE})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def extended(line: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["value"] for one in line.get("singleValueExtendedProperties", [])}


def test_a_delta_page_holds_the_headers_that_it_selects(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.arrive(ANSWER)
    (line,) = delta(graph_setup, graph, select=SELECT, expand=EXPAND)["value"]
    assert [one["emailAddress"]["address"] for one in line["replyTo"]] == [
        "desk@x.example",
        "second@x.example",
    ]
    assert line["from"]["emailAddress"]["address"] == "boss@x.example"
    assert line["sender"]["emailAddress"] == {"name": "Eva", "address": "eva@x.example"}
    assert line["conversationId"] == "AAQkAD-conversation"
    assert extended(line) == {
        "String 0x1042": "<b@y.example>",
        "String 0x1039": "<a@y.example> <b@y.example>",
        "Integer 0x36": "2",  # a number without leading zeros, as a text
        "String 0x1a": "IPM.Note",
    }


def test_a_mail_shows_only_the_properties_it_has(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.arrive()
    (line,) = delta(graph_setup, graph, select=SELECT, expand=EXPAND)["value"]
    assert extended(line) == {"Integer 0x36": "0", "String 0x1a": "IPM.Note"}
    assert line["replyTo"] == []


def test_only_selected_properties_are_shown(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    item = graph_setup.arrive(ANSWER)
    (line,) = delta(graph_setup, graph, select="id,subject")["value"]
    assert not {"replyTo", "sender", "conversationId", "singleValueExtendedProperties"} & set(line)
    whole = graph.get(f"{graph_setup.messages}/{item}", params={"$select": SELECT}).json()
    assert "singleValueExtendedProperties" not in whole
    one = "singleValueExtendedProperties($filter=id eq 'Integer 0x0036')"
    whole = graph.get(f"{graph_setup.messages}/{item}", params={"$expand": one}).json()
    assert extended(whole) == {"Integer 0x36": "2"}


def test_a_delta_link_keeps_its_first_selection(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    old = delta(graph_setup, graph, select="id,subject")["@odata.deltaLink"]
    new = delta(graph_setup, graph, select=SELECT, expand=EXPAND)["@odata.deltaLink"]
    graph_setup.arrive(ANSWER)
    (line,) = graph.get(old, headers={"Prefer": IMMUTABLE}).json()["value"]
    assert "replyTo" not in line
    assert extended(line) == {}
    (line,) = graph.get(new, headers={"Prefer": IMMUTABLE}).json()["value"]
    assert extended(line)["Integer 0x36"] == "2"
    refused = graph.get(f"{old}&$select={SELECT}")
    assert refused.status_code == 400


@pytest.mark.parametrize(
    "options",
    [
        {"$select": "id,meetingMessageType"},
        {"$select": "id,inReplyTo"},
        {"$select": "id,references"},
        {"$select": "id,sensitivity"},
        {"$expand": "singleValueExtendedProperties($filter=id eq 'In-Reply-To')"},
        {"$expand": "singleValueExtendedProperties($filter=id eq '0x1042')"},
        {"$expand": "singleValueExtendedProperties($filter=id eq 'String 1042')"},
        {"$expand": "singleValueExtendedProperties($filter=id eq 'Text 0x1042')"},
        {"$expand": f"{EXPAND[:-1]} and id eq 'String 0x1042')"},
        {"$expand": "singleValueExtendedProperties($filter=name eq 'String 0x1042')"},
    ],
)
def test_an_unknown_property_is_refused(
    graph_setup: GraphSetup, graph: httpx.Client, options: dict[str, str]
) -> None:
    graph_setup.arrive()
    assert graph.get(graph_setup.delta, params=options).status_code == 400


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("Personal", "1"),
        ("private", "2"),
        ("Company-Confidential", "3"),
        ("COMPANY-CONFIDENTIAL", "3"),
        ("Normal", "0"),
        ("", "0"),
    ],
)
def test_the_sensitivity_header_becomes_a_number(
    graph_setup: GraphSetup, graph: httpx.Client, word: str, number: str
) -> None:
    graph_setup.arrive(Mail("S", "a@x.example", "b@x.example", headers=(("Sensitivity", word),)))
    (line,) = delta(graph_setup, graph, select=SELECT, expand=EXPAND)["value"]
    assert extended(line)["Integer 0x36"] == number


@pytest.mark.parametrize(
    ("kind", "type_", "message_class"),
    [
        ("mail", "message", "IPM.Note"),
        ("meeting", "eventMessageRequest", "IPM.Schedule.Meeting.Request"),
        ("meeting answer", "eventMessageResponse", "IPM.Schedule.Meeting.Resp.Pos"),
        ("meeting cancellation", "eventMessage", "IPM.Schedule.Meeting.Canceled"),
        ("meeting notice", "eventMessage", "IPM.Schedule.Meeting.Notification.Forward"),
    ],
)
def test_messages_of_a_meeting_have_types_and_classes(
    graph_setup: GraphSetup, graph: httpx.Client, kind: Any, type_: str, message_class: str
) -> None:
    graph_setup.arrive(Mail("M", "a@x.example", "b@x.example", kind=kind))
    (line,) = delta(graph_setup, graph, select=SELECT, expand=EXPAND)["value"]
    assert line["@odata.type"] == f"#microsoft.graph.{type_}"
    assert extended(line)["String 0x1a"] == message_class


def test_headers_can_be_given_at_creation_by_mime_and_by_json(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    mime = (
        b"From: boss@x.example\r\nSender: eva@x.example\r\nTo: ann@y.example\r\n"
        b"Reply-To: Desk <desk@x.example>, second@x.example\r\nSubject: RE: Offer\r\n"
        b"In-Reply-To: <b@y.example>\r\nSensitivity: Private\r\n\r\nHello\r\n"
    )
    made = graph.post(
        graph_setup.messages,
        content=base64.b64encode(mime),
        headers={"Content-Type": "text/plain", "Prefer": IMMUTABLE},
    ).json()
    url = f"{graph_setup.messages}/{made['id']}"
    whole = graph.get(url, params={"$select": SELECT, "$expand": EXPAND}).json()
    assert whole["sender"]["emailAddress"]["address"] == "eva@x.example"
    assert len(whole["replyTo"]) == 2
    assert extended(whole)["String 0x1042"] == "<b@y.example>"
    assert extended(whole)["Integer 0x36"] == "2"
    text = graph.get(f"{url}/$value").text
    assert "In-Reply-To: <b@y.example>" in text
    assert "Sender: eva@x.example" in text
    given = [{"id": "String 0x1042", "value": "<c@y.example>"}]
    made = graph.post(graph_setup.messages, json={"singleValueExtendedProperties": given}).json()
    whole = graph.get(f"{graph_setup.messages}/{made['id']}", params={"$expand": EXPAND}).json()
    assert extended(whole)["String 0x1042"] == "<c@y.example>"
