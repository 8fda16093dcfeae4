"""A message's extended properties, its kind and its actual sender."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from webcrm_sync.core.message import MessageKind, Party
from webcrm_sync.graph import wire
from webcrm_sync.graph.properties import EXPAND, IN_REPLY_TO, REFERENCES, SENSITIVITY

MAIL: dict[str, Any] = {"@odata.type": "#microsoft.graph.message", "id": "AAkA1"}
MEETING = "IPM.Schedule.Meeting"


@pytest.mark.parametrize(
    ("type_", "message_class", "kind"),
    [
        ("message", "IPM.Note", MessageKind.MAIL),
        ("message", "IPM.Schedule.Meeting.Request", MessageKind.MAIL),
        ("message", None, MessageKind.MAIL),
        ("eventMessageRequest", f"{MEETING}.Request", MessageKind.MEETING),
        ("eventMessageRequest", None, MessageKind.MEETING),
        ("EventMessageRequest", "", MessageKind.MEETING),
        ("eventMessageResponse", f"{MEETING}.Resp.Pos", MessageKind.MEETING_ANSWER),
        ("eventMessageResponse", f"{MEETING}.Resp.Neg", MessageKind.MEETING_ANSWER),
        ("EventMessageResponse", None, MessageKind.MEETING_ANSWER),
        ("eventMessage", f"{MEETING}.Canceled", MessageKind.MEETING_CANCELLATION),
        ("eventMessage", f"{MEETING}.CANCELED.Team", MessageKind.MEETING_CANCELLATION),
        ("eventMessage", None, MessageKind.MEETING_CANCELLATION),
        ("eventMessage", f"{MEETING}.Notification.Forward", MessageKind.MEETING_NOTICE),
        ("eventMessage", "IPM.Something", MessageKind.MEETING_NOTICE),
        ("eventMessage", f"{MEETING}.Request", MessageKind.MEETING),
        ("eventMessage", f"{MEETING}.Resp.Tent", MessageKind.MEETING_ANSWER),
        ("eventMessageSomethingNew", f"{MEETING}.Canceled", MessageKind.MEETING_CANCELLATION),
    ],
)
def test_meeting_messages_are_classified(
    type_: str, message_class: str | None, kind: MessageKind
) -> None:
    known = [{"id": "String 0x1a", "value": message_class}] if message_class is not None else []
    mail = wire.read_message(
        MAIL | {"@odata.type": f"#microsoft.graph.{type_}", "singleValueExtendedProperties": known}
    )
    assert mail.kind is kind


@pytest.mark.parametrize(
    ("sort", "kind"),
    [
        ("meetingRequest", MessageKind.MEETING),
        ("meetingCancelled", MessageKind.MEETING_CANCELLATION),
        ("meetingAccepted", MessageKind.MEETING_ANSWER),
        ("meetingTenativelyAccepted", MessageKind.MEETING_ANSWER),
        ("meetingTentativelyAccepted", MessageKind.MEETING_ANSWER),
        ("meetingDeclined", MessageKind.MEETING_ANSWER),
        ("none", MessageKind.MEETING_NOTICE),
        ("unknownFutureValue", MessageKind.MEETING_NOTICE),
        (None, MessageKind.MEETING_NOTICE),
    ],
)
def test_the_meeting_type_counts_when_graph_adds_it(sort: str | None, kind: MessageKind) -> None:
    notice = [{"id": "String 0x1a", "value": f"{MEETING}.Notification.Forward"}]
    mail = {"@odata.type": "#microsoft.graph.eventMessage", "meetingMessageType": sort}
    assert wire.read_message(MAIL | mail | {"singleValueExtendedProperties": notice}).kind is kind


def with_properties(**values: str) -> dict[str, Any]:
    ids = {"answers": IN_REPLY_TO, "follows": REFERENCES, "private": SENSITIVITY}
    lines = [{"id": ids[name], "value": value} for name, value in values.items()]
    return MAIL | {"singleValueExtendedProperties": lines}


def test_the_headers_of_a_conversation_are_read() -> None:
    mail = wire.read_message(
        with_properties(answers="<b@x>", follows="<a@x>\r\n <b@x>", private="2")
        | {
            "conversationId": "AAQkAD7",
            "replyTo": [{"emailAddress": {"address": "Desk@X.example"}}],
        }
    )
    assert (mail.in_reply_to, mail.references) == ("<b@x>", ("<a@x>", "<b@x>"))
    assert (mail.conversation_id, mail.sensitivity) == ("AAQkAD7", 2)
    assert mail.reply_to == (Party("desk@x.example"),)


def test_a_mail_without_such_headers_has_none() -> None:
    mail = wire.read_message(MAIL)
    assert (mail.in_reply_to, mail.references, mail.sensitivity) == (None, (), 0)
    assert (mail.conversation_id, mail.reply_to) == (None, ())


@pytest.mark.parametrize("id_", ["Integer 0x36", "Integer 0x0036", "integer 0X36", "INTEGER 0x036"])
def test_a_property_is_recognised_in_each_spelling_of_its_id(id_: str) -> None:
    line = {"id": id_, "value": "3"}
    assert wire.read_message(MAIL | {"singleValueExtendedProperties": [line]}).sensitivity == 3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("1", 1),
        ("2", 2),
        ("3", 3),
        (" 2 ", 2),
        ("4", 0),
        ("-1", 0),
        ("", 0),
        ("Private", 0),
        ("9" * 400, 0),
    ],
)
def test_a_sensitivity_is_one_of_four(value: str, expected: int) -> None:
    assert wire.read_message(with_properties(private=value)).sensitivity == expected


def recipient(address: str, name: str = "") -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name}}


LEGACY = "/o=ExchangeLabs/ou=Exchange/cn=Recipients/cn=7f-eva"


@pytest.mark.parametrize(
    ("author", "actual", "sent_by"),
    [
        (recipient("eva@x", "Eva"), recipient("eva@x", "Eva"), None),
        (recipient("eva@x", "Eva"), recipient(" EVA@X ", "Someone"), None),
        (recipient("boss@x", "Boss"), recipient("eva@x", "Eva"), "eva@x"),
        (recipient("boss@x"), recipient("eva@x"), "eva@x"),
        (recipient("boss@x", "Eva"), recipient("eva@x", "Eva"), "eva@x"),
        (recipient("eva@x", "Eva"), recipient(LEGACY, "eva"), None),
        (recipient("eva@x", "Eva"), recipient(LEGACY), None),
        (recipient("boss@x", "Boss"), recipient(LEGACY, "Eva"), LEGACY.casefold()),
        (recipient(LEGACY, "Eva"), recipient("eva@x", "Eva"), None),
        (recipient("/o=X/cn=boss", "Boss"), recipient(LEGACY, "Eva"), LEGACY.casefold()),
        (None, recipient("eva@x"), None),
        (recipient("eva@x"), None, None),
        (recipient("eva@x"), {}, None),
        (recipient("eva@x"), {"emailAddress": {"name": "Eva"}}, None),
    ],
)
def test_another_spelling_of_the_sender_is_not_an_actual_sender(
    author: object, actual: object, sent_by: str | None
) -> None:
    found = wire.read_message(MAIL | {"from": author, "sender": actual}).sent_by
    assert (found.address if found else None) == sent_by


def test_the_selection_changes_only_with_its_version() -> None:
    asked = hashlib.sha256(f"{wire.MESSAGE_KEYS} {EXPAND}".encode()).hexdigest()[:16]
    assert (wire.SELECTION, asked) == (1, "693ae130e1082bd7")
