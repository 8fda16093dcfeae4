"""Messages: get, list, change, move, copy, delete (Microsoft Graph: message)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph import odata, parse_message, serialize
from webcrm_sync_sandbox.graph.http import (
    GraphError,
    Reply,
    UndescribedError,
    bad_request,
    check_options,
)
from webcrm_sync_sandbox.graph.request_context import SENSITIVE_CHANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook.store import Item

_DEFAULT_PAGE = 10
_LARGEST_PAGE = 1000
_LONG_AGO = datetime(1601, 1, 1, tzinfo=UTC)
#: Only of drafts, unless the token carries Mail-Advanced (Exchange Team blog: sensitive
#: e-mail properties via Graph, 2026-03-24).
_SENSITIVE = frozenset(
    [
        "subject",
        "body",
        "toRecipients",
        "ccRecipients",
        "bccRecipients",
        "sender",
        "from",
        "replyTo",
        "internetMessageId",
    ]
)
#: Accepted, and nothing happens (microsoft-graph-docs issue 14829).
_WITHOUT_EFFECT = frozenset({"isDraft"})


def get(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """GET a message."""
    check_options(context.call, "select", "expand")
    with context.mailbox.lock:
        item = context.item(message, folder)
        return Reply(200, _whole(context, item, context.shape()))


def mime(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """GET the MIME text, which Exchange rebuilds."""
    with context.mailbox.lock:
        item = context.item(message, folder)
        context.call.notes.contents.append(item.id)
        return Reply(200, parse_message.mime_text(item), {"Content-Type": "text/plain"})


def listing(context: RequestContext, folder: str | None = None) -> Reply:
    """GET the messages of a folder or of the whole mailbox, the newest first."""
    call = context.call
    check_options(call, "select", "expand", "filter", "orderby", "top", "skip", "skiptoken")
    size = _page_size(call.query.get("$top"), call.page_size)
    begin = int(call.query.get("$skip") or 0)
    shape = context.shape()
    with context.mailbox.lock:
        found = _found(context, folder)
        page = found[begin : begin + size]
        body: dict[str, Any] = {"value": [context.show(item, shape) for item in page]}
    if begin + size < len(found):
        options = {name[1:]: value for name, value in call.query.items() if name[0] == "$"}
        body["@odata.nextLink"] = call.link(**(options | {"skip": str(begin + size)}))
    return Reply(200, body)


def _page_size(top: str | None, wish: int | None) -> int:
    if top is None:
        return wish or _DEFAULT_PAGE
    if not top.isdigit() or not 1 <= int(top) <= _LARGEST_PAGE:
        raise bad_request("The value of $top must be from 1 to 1000.", "ErrorInvalidUrlQuery")
    return int(top)


def _found(context: RequestContext, folder_id: str | None) -> list[Item]:
    query = context.call.query
    folder = context.folder(folder_id) if folder_id else None
    wanted = odata.read_filter(query["$filter"]) if query.get("$filter") else None
    _check_order(query.get("$orderby"), wanted)
    items: Sequence[Item]
    if wanted and wanted.candidates:
        items = wanted.candidates(context.mailbox)
    else:
        items = list(folder.items.values()) if folder else context.mailbox.items()
    kept = [
        item
        for item in items
        if (folder is None or item.folder is folder)
        and (wanted is None or wanted.accepts(item))
        and context.is_visible(item)
    ]
    is_rising = (query.get("$orderby") or "").lower() in {
        "receiveddatetime",
        "receiveddatetime asc",
    }
    kept.sort(key=lambda item: item.received_at or _LONG_AGO, reverse=not is_rising)
    return kept


def _check_order(order: str | None, wanted: odata.Filter | None) -> None:
    if not order:
        return
    name = order.split()[0]
    if name.lower() != "receiveddatetime" or "," in order:
        raise UndescribedError(400, "BadRequest", f"No $orderby like '{order}' is simulated.")
    if wanted and [n.lower() for n in wanted.names[:1]] != [name.lower()]:
        raise bad_request("The restriction or sort order is too complex.", "InefficientFilter")


def create(context: RequestContext, folder: str | None = None) -> Reply:
    """POST a message as JSON or MIME into a folder; without one, into Drafts."""
    is_mime = context.call.headers.get("content-type", "").lower().startswith("text/plain")
    with context.mailbox.lock:
        target = context.folder(folder or "drafts")
        if is_mime:
            made = context.mailbox.new_item(
                parse_message.mail_of_mime(context.call.content), target
            )
        else:
            made = parse_message.new_item(context, context.call.json, target)
        item = context.mailbox.add(made)
        return Reply(201, _written(context, item))


def change(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """PATCH a message, if it is still the version that If-Match names."""
    body = context.call.json
    with context.mailbox.lock:
        item = context.item(message, folder)
        _check_version(context, item)
        _check_allowed(context, item, body)
        changed = parse_message.apply(context, item, body)
        if changed:
            context.mailbox.touch(item, changed)
        return Reply(200, _written(context, item))


def _check_version(context: RequestContext, item: Item) -> None:
    wanted = context.call.headers.get("if-match", "*")
    rival = context.services.chance.random() < context.services.behaviour.conflicts
    if rival:
        context.mailbox.touch(item, {"flag"})
    if rival or wanted not in ("*", serialize.etag(item)):
        raise GraphError(
            412,
            "ErrorIrresolvableConflict",
            "The send or update operation could not be performed because the change key passed "
            "in the request does not match the current change key for the item.",
        )


def _check_allowed(context: RequestContext, item: Item, body: dict[str, Any]) -> None:
    names = {name for name in body if "@" not in name}
    strange = names - parse_message.CHANGEABLE - _SENSITIVE - _WITHOUT_EFFECT
    if strange:
        raise bad_request(
            f"Set action is invalid for property '{min(strange)}'.", "ErrorInvalidPropertySet"
        )
    if not item.is_draft and names & _SENSITIVE and not context.caller.may(SENSITIVE_CHANGE):
        raise GraphError(
            403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
        )


def move(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """POST move: the same mail in another folder, with a new version."""
    destination = str(context.call.argument("destinationId"))
    with context.mailbox.lock:
        item = context.item(message, folder)
        target = context.folder(destination)
        if target is not item.folder:
            context.mailbox.relocate(item, target)
        return Reply(201, _written(context, item))


def copy(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """POST copy: another item with new ids."""
    destination = str(context.call.argument("destinationId"))
    with context.mailbox.lock:
        item = context.item(message, folder)
        new_id = context.mailbox.copy(item.id, context.folder(destination))
        made = context.mailbox.item(new_id)
        assert made
        return Reply(201, _written(context, made))


def delete(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """DELETE: to Deleted Items, or for good if it is there already."""
    with context.mailbox.lock:
        item = context.item(message, folder)
        if "if-match" in context.call.headers:
            _check_version(context, item)
        context.mailbox.delete(item.id)
    return Reply(204)


def purge(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """POST permanentDelete."""
    with context.mailbox.lock:
        context.mailbox.purge(context.item(message, folder))
    return Reply(204)


def _written(context: RequestContext, item: Item) -> dict[str, Any]:
    """The answer to a write: the whole message; it does not count as reading its content."""
    shape = context.shape(select="", expand="")
    return {"@odata.context": _metadata_url(context)} | serialize.message(item, shape)


def _whole(context: RequestContext, item: Item, shape: serialize.Representation) -> dict[str, Any]:
    return {"@odata.context": _metadata_url(context)} | context.show(item, shape)


def _metadata_url(context: RequestContext) -> str:
    return f"{context.call.base}/$metadata#users('{context.mailbox.user_id}')/messages/$entity"
