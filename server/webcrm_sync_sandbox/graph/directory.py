"""Users found by an address, groups and their members, as Entra knows them.

Microsoft Graph: group: get, list members; user: list. Groups hold users, guests and other groups;
`/members/microsoft.graph.user` lists the direct members that are users.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph.http import (
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    check_options,
)
from webcrm_sync_sandbox.graph.odata import read_select, unquoted
from webcrm_sync_sandbox.graph.people import USER_DEFAULT, USER_NAMES, show_user

if TYPE_CHECKING:
    from webcrm_sync_sandbox.graph.access import AccessControl
    from webcrm_sync_sandbox.graph.http import Call
    from webcrm_sync_sandbox.graph.request_context import Caller
    from webcrm_sync_sandbox.outlook import Outlook, SimMailbox
    from webcrm_sync_sandbox.outlook.group import SimGroup

_BY_ADDRESS = re.compile(
    r"mail eq '((?:[^']|'')*)' or proxyAddresses/any\(p:p eq 'smtp:((?:[^']|'')*)'\)"
)
#: Entra's page without $top, and its largest one.
_PAGE, _LARGEST_PAGE = 100, 999
_USER_TYPE = "#microsoft.graph.user"


def is_of_directory(path: str) -> bool:
    """True for the paths that `answer` knows."""
    return path == "/users" or path.startswith("/groups/")


def answer(call: Call, door: AccessControl, outlook: Outlook, path: str) -> Reply:
    """Answer a call about users or a group. Raises GraphError."""
    caller = door.caller(call)
    match (call.method, path.strip("/").split("/")):
        case ("GET", ["users"]):
            return _find_users(call, caller, outlook)
        case ("GET", ["groups", group_id]):
            return _group(call, caller, outlook, group_id)
        case ("GET", ["groups", group_id, "members", "microsoft.graph.user"]):
            return _members(call, caller, outlook, group_id)
    raise UndescribedError(404, "UnknownError", "No reference describes this call.")


def _find_users(call: Call, caller: Caller, outlook: Outlook) -> Reply:
    if not caller.may("User.Read.All"):
        raise _denied()
    check_options(call, "select", "filter")
    found = _BY_ADDRESS.fullmatch(call.query.get("$filter", "").strip())
    if not found:
        raise UndescribedError(400, "Request_UnsupportedQuery", "No such filter on users.")
    wanted = {unquoted(text).casefold() for text in found.groups()}
    users = [box for box in outlook.mailboxes if box.addresses & wanted]
    return Reply(200, {"value": [show_user(box, _selected(call)) for box in users]})


def _group(call: Call, caller: Caller, outlook: Outlook, group_id: str) -> Reply:
    check_options(call, "select")
    group = _find_group(caller, outlook, group_id)
    shown = {"id": group.id, "displayName": group.name}
    names = read_select(call.query.get("$select", "id,displayName"), frozenset(shown))
    return Reply(200, {name: value for name, value in shown.items() if name in names})


def _find_group(caller: Caller, outlook: Outlook, group_id: str) -> SimGroup:
    if not (caller.may("GroupMember.Read.All") or caller.may("Group.Read.All")):
        raise _denied()
    group = outlook.groups.get(_checked_id(group_id))
    if group is None:
        text = f"Resource '{group_id}' does not exist or one of its queried references."
        raise GraphError(404, "Request_ResourceNotFound", text)
    return group


def _members(call: Call, caller: Caller, outlook: Outlook, group_id: str) -> Reply:
    check_options(call, "select", "top", "skiptoken")
    group = _find_group(caller, outlook, group_id)
    users = [box for box in outlook.mailboxes if box.user_id in group.members]
    begin, size = int(call.query.get("$skiptoken") or 0), _page_size(call)
    may_read = caller.may("User.Read.All")
    shown = [_member(box, _selected(call), may_read) for box in users[begin : begin + size]]
    body: dict[str, Any] = {"value": shown}
    if begin + size < len(users):
        options = {name[1:]: value for name, value in call.query.items()}
        body["@odata.nextLink"] = call.link(**(options | {"skiptoken": str(begin + size)}))
    return Reply(200, body)


def _member(box: SimMailbox, names: frozenset[str], may_read: bool) -> dict[str, Any]:
    """A member; without a right to read users only its type and id, everything else null."""
    shown = show_user(box, names)
    if not may_read:
        shown = {name: value if name == "id" else None for name, value in shown.items()}
    return {"@odata.type": _USER_TYPE} | shown


def _selected(call: Call) -> frozenset[str]:
    select = call.query.get("$select")
    return read_select(select, USER_NAMES) if select else USER_DEFAULT


def _page_size(call: Call) -> int:
    top = call.query.get("$top")
    if top is None:
        return _PAGE
    if not (top.isdigit() and 1 <= int(top) <= _LARGEST_PAGE):
        raise bad_request(f"Invalid page size specified: '{top}'.", "Request_UnsupportedQuery")
    return int(top)


def _checked_id(group_id: str) -> str:
    try:
        return str(uuid.UUID(group_id))
    except ValueError:
        text = f"Invalid object identifier '{group_id}'."
        raise bad_request(text, "Request_BadRequest") from None


def _denied() -> GraphError:
    text = "Insufficient privileges to complete the operation."
    return GraphError(403, "Authorization_RequestDenied", text)
