"""Attachments of a message (Microsoft Graph: attachment)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.graph import parse_message, serialize
from webcrm_sync_sandbox.graph.http import Reply, bad_request, check_options, not_found
from webcrm_sync_sandbox.graph.odata import read_select
from webcrm_sync_sandbox.outlook.mail import Link

if TYPE_CHECKING:
    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook.store import Item, StoredAttachment

_NAMES = frozenset(
    {
        "id",
        "name",
        "contentType",
        "size",
        "isInline",
        "lastModifiedDateTime",
    }
)
#: Properties of files alone, by their name in $select (microsoft-graph-explorer-v4 issue 3916).
_OF_FILES = {
    f"microsoft.graph.fileAttachment/{name}": name
    for name in ("contentId", "contentLocation", "contentBytes")
}
#: "Under 3 MB" in one call (Microsoft Graph: outlook-large-attachments).
_LARGEST = 3 * 1024 * 1024


def listing(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """GET the attachments; with their contents, unless $select omits those."""
    check_options(context.call, "select")
    select = context.call.query.get("$select")
    chosen = read_select(select, _NAMES | _OF_FILES.keys()) if select else _NAMES | _OF_FILES.keys()
    names = {_OF_FILES.get(name, name) for name in chosen}
    with context.mailbox.lock:
        item = context.item(message, folder)
        is_whole = "contentBytes" in names
        if is_whole and item.attachments:
            context.call.notes.contents.append(item.id)
        shown = [serialize.attachment(one, item, is_whole=is_whole) for one in item.attachments]
    kept = names | {"id"}
    value = [{k: v for k, v in one.items() if k in kept or k[0] == "@"} for one in shown]
    return Reply(200, {"value": value})


def get(context: RequestContext, message: str, attachment: str, folder: str | None = None) -> Reply:
    """GET one attachment with its content."""
    with context.mailbox.lock:
        item = context.item(message, folder)
        context.call.notes.contents.append(item.id)
        stored = _readable(context, item, attachment)
        return Reply(200, serialize.attachment(stored, item, is_whole=True))


def raw(context: RequestContext, message: str, attachment: str, folder: str | None = None) -> Reply:
    """GET the bytes: a file's own, an attached item's MIME text."""
    with context.mailbox.lock:
        item = context.item(message, folder)
        context.call.notes.contents.append(item.id)
        one = _readable(context, item, attachment).attachment
    if isinstance(one, Link):
        raise bad_request("A reference attachment has no value.", "ErrorInvalidRequest")
    content_type = getattr(one, "content_type", "text/plain")
    return Reply(200, one.content, {"Content-Type": content_type})


def _readable(context: RequestContext, item: Item, attachment: str) -> StoredAttachment:
    """The attachment, with more content than announced if its name is in `overlong`."""
    stored = _find(item, attachment)
    one = stored.attachment
    if one.name in context.mailbox.unreadable:
        raise bad_request("The attachment cannot be read.", "ErrorCorruptData")
    if one.name in context.mailbox.overlong and not isinstance(one, Link):
        return replace(stored, attachment=replace(one, content=one.content + bytes(_LARGEST)))
    return stored


def create(context: RequestContext, message: str, folder: str | None = None) -> Reply:
    """POST an attachment under 3 MB."""
    made = parse_message.read_attachment(context.call.json)
    if not isinstance(made, Link) and len(made.content) >= _LARGEST:
        raise bad_request("The attachment is too large.", "ErrorAttachmentSizeLimitExceeded")
    with context.mailbox.lock:
        item = context.item(message, folder)
        stored = context.mailbox.store_attachment(made)
        item.attachments += (stored,)
        context.mailbox.touch(item, {"hasAttachments"})
        return Reply(201, serialize.attachment(stored, item, is_whole=True))


def _find(item: Item, attachment_id: str) -> StoredAttachment:
    found = next((one for one in item.attachments if one.id == attachment_id), None)
    if not found:
        raise not_found()
    return found
