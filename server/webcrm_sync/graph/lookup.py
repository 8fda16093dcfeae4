"""The mail that a person has open in Outlook: its immutable id, its head, its move.

These calls never ask for a body, since only the head of a mail outside the sync folders is read.
"""

from __future__ import annotations

from collections.abc import Sequence

from webcrm_sync.core.message import Message
from webcrm_sync.core.outlook import Location
from webcrm_sync.graph import batch, wire
from webcrm_sync.graph.batch import BatchRequest
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.properties import EXPAND
from webcrm_sync.graph.transport import Transport

HEAD_KEYS = wire.MESSAGE_KEYS.removesuffix(",body")


def translate_ids(
    transport: Transport, user_id: str, ids: Sequence[str], kind: str
) -> dict[str, str | None]:
    """The immutable id of each of at most 1000 ids, None = not in this mailbox.

    Microsoft Graph: user: translateExchangeIds.
    """
    body = {
        "inputIds": list(ids),
        "sourceIdType": kind,
        "targetIdType": "restImmutableEntryId",
    }
    url = transport.build_url("users", user_id, "translateExchangeIds")
    raw = transport.request_json("POST", url, Call(user_id), body=body)
    translated = {
        wire.get_text(entry, "sourceId"): wire.get_text(entry, "targetId") or None
        for entry in wire.get_objects(raw, "value")
    }
    return {id_: translated.get(id_) for id_ in ids}


def fetch_heads(
    transport: Transport, user_id: str, graph_ids: Sequence[str]
) -> dict[str, Message | None]:
    """Each mail without its body, None = there is none."""
    requests = [
        BatchRequest(
            "GET",
            wire.build_path(
                "users", user_id, "messages", graph_id, select=HEAD_KEYS, expand=EXPAND
            ),
        )
        for graph_id in graph_ids
    ]
    answers = batch.send_reads(transport, user_id, requests)
    return {
        graph_id: None if answer.is_missing else wire.read_message(answer.body)
        for graph_id, answer in zip(graph_ids, answers, strict=True)
    }


def find_mails(transport: Transport, user_id: str, message_id: str) -> tuple[Message, ...]:
    """The mails with this Message-ID in any folder: copies of one mail, or forgeries."""
    url = transport.build_url(
        *("users", user_id, "messages"),
        filter=f"internetMessageId eq '{wire.quote_literal(message_id)}'",
        select=HEAD_KEYS,
        expand=EXPAND,
    )
    raw = transport.request_json("GET", url, Call(user_id))
    return tuple(wire.read_message(entry) for entry in wire.get_objects(raw, "value"))


def move_mail(transport: Transport, user_id: str, graph_id: str, folder_id: str) -> Location:
    """The mail's new location, after a move into the folder (Microsoft Graph: message: move)."""
    url = transport.build_url("users", user_id, "messages", graph_id, "move")
    body = {"destinationId": folder_id}
    return wire.read_location(transport.request_json("POST", url, Call(user_id), body=body))
