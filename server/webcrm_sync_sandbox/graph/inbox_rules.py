"""Inbox rules over HTTP (Microsoft Graph: messageRule)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph.http import GraphError, Reply, bad_request, check_options, not_found

if TYPE_CHECKING:
    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook.rules import InboxRule

#: All rules of a mailbox together (Exchange Online: RulesQuota).
_QUOTA = 256 * 1024
_ACTIONS = frozenset(
    {
        "assignCategories",
        "copyToFolder",
        "delete",
        "forwardAsAttachmentTo",
        "forwardTo",
        "markAsRead",
        "markImportance",
        "moveToFolder",
        "permanentDelete",
        "redirectTo",
        "stopProcessingRules",
    }
)


def listing(context: RequestContext, folder: str) -> Reply:
    """GET the rules in the order in which they run."""
    check_options(context.call, "select", "top")
    _check_inbox(context, folder)
    with context.mailbox.lock:
        rules = sorted(context.mailbox.rules.values(), key=lambda rule: rule.sequence)
        return Reply(200, {"value": [_shown(context, rule) for rule in rules]})


def get(context: RequestContext, folder: str, rule: str) -> Reply:
    """GET a rule."""
    _check_inbox(context, folder)
    return Reply(200, _shown(context, _found(context, rule)))


def create(context: RequestContext, folder: str) -> Reply:
    """POST a rule; it runs on mails that arrive from now on."""
    _check_inbox(context, folder)
    body = context.call.json
    missing = {"displayName", "sequence", "actions"} - set(body)
    if missing:
        raise bad_request(f"{min(missing)} is missing.", "ErrorInvalidRequest")
    _check_actions(context, body["actions"])
    with context.mailbox.lock:
        _check_quota(context, body)
        made = context.mailbox.add_rule(
            body["displayName"],
            actions=body["actions"],
            conditions=body.get("conditions"),
            exceptions=body.get("exceptions"),
        )
        made.is_enabled = body.get("isEnabled", True)
    return Reply(201, _shown(context, made))


def change(context: RequestContext, folder: str, rule: str) -> Reply:
    """PATCH a rule; conditions, exceptions and actions are replaced completely."""
    _check_inbox(context, folder)
    body = context.call.json
    with context.mailbox.lock:
        found = _changeable(context, rule)
        if "actions" in body:
            _check_actions(context, body["actions"])
        _check_quota(context, body)
        found.name = body.get("displayName", found.name)
        found.is_enabled = body.get("isEnabled", found.is_enabled)
        found.sequence = body.get("sequence", found.sequence)
        found.conditions = body.get("conditions", found.conditions)
        found.exceptions = body.get("exceptions", found.exceptions)
        found.actions = body.get("actions", found.actions)
    return Reply(200, _shown(context, found))


def delete(context: RequestContext, folder: str, rule: str) -> Reply:
    """DELETE a rule."""
    _check_inbox(context, folder)
    with context.mailbox.lock:
        del context.mailbox.rules[_changeable(context, rule).id]
    return Reply(204)


def _check_inbox(context: RequestContext, folder: str) -> None:
    if context.folder(folder) is not context.mailbox.well_known["inbox"]:
        raise bad_request("Rules belong to the inbox only.", "ErrorInvalidRequest")


def _check_actions(context: RequestContext, actions: dict[str, Any]) -> None:
    strange = {name for name in actions if "@" not in name} - _ACTIONS
    if strange or not actions:
        raise bad_request("The rule's actions are not valid.", "ErrorInvalidRequest")
    if "moveToFolder" in actions:
        context.folder(actions["moveToFolder"])


def _check_quota(context: RequestContext, body: dict[str, Any]) -> None:
    kept = [_shown(context, rule) for rule in context.mailbox.rules.values()]
    if len(json.dumps([*kept, body])) > _QUOTA:
        raise GraphError(403, "ErrorQuotaExceeded", "The rules are larger than their quota.")


def _found(context: RequestContext, rule_id: str) -> InboxRule:
    found = context.mailbox.rules.get(rule_id)
    if not found:
        raise not_found()
    return found


def _changeable(context: RequestContext, rule_id: str) -> InboxRule:
    found = _found(context, rule_id)
    if found.is_read_only:
        raise GraphError(403, "ErrorAccessDenied", "The rule is read-only.")
    return found


def _shown(context: RequestContext, rule: InboxRule) -> dict[str, Any]:
    target = rule.actions.get("moveToFolder")
    shown = {
        "id": rule.id,
        "displayName": rule.name,
        "sequence": rule.sequence,
        "isEnabled": rule.is_enabled,
        "hasError": bool(target) and target not in context.mailbox.folders,
        "isReadOnly": rule.is_read_only,
        "actions": rule.actions,
    }
    if rule.is_read_only:
        return shown
    return shown | {"conditions": rule.conditions or None, "exceptions": rule.exceptions or None}
