"""Inbox rules that move the mail of given senders (Microsoft Graph: messageRule)."""

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
    """An inbox rule for `senders` (folded addresses). `graph_id` "" = not created yet."""

    graph_id: str
    name: str
    moves_to: str
    senders: tuple[str, ...]


def list_sender_rules(transport: Transport, user_id: str) -> tuple[SenderRule, ...]:
    """The mailbox's inbox rules with their senders."""
    url = transport.build_url(*_segments(user_id))
    return tuple(map(read_sender_rule, list_entries(transport, Call(user_id), url)))


def save_sender_rule(transport: Transport, user_id: str, rule: SenderRule) -> None:
    """Creates the rule, or replaces the senders of an existing one."""
    if rule.graph_id:
        url = transport.build_url(*_segments(user_id), rule.graph_id)
        body = {"conditions": _conditions(rule)}
        transport.request_json("PATCH", url, Call(user_id), body=body)
        return
    url = transport.build_url(*_segments(user_id))
    call = Call(user_id, is_idempotent=False)
    transport.request_json("POST", url, call, body=sender_rule_body(rule))


def read_sender_rule(raw: wire.Json) -> SenderRule:
    """The rule in a messageRule resource. A read-only rule may show no senders."""
    senders = wire.get_objects(wire.get_object(raw, "conditions"), "fromAddresses")
    addresses = (
        wire.get_text(wire.get_object(sender, "emailAddress"), "address").strip()
        for sender in senders
    )
    return SenderRule(
        graph_id=wire.get_text(raw, "id"),
        name=wire.get_text(raw, "displayName"),
        moves_to=wire.get_text(wire.get_object(raw, "actions"), "moveToFolder"),
        senders=tuple(address.lower() for address in addresses if address),
    )


def sender_rule_body(rule: SenderRule) -> Mapping[str, Any]:
    """The body of the POST that creates the rule, which does not move automatic replies."""
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
    senders = [{"emailAddress": {"name": sender, "address": sender}} for sender in rule.senders]
    return {"fromAddresses": senders}


def _segments(user_id: str) -> tuple[str, ...]:
    return ("users", user_id, "mailFolders", "inbox", "messageRules")
