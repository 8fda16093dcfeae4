"""Items and folders as Graph's JSON shows them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from webcrm_sync_sandbox.graph.http import stamp
from webcrm_sync_sandbox.outlook.mail import File, Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from webcrm_sync_sandbox.outlook.mail import Person
    from webcrm_sync_sandbox.outlook.store import Item, SimFolder, StoredAttachment

Json = dict[str, Any]
#: The types of messages that are no mails. Cancellations and notices have none of their own.
_MEETINGS = {
    "meeting": "#microsoft.graph.eventMessageRequest",
    "meeting answer": "#microsoft.graph.eventMessageResponse",
    "meeting cancellation": "#microsoft.graph.eventMessage",
    "meeting notice": "#microsoft.graph.eventMessage",
}
#: Properties that show more of a mail than its header data.
_CONTENT = frozenset({"body", "bodyPreview", "uniqueBody"})


@dataclass(frozen=True, slots=True)
class Representation:
    """How to show items: their properties, the form of ids, the kind of body."""

    names: frozenset[str]
    expanded: tuple[str, ...] = ()
    immutable: bool = False
    as_text: bool = False

    @property
    def shows_content(self) -> bool:
        """True when this representation includes the content of a mail."""
        return not _CONTENT.isdisjoint(self.names)

    def id_of(self, item: Item) -> str:
        """The item's id in the requested form."""
        return item.id if self.immutable else item.rest_id


def message(item: Item, shape: Representation) -> Json:
    """A message with the chosen properties; its id and etag are always included."""
    shown: Json = {"@odata.etag": etag(item)}
    if item.kind in _MEETINGS:
        shown["@odata.type"] = _MEETINGS[item.kind]
    shown["id"] = shape.id_of(item)
    for name, show in _SHOWN.items():
        if name in shape.names:
            shown[name] = show(item, shape)
    if values := extended_properties(item.properties, shape.expanded):
        shown["singleValueExtendedProperties"] = values
    return shown


def extended_properties(properties: Mapping[str, str], wanted: Iterable[str]) -> list[Json]:
    """Those of the wanted extended properties that an item or folder has."""
    return [{"id": _as_asked(key), "value": properties[key]} for key in wanted if key in properties]


def etag(item: Item) -> str:
    """The version in the form for If-Match."""
    return f'W/"{item.change_key}"'


def folder(one: SimFolder) -> Json:
    """A mailFolder."""
    return {
        "id": one.id,
        "displayName": one.name,
        "parentFolderId": one.parent.id if one.parent else one.id,
        "childFolderCount": sum(not child.is_hidden for child in one.children),
        "unreadItemCount": sum(not item.is_read for item in one.items.values()),
        "totalItemCount": len(one.items),
        "isHidden": one.is_hidden,
    }


def attachment(stored: StoredAttachment, item: Item, *, is_whole: bool) -> Json:
    """An attachment; `is_whole`: with its content, if it is a file."""
    one = stored.attachment
    shown: Json = {
        "@odata.type": f"#microsoft.graph.{attachment_kind(stored)}",
        "@odata.mediaContentType": _content_type(stored),
        "id": stored.id,
        "lastModifiedDateTime": stamp(item.appeared_at),
        "name": one.name,
        "contentType": _content_type(stored),
        "size": 0 if isinstance(one, Link) else len(one.content) + 200,
        "isInline": isinstance(one, File) and one.is_inline,
    }
    if isinstance(one, File):
        shown |= {"contentId": one.content_id, "contentLocation": None}
        if is_whole:
            shown["contentBytes"] = base64.b64encode(one.content).decode()
    return shown


def attachment_kind(stored: StoredAttachment) -> str:
    """The type's name in Graph."""
    one = stored.attachment
    if isinstance(one, File):
        return "fileAttachment"
    return "referenceAttachment" if isinstance(one, Link) else "itemAttachment"


def _content_type(stored: StoredAttachment) -> str | None:
    return stored.attachment.content_type if isinstance(stored.attachment, File) else None


def _as_asked(key: str) -> str:
    """The property's id with its type as Graph writes it: `String {guid} Name x`."""
    kinds = {"systemtime": "SystemTime", "clsid": "CLSID"}
    kind, _, rest = key.partition(" ")
    return f"{kinds.get(kind, kind.capitalize())} {rest}"


def _party(person: Person | None) -> Json | None:
    if person is None:
        return None
    return {"emailAddress": {"name": person.name or person.address, "address": person.address}}


def _parties(people: tuple[Person, ...]) -> list[Json | None]:
    return [_party(person) for person in people]


def _body(item: Item, shape: Representation) -> Json:
    if shape.as_text and item.html:
        return {"contentType": "text", "content": plain(item.body)}
    return {"contentType": "html" if item.html else "text", "content": item.body}


def plain(html: str) -> str:
    """The text of some HTML, roughly as Exchange shows it."""
    reader = _TextReader()
    reader.feed(_ENDLESS.sub("", html))
    reader.close()
    return "".join(reader.context).strip()


#: Python refuses to parse character references with thousands of digits.
_ENDLESS = re.compile(r"&#[0-9]{9,}+;?")


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.context: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"p", "br", "div", "tr", "li"}:
            self.context.append("\r\n")

    def handle_data(self, data: str) -> None:
        self.context.append(data)


#: How much of a body its preview reads: Python's parser takes quadratic time for some bodies.
_PREVIEWED = 20_000
_SHOWN: dict[str, Callable[[Item, Representation], Any]] = {
    "createdDateTime": lambda i, _: stamp(i.appeared_at),
    "lastModifiedDateTime": lambda i, _: stamp(i.modified_at),
    "changeKey": lambda i, _: i.change_key,
    "categories": lambda i, _: list(i.categories),
    "receivedDateTime": lambda i, _: stamp(i.received_at),
    "sentDateTime": lambda i, _: stamp(i.sent_at),
    "hasAttachments": lambda i, _: i.has_attachments,
    "internetMessageId": lambda i, _: i.message_id,
    "subject": lambda i, _: i.subject,
    "bodyPreview": lambda i, _: (plain(i.body[:_PREVIEWED]) if i.html else i.body)[:255],
    "importance": lambda i, _: i.importance,
    "parentFolderId": lambda i, _: i.folder.id,
    "conversationId": lambda i, _: i.conversation_id,
    "conversationIndex": lambda i, _: base64.b64encode(i.conversation_id[-22:].encode()).decode(),
    "isDeliveryReceiptRequested": lambda _i, _: False,
    "isReadReceiptRequested": lambda _i, _: False,
    "isRead": lambda i, _: i.is_read,
    "isDraft": lambda i, _: i.is_draft,
    "webLink": lambda i, _: (
        "https://outlook.office365.com/owa/?ItemID="
        f"{quote(i.rest_id)}&exvsurl=1&viewmodel=ReadMessageItem"
    ),
    "inferenceClassification": lambda i, _: i.inference,
    "body": _body,
    "uniqueBody": _body,
    "sender": lambda i, _: _party(i.sender),
    "from": lambda i, _: _party(i.author),
    "toRecipients": lambda i, _: _parties(i.to),
    "ccRecipients": lambda i, _: _parties(i.cc),
    "bccRecipients": lambda i, _: _parties(i.bcc),
    "replyTo": lambda i, _: _parties(i.reply_to),
    "flag": lambda i, _: {"flagStatus": i.flag},
    "internetMessageHeaders": lambda i, _: [{"name": n, "value": v} for n, v in i.headers],
}
MESSAGE_NAMES = frozenset(_SHOWN) | {"id"}
DEFAULT_NAMES = MESSAGE_NAMES - {"uniqueBody", "internetMessageHeaders"}
