"""The mail that somebody points at in Outlook: its immutable id, its head, its move.

No body is ever asked for here: what lies outside the sync folders is read by its head alone.
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


async def immutable_ids(
    transport: Transport, user_id: str, ids: Sequence[str], kind: str
) -> dict[str, str | None]:
    """The immutable id behind each id, None = not of this mailbox, or gone.

    Microsoft Graph: user: translateExchangeIds; at most 1000 ids.
    """
    body = {
        "inputIds": list(ids),
        "sourceIdType": kind,
        "targetIdType": "restImmutableEntryId",
    }
    url = transport.url("users", user_id, "translateExchangeIds")
    found = await transport.json("POST", url, Call(user_id), body=body)
    lines = wire.get_objects(found, "value")
    told = {
        wire.get_text(line, "sourceId"): wire.get_text(line, "targetId") or None for line in lines
    }
    return {one: told.get(one) for one in ids}


async def heads(
    transport: Transport, user_id: str, graph_ids: Sequence[str]
) -> dict[str, Message | None]:
    """Each mail without its body, None = there is none."""
    lines = [
        BatchRequest(
            "GET",
            wire.build_path(*("users", user_id, "messages", one), select=HEAD_KEYS, expand=EXPAND),
        )
        for one in graph_ids
    ]
    answers = await batch.send_reads(transport, user_id, lines)
    return {
        graph_id: None if answer.is_missing else wire.read_message(answer.body)
        for graph_id, answer in zip(graph_ids, answers, strict=True)
    }


async def find_mail(transport: Transport, user_id: str, message_id: str) -> tuple[Message, ...]:
    """The copies of a mail in any folder; a Message-ID may have several, or be forged."""
    url = transport.url(
        *("users", user_id, "messages"),
        filter=f"internetMessageId eq '{wire.quote_literal(message_id)}'",
        select=HEAD_KEYS,
        expand=EXPAND,
    )
    found = await transport.json("GET", url, Call(user_id))
    return tuple(wire.read_message(line) for line in wire.get_objects(found, "value"))


async def move(transport: Transport, user_id: str, graph_id: str, folder_id: str) -> Location:
    """Puts a mail into a folder (Microsoft Graph: message: move)."""
    url = transport.url("users", user_id, "messages", graph_id, "move")
    body = {"destinationId": folder_id}
    return wire.read_location(await transport.json("POST", url, Call(user_id), body=body))
