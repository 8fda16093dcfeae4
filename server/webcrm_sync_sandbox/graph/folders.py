"""Mail folders (Microsoft Graph: mailFolder)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph import parse_message, serialize
from webcrm_sync_sandbox.graph.http import (
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    check_options,
)
from webcrm_sync_sandbox.graph.odata import read_expand, read_select, unquoted
from webcrm_sync_sandbox.outlook.message_store import NameTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook.store import SimFolder

_NAMES = frozenset(
    [
        "id",
        "displayName",
        "parentFolderId",
        "childFolderCount",
        "unreadItemCount",
        "totalItemCount",
        "isHidden",
    ]
)
_CHANGEABLE = frozenset(["displayName", "singleValueExtendedProperties", "@odata.type"])
_BY_NAME = re.compile(r"displayName eq '((?:[^']|'')*)'")
_DEFAULT_PAGE = 10


def get(context: RequestContext, folder: str) -> Reply:
    """GET a folder by id or well-known name."""
    check_options(context.call, "select", "expand")
    with context.mailbox.lock:
        return Reply(200, _shown(context, context.folder(folder)))


def listing(context: RequestContext, folder: str = "msgfolderroot") -> Reply:
    """GET the direct children of a folder; hidden ones only on request."""
    call = context.call
    check_options(call, "select", "filter", "top", "skip")
    with_hidden = call.query.get("includeHiddenFolders", "").lower() == "true"
    with context.mailbox.lock:
        children = context.folder(folder).children
        found = [f for f in children if with_hidden or not f.is_hidden]
        found = [f for f in found if _is_wanted(call.query.get("$filter"), f)]
        begin = int(call.query.get("$skip") or 0)
        size = int(call.query.get("$top") or call.page_size or _DEFAULT_PAGE)
        shown = [_shown(context, one) for one in found[begin : begin + size]]
    body: dict[str, Any] = {"value": shown}
    if begin + size < len(found):
        options = {name[1:]: value for name, value in call.query.items() if name[0] == "$"}
        link = call.link(**(options | {"skip": str(begin + size)}))
        body["@odata.nextLink"] = link + ("&includeHiddenFolders=true" if with_hidden else "")
    return Reply(200, body)


def _is_wanted(text: str | None, folder: SimFolder) -> bool:
    if not text:
        return True
    found = _BY_NAME.fullmatch(text.strip())
    if not found:
        raise UndescribedError(400, "ErrorInvalidUrlQueryFilter", "No such filter on folders.")
    return unquoted(found[1]).casefold() == folder.name.casefold()


def create(context: RequestContext, folder: str = "msgfolderroot") -> Reply:
    """POST a folder under another one."""
    body = context.call.json
    name = body.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise bad_request("displayName is missing.", "ErrorInvalidRequest")
    with context.mailbox.lock:
        parent = context.folder(folder)
        with _taken_is_409(name):
            made = context.mailbox.add_folder(parent, name, is_hidden=body.get("isHidden") is True)
        return Reply(201, _shown(context, made))


def change(context: RequestContext, folder: str) -> Reply:
    """PATCH the name or extended properties; isHidden can be set at creation only.

    The answer does not show extended properties (Microsoft Graph: extended properties).
    """
    body = context.call.json
    if set(body) - _CHANGEABLE:
        raise bad_request("Only displayName can be changed.", "ErrorInvalidPropertySet")
    properties = parse_message.read_properties(context, body)
    with context.mailbox.lock:
        found = context.folder(folder)
        found.properties |= properties
        if "displayName" in body:
            with _taken_is_409(body["displayName"]):
                context.mailbox.rename_folder(found, body["displayName"])
        return Reply(200, _shown(context, found))


def move(context: RequestContext, folder: str) -> Reply:
    """POST move; the id stays."""
    destination = str(context.call.argument("destinationId"))
    with context.mailbox.lock:
        found, parent = context.folder(folder), context.folder(destination)
        _refuse_built_in(found)
        if parent.is_within(found):
            raise bad_request("A folder cannot lie in itself.", "ErrorMoveCopyFailed")
        with _taken_is_409(found.name):
            context.mailbox.move_folder(found, parent)
        return Reply(201, _shown(context, found))


def delete(context: RequestContext, folder: str) -> Reply:
    """DELETE: to Deleted Items, where it keeps its id."""
    with context.mailbox.lock:
        found = context.folder(folder)
        _refuse_built_in(found)
        context.mailbox.delete_folder(found)
    return Reply(204)


def _refuse_built_in(folder: SimFolder) -> None:
    if folder.well_known:
        raise bad_request("A built-in folder stays.", "ErrorDeleteDistinguishedFolder")


@contextmanager
def _taken_is_409(name: str) -> Iterator[None]:
    """Turn NameTakenError into Graph's 409."""
    try:
        yield
    except NameTakenError as error:
        raise GraphError(
            409,
            "ErrorFolderExists",
            f"A folder with the specified name already exists., Could not create folder '{name}'.",
        ) from error


def _shown(context: RequestContext, folder: SimFolder) -> serialize.Json:
    shown = serialize.folder(folder)
    select = context.call.query.get("$select")
    if select:
        names = read_select(select, _NAMES) | {"id"}
        shown = {name: value for name, value in shown.items() if name in names}
    if expand := context.call.query.get("$expand"):
        values = serialize.extended_properties(folder.properties, read_expand(expand))
        shown |= {"singleValueExtendedProperties": values} if values else {}
    return shown
