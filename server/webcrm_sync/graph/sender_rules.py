"""Inbox rules that move the mail of named senders (Microsoft Graph: messageRule)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webcrm_sync.core.categories import SYNC
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.paging import list_entries
from webcrm_sync.graph.transport import Transport


@dataclass(frozen=True, slots=True)
class SenderRule:
    """An inbox rule for `senders` (folded). `graph_id` empty = to be made."""

    graph_id: str
    name: str
    moves_to: str
    senders: tuple[str, ...]


async def sender_rules(transport: Transport, user_id: str) -> tuple[SenderRule, ...]:
    """The mailbox's inbox rules with the senders they are for."""
    found = await list_entries(transport, Call(user_id), transport.url(*_place(user_id)))
    return tuple(read_sender_rule(line) for line in found)


async def save_sender_rule(transport: Transport, user_id: str, rule: SenderRule) -> None:
    """Makes the rule, or gives an existing one its senders."""
    if rule.graph_id:
        url = transport.url(*_place(user_id), rule.graph_id)
        body = {"conditions": _conditions(rule)}
        await transport.json("PATCH", url, Call(user_id), body=body)
        return
    call = Call(user_id, is_repeatable=False)
    await transport.json("POST", transport.url(*_place(user_id)), call, body=sender_rule_body(rule))


def read_sender_rule(raw: wire.Json) -> SenderRule:
    """The rule in a messageRule resource; a read-only one may show no senders."""
    wanted = wire.get_objects(wire.get_object(raw, "conditions"), "fromAddresses")
    found = (
        wire.get_text(wire.get_object(one, "emailAddress"), "address").strip() for one in wanted
    )
    return SenderRule(
        graph_id=wire.get_text(raw, "id"),
        name=wire.get_text(raw, "displayName"),
        moves_to=wire.get_text(wire.get_object(raw, "actions"), "moveToFolder"),
        senders=tuple(address.lower() for address in found if address),
    )


def sender_rule_body(rule: SenderRule) -> Mapping[str, Any]:
    """The body of the POST that makes the rule; automatic replies stay where they are."""
    return {
        "displayName": rule.name,
        "sequence": 1,
        "isEnabled": True,
        "conditions": _conditions(rule),
        "exceptions": {"isAutomaticReply": True},
        "actions": {
            "moveToFolder": rule.moves_to,
            "assignCategories": [SYNC],
            "stopProcessingRules": False,
        },
    }


def _conditions(rule: SenderRule) -> dict[str, Any]:
    people = [{"emailAddress": {"name": one, "address": one}} for one in rule.senders]
    return {"fromAddresses": people}


def _place(user_id: str) -> tuple[str, ...]:
    return ("users", user_id, "mailFolders", "inbox", "messageRules")
