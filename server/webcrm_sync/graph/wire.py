"""Microsoft Graph's JSON <-> the values of `core`. Pure.

A missing key means "unchanged" in a delta update and "empty" elsewhere; null means "empty".
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from webcrm_sync.core.errors import Gone, Refused
from webcrm_sync.core.message import (
    Attachment,
    AttachmentKind,
    Message,
    Party,
    actual_sender,
)
from webcrm_sync.core.message_ids import parse_message_ids
from webcrm_sync.core.outlook import Change, CreatedMail, Location, Page, SentMail
from webcrm_sync.graph.guards import EntryGuard, no_guard
from webcrm_sync.graph.properties import (
    IN_REPLY_TO,
    MESSAGE_CLASS,
    REFERENCES,
    SENSITIVITY,
    STAMP,
    classify_message,
    read_properties,
    read_sensitivity,
)

Json = Mapping[str, Any]

#: OData's own path segments that the product uses.
_ODATA_SEGMENTS = frozenset({"$batch", "$value"})

#: For `$select`: the keys of a whole Message.
MESSAGE_KEYS = (
    "id,changeKey,parentFolderId,subject,from,sender,replyTo,toRecipients,ccRecipients,"
    "bccRecipients,sentDateTime,receivedDateTime,internetMessageId,conversationId,categories,"
    "hasAttachments,isDraft,body"
)
#: The version of MESSAGE_KEYS and EXPAND. Raise it whenever they change: a delta link keeps the
#: selection that it was created with (Microsoft Graph: message delta).
SELECTION = 1
LOCATION_KEYS = "id,parentFolderId,changeKey,categories"
CREATED_KEYS = "id,changeKey,isDraft"
#: Only a file has a content id, so Graph needs its type in the name (GitHub:
#: microsoft-graph-explorer-v4 issue 3916).
ATTACHMENT_KEYS = "id,name,contentType,size,isInline,microsoft.graph.fileAttachment/contentId"

#: A delta entry with these keys holds the whole mail; a draft may lack the other keys.
_WHOLE_KEYS = {"changeKey", "parentFolderId", "toRecipients", "categories", "body"}
_ATTACHMENT_KINDS = {
    "#microsoft.graph.itemattachment": AttachmentKind.ITEM,
    "#microsoft.graph.referenceattachment": AttachmentKind.REFERENCE,
}


def read_message(raw: Json) -> Message:
    """The mail in a message resource that was selected by MESSAGE_KEYS."""
    body = get_object(raw, "body")
    author, actual = _party(raw, "from"), _party(raw, "sender")
    properties = _extended_properties(raw)
    in_reply_to = parse_message_ids(properties.get(IN_REPLY_TO, ""))
    return Message(
        graph_id=get_id(raw),
        change_key=get_text(raw, "changeKey"),
        folder_id=get_text(raw, "parentFolderId"),
        message_id=get_text(raw, "internetMessageId").strip() or None,
        subject=get_text(raw, "subject"),
        sender=author or actual,
        to=_parties(raw, "toRecipients"),
        cc=_parties(raw, "ccRecipients"),
        bcc=_parties(raw, "bccRecipients"),
        sent_at=get_time(raw, "sentDateTime"),
        received_at=get_time(raw, "receivedDateTime"),
        categories=get_texts(raw, "categories"),
        has_attachments=raw.get("hasAttachments") is True,
        is_draft=raw.get("isDraft") is True,
        kind=classify_message(
            get_text(raw, "@odata.type"),
            get_text(raw, "meetingMessageType"),
            properties.get(MESSAGE_CLASS, ""),
        ),
        body=get_text(body, "content"),
        body_is_html=get_text(body, "contentType").casefold() == "html",
        stamp=properties.get(STAMP) or None,
        reply_to=_parties(raw, "replyTo"),
        sent_by=actual_sender(author, actual),
        conversation_id=get_text(raw, "conversationId") or None,
        in_reply_to=in_reply_to[0] if in_reply_to else None,
        references=parse_message_ids(properties.get(REFERENCES, "")),
        sensitivity=read_sensitivity(properties.get(SENSITIVITY, "")),
    )


def read_stamp(raw: Json) -> str | None:
    """The product's stamp on the mail, None = no stamp, or not selected."""
    return _extended_properties(raw).get(STAMP) or None


def _extended_properties(raw: Json) -> Mapping[str, str]:
    entries = get_objects(raw, "singleValueExtendedProperties")
    return read_properties((get_text(entry, "id"), get_text(entry, "value")) for entry in entries)


def read_version(raw: Json) -> Change:
    """The change in one entry of a delta page, without its mail."""
    if "@removed" in raw:
        return Change(get_id(raw), is_removed=True)
    categories = get_texts(raw, "categories") if "categories" in raw else None
    return Change(get_id(raw), get_text(raw, "changeKey") or None, categories=categories)


def read_change(raw: Json) -> Change:
    """The change in one entry of a delta page."""
    change = read_version(raw)
    is_whole = not change.is_removed and raw.keys() >= _WHOLE_KEYS
    return replace(change, message=read_message(raw)) if is_whole else change


def read_page(
    raw: Json,
    read: Callable[[Json], Change] = read_change,
    guard: EntryGuard = no_guard,
) -> Page:
    """A delta page. When it has both a nextLink and a deltaLink, the nextLink wins.

    An entry without an id is left out, since no call can name it. An entry that cannot be read
    becomes a Change with its `fault`. Neither hides the other entries.
    """
    next_link, delta_link = get_text(raw, "@odata.nextLink"), get_text(raw, "@odata.deltaLink")
    if not (next_link or delta_link):
        raise Refused("A delta page has no link to the next one.", code="UnexpectedAnswer")
    entries = (_read_entry(entry, read, guard) for entry in get_objects(raw, "value"))
    changes = tuple(change for change in entries if change.graph_id)
    return Page(changes, cursor=next_link or delta_link, is_last=not next_link)


def _read_entry(entry: Json, read: Callable[[Json], Change], guard: EntryGuard) -> Change:
    try:
        if not (graph_id := get_text(entry, "id")):
            return Change("")
        with guard(graph_id):
            return read(entry)
    except MemoryError:
        raise
    except Exception as fault:  # reads plain texts alone, since any other value may be the fault
        texts = {n: v for n, v in entry.items() if isinstance(v, str) and v.isprintable()}
        names = entry.get("categories")
        are_texts = isinstance(names, list) and all(isinstance(n, str) for n in names)
        return Change(
            graph_id=texts.get("id", ""),
            change_key=texts.get("changeKey"),
            categories=tuple(names) if isinstance(names, list) and are_texts else None,
            fault=fault,
            message_id=texts.get("internetMessageId"),
        )


def read_location(raw: Json) -> Location:
    """The copy's location, in a message resource that was selected by LOCATION_KEYS."""
    return Location(
        get_text(raw, "parentFolderId"), get_text(raw, "changeKey"), get_texts(raw, "categories")
    )


def read_created(raw: Json) -> CreatedMail:
    """A new mail. It counts as a draft unless Graph says that it is not one."""
    return CreatedMail(get_id(raw), get_text(raw, "changeKey"), raw.get("isDraft") is not False)


def read_attachment(raw: Json) -> Attachment:
    """The attachment in one entry of a mail's list."""
    kind = get_text(raw, "@odata.type").casefold()
    return Attachment(
        graph_id=get_id(raw),
        name=get_text(raw, "name"),
        size=get_number(raw, "size"),
        is_inline=raw.get("isInline") is True,
        content_type=get_text(raw, "contentType"),
        kind=_ATTACHMENT_KINDS.get(kind, AttachmentKind.FILE),
        content_id=get_text(raw, "contentId"),
    )


def read_content(raw: Json) -> bytes | None:
    """The content of a file in its attachment resource, None = it holds none."""
    content = raw.get("contentBytes")
    if not isinstance(content, str):
        return None
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        return None


def sent_mail_body(mail: SentMail) -> dict[str, Any]:
    """The body of the POST that creates a mail that is not a draft.

    Graph takes the flags at creation only. Without both times Outlook would sort the mail at "now"
    (Microsoft Graph: extended properties; MS-OXCMSG: PidTagMessageFlags, where any value
    without 0x8 is "not unsent" and 1 is "read").
    """
    sender = _recipient_object(mail.sender_name, mail.sender_address)
    sent = mail.sent_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    properties = {
        "Integer 0x0E07": "1",
        "SystemTime 0x0039": sent,
        "SystemTime 0x0E06": sent,
        STAMP: mail.stamp,
    }
    return {
        "subject": mail.subject,
        "body": {"contentType": "html" if mail.body_is_html else "text", "content": mail.body},
        "from": sender,
        "sender": sender,
        "toRecipients": [_recipient_object(mail.recipient_name, mail.recipient_address)],
        "internetMessageId": mail.message_id,
        "isRead": True,
        "categories": list(mail.categories),
        "singleValueExtendedProperties": _property_objects(properties),
    }


def marking_body(categories: Sequence[str], stamp: str | None) -> dict[str, Any]:
    """The body of a PATCH that sets the categories, and the stamp unless it is None."""
    stamped = {} if stamp is None else {STAMP: stamp}
    body: dict[str, Any] = {"categories": list(categories)}
    return body | ({"singleValueExtendedProperties": _property_objects(stamped)} if stamped else {})


def stamp_filter(stamp: str) -> str:
    """The `$filter` for messages with this stamp."""
    return (
        f"singleValueExtendedProperties/Any(ep: ep/id eq '{STAMP}'"
        f" and ep/value eq '{quote_literal(stamp)}')"
    )


def check_segment(value: str) -> str:
    """`value`, an id for a path segment. Raises Gone for a value that cannot be an id.

    `.` and `..` are steps in a path (RFC 3986, 5.2.4), and some servers drop more dots. `$count`
    and the like are OData's own segments (OData 4.01, URL 4).
    """
    is_reserved = value.startswith("$") and value not in _ODATA_SEGMENTS
    if not value.strip(".") or is_reserved or not _is_encodable(value):
        raise Gone("Nothing has an id that no address can hold.")
    return value


def _is_encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def build_path(*segments: str, **query: str) -> str:
    """A resource's path and query, percent-encoded, with `$` before each query name.

    Raises Gone for a segment that cannot be an id.

    >>> build_path("users", "u/1", "messages", top="5")
    '/users/u%2F1/messages?$top=5'
    """
    options = "&".join(f"${name}={quote(value, safe='')}" for name, value in query.items())
    path = "".join("/" + quote(check_segment(segment), safe="$=") for segment in segments)
    return f"{path}?{options}" if options else path


def quote_literal(value: str) -> str:
    """`value` escaped for the inside of an OData string literal."""
    return value.replace("'", "''")


def get_id(raw: Json) -> str:
    """The resource's id, which is case-sensitive. Raises Refused if it has none."""
    if not (graph_id := get_text(raw, "id")):
        raise Refused("Graph's answer holds a resource without an id.", code="UnexpectedAnswer")
    return graph_id


def get_text(raw: Json, key: str) -> str:
    """The string at `key`, "" when there is none, without characters PostgreSQL cannot store."""
    value = raw.get(key)
    if not isinstance(value, str):
        return ""
    clean = value.replace("\0", "")
    if not clean.isascii():  # JSON may hold half a character, such as \ud83d alone
        clean = clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return clean


def get_number(raw: Json, key: str) -> int:
    """The whole number at `key`, 0 if there is none."""
    value = raw.get(key)
    return value if isinstance(value, int) else 0


def get_texts(raw: Json, key: str) -> tuple[str, ...]:
    """The strings in the list at `key`."""
    value = raw.get(key)
    entries = value if isinstance(value, list) else []
    return tuple(get_text({key: entry}, key) for entry in entries if isinstance(entry, str))


def get_object(raw: Json, key: str) -> Json:
    """The object at `key`, {} when there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def get_objects(raw: Json, key: str) -> tuple[Json, ...]:
    """The objects in the list at `key`."""
    value = raw.get(key)
    entries = value if isinstance(value, list) else []
    return tuple(entry for entry in entries if isinstance(entry, dict))


def get_time(raw: Json, key: str) -> datetime | None:
    """The time at `key` in UTC; None if it is absent, unreadable or Exchange's year 1."""
    try:
        at = datetime.fromisoformat(get_text(raw, key))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.astimezone(UTC) if at.year > 1 else None
    except (ValueError, OverflowError):  # in UTC, the last hours of year 9999 may lie beyond it
        return None


def _party(raw: Json, key: str) -> Party | None:
    return _read_party(get_object(raw, key))


def _parties(raw: Json, key: str) -> tuple[Party, ...]:
    parties = map(_read_party, get_objects(raw, key))
    return tuple(party for party in parties if party)


def _read_party(raw: Json) -> Party | None:
    """The party in a recipient resource, None without an address."""
    inner = get_object(raw, "emailAddress")
    party = Party.of(get_text(inner, "address"), get_text(inner, "name"))
    return party if party.address else None


def _recipient_object(name: str, address: str) -> dict[str, Any]:
    return {"emailAddress": {"name": name, "address": address}}


def _property_objects(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"id": name, "value": value} for name, value in values.items()]
