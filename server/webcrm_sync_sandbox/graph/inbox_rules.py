"""Inbox rules over HTTP (Microsoft Graph: messageRule)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph.http import GraphError, Reply, bad_request, check_options, not_found

if TYPE_CHECKING:
    from webcrm_sync_sandbox.graph.request_context import Visit
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


def listing(visit: Visit, folder: str) -> Reply:
    """GET the rules in the order in which they run."""
    check_options(visit.call, "select", "top")
    _check_inbox(visit, folder)
    with visit.mailbox.lock:
        rules = sorted(visit.mailbox.rules.values(), key=lambda rule: rule.sequence)
        return Reply(200, {"value": [_shown(visit, rule) for rule in rules]})


def get(visit: Visit, folder: str, rule: str) -> Reply:
    """GET a rule."""
    _check_inbox(visit, folder)
    return Reply(200, _shown(visit, _found(visit, rule)))


def create(visit: Visit, folder: str) -> Reply:
    """POST a rule; it runs on what arrives from now on."""
    _check_inbox(visit, folder)
    body = visit.call.json
    missing = {"displayName", "sequence", "actions"} - set(body)
    if missing:
        raise bad_request(f"{min(missing)} is missing.", "ErrorInvalidRequest")
    _check_actions(visit, body["actions"])
    with visit.mailbox.lock:
        _check_quota(visit, body)
        made = visit.mailbox.add_rule(
            body["displayName"],
            actions=body["actions"],
            conditions=body.get("conditions"),
            exceptions=body.get("exceptions"),
        )
        made.is_enabled = body.get("isEnabled", True)
    return Reply(201, _shown(visit, made))


def change(visit: Visit, folder: str, rule: str) -> Reply:
    """PATCH a rule; conditions, exceptions and actions are replaced whole."""
    _check_inbox(visit, folder)
    body = visit.call.json
    with visit.mailbox.lock:
        found = _changeable(visit, rule)
        if "actions" in body:
            _check_actions(visit, body["actions"])
        _check_quota(visit, body)
        found.name = body.get("displayName", found.name)
        found.is_enabled = body.get("isEnabled", found.is_enabled)
        found.sequence = body.get("sequence", found.sequence)
        found.conditions = body.get("conditions", found.conditions)
        found.exceptions = body.get("exceptions", found.exceptions)
        found.actions = body.get("actions", found.actions)
    return Reply(200, _shown(visit, found))


def delete(visit: Visit, folder: str, rule: str) -> Reply:
    """DELETE a rule."""
    _check_inbox(visit, folder)
    with visit.mailbox.lock:
        del visit.mailbox.rules[_changeable(visit, rule).id]
    return Reply(204)


def _check_inbox(visit: Visit, folder: str) -> None:
    if visit.folder(folder) is not visit.mailbox.well_known["inbox"]:
        raise bad_request("Rules belong to the inbox only.", "ErrorInvalidRequest")


def _check_actions(visit: Visit, actions: dict[str, Any]) -> None:
    strange = {name for name in actions if "@" not in name} - _ACTIONS
    if strange or not actions:
        raise bad_request("The rule's actions are not valid.", "ErrorInvalidRequest")
    if "moveToFolder" in actions:
        visit.folder(actions["moveToFolder"])


def _check_quota(visit: Visit, body: dict[str, Any]) -> None:
    kept = [_shown(visit, rule) for rule in visit.mailbox.rules.values()]
    if len(json.dumps([*kept, body])) > _QUOTA:
        raise GraphError(403, "ErrorQuotaExceeded", "The rules are larger than their quota.")


def _found(visit: Visit, rule_id: str) -> InboxRule:
    found = visit.mailbox.rules.get(rule_id)
    if not found:
        raise not_found()
    return found


def _changeable(visit: Visit, rule_id: str) -> InboxRule:
    found = _found(visit, rule_id)
    if found.is_read_only:
        raise GraphError(403, "ErrorAccessDenied", "The rule is read-only.")
    return found


def _shown(visit: Visit, rule: InboxRule) -> dict[str, Any]:
    target = rule.actions.get("moveToFolder")
    shown = {
        "id": rule.id,
        "displayName": rule.name,
        "sequence": rule.sequence,
        "isEnabled": rule.is_enabled,
        "hasError": bool(target) and target not in visit.mailbox.folders,
        "isReadOnly": rule.is_read_only,
        "actions": rule.actions,
    }
    if rule.is_read_only:
        return shown
    return shown | {"conditions": rule.conditions or None, "exceptions": rule.exceptions or None}
