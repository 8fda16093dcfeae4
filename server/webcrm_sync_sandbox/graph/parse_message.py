"""Creates and changes items from Graph's JSON."""

from __future__ import annotations

import base64
import binascii
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.graph.http import GraphError, bad_request, read_stamp
from webcrm_sync_sandbox.graph.odata import check_property_id
from webcrm_sync_sandbox.outlook.mail import (
    AUTO,
    AttachedItem,
    File,
    Link,
    Mail,
    Person,
    new_message_id,
)
from webcrm_sync_sandbox.outlook.store import normal_property_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from webcrm_sync_sandbox.graph.request_context import RequestContext
    from webcrm_sync_sandbox.outlook.mail import Attachment
    from webcrm_sync_sandbox.outlook.store import Item, SimFolder

_FLAGS = normal_property_id("Integer 0x0E07")
_SUBMITTED = normal_property_id("SystemTime 0x0039")
_DELIVERED = normal_property_id("SystemTime 0x0E06")
_UNSENT, _READ = 0x8, 0x1
#: Ignored at creation: the service sets them (Microsoft Graph: user-post-messages).
_IGNORED = frozenset(
    ["isDraft", "sentDateTime", "receivedDateTime", "createdDateTime", "hasAttachments"]
)
_IN_CREATION = frozenset({"attachments", "internetMessageHeaders"})
_MOST_HEADERS = 5
#: MIME headers that become extended properties.
_KEPT_HEADERS = ("In-Reply-To", "References", "Sensitivity")


def _people(value: Any) -> tuple[Person, ...]:
    return tuple(_person(one) for one in value or [])


def _person(value: Any) -> Person:
    try:
        address = value["emailAddress"]
        return Person(address["address"], address.get("name") or "")
    except (TypeError, KeyError) as error:
        raise bad_request("A recipient has no address.", "ErrorInvalidRecipients") from error


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad_request("A list of texts is expected.")
    return tuple(value)


#: Graph's property -> the item's attributes.
_WRITTEN: dict[str, Callable[[Any], dict[str, Any]]] = {
    "subject": lambda v: {"subject": v},
    "body": lambda v: {
        "body": v.get("content") or "",
        "html": v.get("contentType", "text").lower() == "html",
    },
    "from": lambda v: {"author": _person(v) if v else None},
    "sender": lambda v: {"sender": _person(v) if v else None},
    "toRecipients": lambda v: {"to": _people(v)},
    "ccRecipients": lambda v: {"cc": _people(v)},
    "bccRecipients": lambda v: {"bcc": _people(v)},
    "replyTo": lambda v: {"reply_to": _people(v)},
    "internetMessageId": lambda v: {"message_id": v},
    "categories": lambda v: {"categories": _strings(v)},
    "isRead": lambda v: {"is_read": v is True},
    "importance": lambda v: {"importance": v},
    "inferenceClassification": lambda v: {"inference": v},
    "flag": lambda v: {"flag": v.get("flagStatus", "notFlagged")},
}
CHANGEABLE = frozenset(
    [
        "categories",
        "isRead",
        "importance",
        "inferenceClassification",
        "flag",
        "singleValueExtendedProperties",
    ]
)


def new_item(context: RequestContext, body: dict[str, Any], folder: SimFolder) -> Item:
    """An item from the JSON of a create call. Raises GraphError."""
    names = {name for name in body if "@" not in name}
    strange = names - set(_WRITTEN) - _IGNORED - _IN_CREATION - CHANGEABLE
    if strange:
        raise bad_request(
            f"Set action is invalid for property '{min(strange)}'.", "ErrorInvalidPropertySet"
        )
    box = context.mailbox
    item = box.new_item(Mail("", None, (), is_draft=True, message_id=new_message_id()), folder)
    for name in names & set(_WRITTEN):
        _assign(item, _WRITTEN[name](body[name]))
    item.headers = _headers(body)
    item.attachments = tuple(
        box.store_attachment(read_attachment(one)) for one in body.get("attachments") or []
    )
    _apply_flags_and_times(item, read_properties(context, body))
    return item


def _apply_flags_and_times(item: Item, properties: dict[str, str]) -> None:
    """Set the draft flag and the times, which only creation can set.

    PidTagMessageFlags and the two times of MS-OXPROPS; microsoft-graph-docs issue 14829.
    """
    if _FLAGS in properties:
        if not properties[_FLAGS].isdigit():
            raise bad_request("The value of an Integer property must be a number.")
        flags = int(properties[_FLAGS])
        item.is_draft = bool(flags & _UNSENT)
        item.is_read = item.is_read or bool(flags & _READ)
    if _SUBMITTED in properties:
        item.sent_at = read_stamp(properties[_SUBMITTED]).replace(microsecond=0)
    if _DELIVERED in properties:
        item.received_at = read_stamp(properties[_DELIVERED]).replace(microsecond=0)
    item.properties |= properties


def apply(context: RequestContext, item: Item, body: dict[str, Any]) -> set[str]:
    """Change the item by the JSON of a PATCH; the names of what it changed. Raises GraphError."""
    properties = read_properties(context, body)
    changed = set()
    for name in set(body) & set(_WRITTEN):
        _assign(item, _WRITTEN[name](body[name]))
        changed.add(name)
    for late in (_FLAGS, _SUBMITTED, _DELIVERED):
        properties.pop(late, None)  # Graph answers success and changes nothing
    if properties:
        context.mailbox.set_properties(item, properties)
        changed.add("singleValueExtendedProperties")
    return changed


def _assign(item: Item, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name == "message_id" and not item.is_draft:
            continue
        setattr(item, name, value)


def read_properties(context: RequestContext, body: dict[str, Any]) -> dict[str, str]:
    """The extended properties in the JSON of a write, by their normal ids. Raises GraphError."""
    found: dict[str, str] = {}
    for one in body.get("singleValueExtendedProperties") or []:
        if not isinstance(one.get("value"), str):
            raise bad_request("The value of an extended property must be a string.")
        found[check_property_id(str(one.get("id")))] = one["value"]
    _use_names(context, {key for key in found if " Name " in key})
    return found


def _use_names(context: RequestContext, names: set[str]) -> None:
    """Count each new name against the mailbox's limit (Microsoft Graph: extended properties)."""
    box = context.mailbox
    fresh = names - box.named_properties
    if len(fresh) > box.named_properties_left:
        raise GraphError(403, "ErrorQuotaExceeded", "Cannot get ID from name.")
    box.named_properties_left -= len(fresh)
    box.named_properties |= fresh


def _headers(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    given = body.get("internetMessageHeaders")
    if given is None:
        return ()
    if not 1 <= len(given) <= _MOST_HEADERS:
        raise bad_request("1 to 5 headers.", "InvalidInternetMessageHeaderCollection")
    if any(not one["name"].lower().startswith("x-") for one in given):
        raise bad_request("Names start with x-.", "InvalidInternetMessageHeader")
    return tuple((one["name"], one["value"]) for one in given)


def read_attachment(body: dict[str, Any]) -> Attachment:
    """An attachment from its JSON. Raises GraphError 422 without a type."""
    kind = body.get("@odata.type", "").rpartition(".")[2]
    name = body.get("name", "")
    if kind == "fileAttachment":
        try:
            content = base64.b64decode(body.get("contentBytes") or "", validate=True)
        except binascii.Error as error:
            raise bad_request("contentBytes is no base64.") from error
        content_type = body.get("contentType") or "application/octet-stream"
        is_inline = body.get("isInline") is True
        return File(name, content, content_type, is_inline, body.get("contentId"))
    if kind == "referenceAttachment":
        return Link(name, body.get("sourceUrl", ""))
    raise GraphError(422, "UnprocessableType", "The attachment's @odata.type is missing or odd.")


def mail_of_mime(content: bytes) -> Mail:
    """The mail of base64 MIME: always a draft (microsoft-graph-docs issue 14829)."""
    try:
        text = base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise bad_request("Invalid base64 string for MIME content.") from error
    read = message_from_bytes(text, policy=default)
    body = read.get_body(("html", "plain"))
    return Mail(
        subject=str(read["Subject"] or ""),
        sender=str(read["From"]) if read["From"] else None,
        to=_addressed(read, "To"),
        body=body.get_content() if body else "",
        html=body is not None and body.get_content_type() == "text/html",
        message_id=str(read["Message-ID"]) if read["Message-ID"] else AUTO,
        is_draft=True,
        headers=tuple((name, str(read[name])) for name in _KEPT_HEADERS if read[name]),
        reply_to=_addressed(read, "Reply-To"),
        sent_by=next(iter(_addressed(read, "Sender")), None),
    )


def _addressed(read: EmailMessage, header: str) -> tuple[Person, ...]:
    groups = [found.addresses for found in read.get_all(header, [])]
    return tuple(Person(one.addr_spec, one.display_name) for group in groups for one in group)


def mime_text(item: Item) -> bytes:
    """The item as RFC 5322 text, rebuilt."""
    text = EmailMessage()
    pairs = {
        "Subject": item.subject,
        "From": str(item.author or ""),
        "To": ", ".join(str(p) for p in item.to),
        "Cc": ", ".join(str(p) for p in item.cc),
        "Reply-To": ", ".join(str(p) for p in item.reply_to),
        "Sender": str(item.sender) if item.sender != item.author else "",
        "Message-ID": item.message_id or "",
        **{name: value for name, value in item.headers if name in _KEPT_HEADERS},
    }
    for name, value in pairs.items():
        if value:
            text[name] = value
    text.set_content(item.body, subtype="html" if item.html else "plain")
    for stored in item.attachments:
        one = stored.attachment
        if isinstance(one, File | AttachedItem):
            text.add_attachment(
                one.content, maintype="application", subtype="octet-stream", filename=one.name
            )
    return text.as_bytes()
