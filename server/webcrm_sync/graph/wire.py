"""Microsoft Graph's JSON and `core`'s values, both ways. Pure.

A key that is missing is "unchanged" in a delta update and "empty" elsewhere; a null is empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

#: The names that OData gives and that we ask for.
_OWN = frozenset({"$batch", "$value"})

#: For `$select`: all of a Message.
MESSAGE_KEYS = (
    "id,changeKey,parentFolderId,subject,from,sender,replyTo,toRecipients,ccRecipients,"
    "bccRecipients,sentDateTime,receivedDateTime,internetMessageId,conversationId,categories,"
    "hasAttachments,isDraft,body"
)
#: The version of MESSAGE_KEYS and EXPANDED, raised with each change of them: a delta link goes on
#: with the selection it was made with (Microsoft Graph: message delta).
SELECTION = 1
LOCATION_KEYS = "id,parentFolderId,changeKey,categories"
CREATED_KEYS = "id,changeKey,isDraft"
#: Only a file has a content id, and Graph wants that said (GitHub: microsoft-graph-explorer-v4
#: issue 3916).
ATTACHMENT_KEYS = "id,name,contentType,size,isInline,microsoft.graph.fileAttachment/contentId"

#: A delta line with all of these carries the whole mail; the others may be absent on a draft.
_WHOLE = {"changeKey", "parentFolderId", "toRecipients", "categories", "body"}
_ATTACHMENT_KINDS = {
    "#microsoft.graph.itemattachment": AttachmentKind.ITEM,
    "#microsoft.graph.referenceattachment": AttachmentKind.REFERENCE,
}


def read_message(raw: Json) -> Message:
    """The mail in a message resource that was asked for by MESSAGE_KEYS."""
    body = get_object(raw, "body")
    author, actual = _party(raw, "from"), _party(raw, "sender")
    known = _extended(raw)
    answered = parse_message_ids(known.get(IN_REPLY_TO, ""))
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
            known.get(MESSAGE_CLASS, ""),
        ),
        body=get_text(body, "content"),
        body_is_html=get_text(body, "contentType").casefold() == "html",
        stamp=known.get(STAMP) or None,
        reply_to=_parties(raw, "replyTo"),
        sent_by=actual_sender(author, actual),
        conversation_id=get_text(raw, "conversationId") or None,
        in_reply_to=answered[0] if answered else None,
        references=parse_message_ids(known.get(REFERENCES, "")),
        sensitivity=read_sensitivity(known.get(SENSITIVITY, "")),
    )


def read_stamp(raw: Json) -> str | None:
    """What this product wrote on the mail, None = nothing, or not asked for."""
    return _extended(raw).get(STAMP) or None


def _extended(raw: Json) -> Mapping[str, str]:
    lines = get_objects(raw, "singleValueExtendedProperties")
    return read_properties((get_text(line, "id"), get_text(line, "value")) for line in lines)


def read_change(raw: Json) -> Change:
    """One line of a delta page."""
    if "@removed" in raw:
        return Change(get_id(raw), is_removed=True)
    return Change(
        graph_id=get_id(raw),
        change_key=get_text(raw, "changeKey") or None,
        categories=get_texts(raw, "categories") if "categories" in raw else None,
        message=read_message(raw) if raw.keys() >= _WHOLE else None,
    )


def read_page(raw: Json) -> Page:
    """A delta page. A nextLink goes before a deltaLink, should both be there.

    A line without an id tells of nothing that could be asked for: it must not hide the others. Nor
    must one that cannot be read: it says so.
    """
    following, last = get_text(raw, "@odata.nextLink"), get_text(raw, "@odata.deltaLink")
    if not (following or last):
        raise Refused("A delta page names no page to go on with.", code="UnexpectedAnswer")
    lines = (_read_by_itself(line) for line in get_objects(raw, "value"))
    changes = tuple(line for line in lines if line.graph_id)
    return Page(changes, cursor=following or last, is_last=not following)


def _read_by_itself(line: Json) -> Change:
    try:
        return read_change(line) if get_text(line, "id") else Change("")
    except MemoryError:
        raise
    except Exception as fault:  # as little is asked of the line as can be
        known = {n: v for n, v in line.items() if isinstance(v, str) and v.isprintable()}
        names = line.get("categories")
        are_known = isinstance(names, list) and all(isinstance(n, str) for n in names)
        return Change(
            graph_id=known.get("id", ""),
            change_key=known.get("changeKey"),
            categories=tuple(names) if isinstance(names, list) and are_known else None,
            fault=fault,
            message_id=known.get("internetMessageId"),
        )


def read_location(raw: Json) -> Location:
    """Where the copy lies, from a message asked for by LOCATION_KEYS."""
    return Location(
        get_text(raw, "parentFolderId"), get_text(raw, "changeKey"), get_texts(raw, "categories")
    )


def read_created(raw: Json) -> CreatedMail:
    """The facts about a new message; a mail counts as a draft unless Graph says it is none."""
    return CreatedMail(get_id(raw), get_text(raw, "changeKey"), raw.get("isDraft") is not False)


def read_attachment(raw: Json) -> Attachment:
    """One line of a mail's attachments."""
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


def sent_mail_body(mail: SentMail) -> dict[str, Any]:
    """The body of the one POST that makes a mail that is no draft.

    Flags can be given at creation only; without both times it would sort at "now"
    (Microsoft Graph: extended properties; MS-OXCMSG: PidTagMessageFlags, where any value
    without 0x8 is "not unsent" and 1 is "read").
    """
    sender = _recipient(mail.sender_name, mail.sender_address)
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
        "toRecipients": [_recipient(mail.recipient_name, mail.recipient_address)],
        "internetMessageId": mail.message_id,
        "isRead": True,
        "categories": list(mail.categories),
        "singleValueExtendedProperties": _properties(properties),
    }


def marking_body(categories: Sequence[str], stamp: str | None) -> dict[str, Any]:
    """The body of a PATCH that sets categories, and our stamp unless it is None."""
    stamped = {} if stamp is None else {STAMP: stamp}
    body: dict[str, Any] = {"categories": list(categories)}
    return body | ({"singleValueExtendedProperties": _properties(stamped)} if stamped else {})


def stamp_filter(stamp: str) -> str:
    """The `$filter` that finds the messages with this stamp."""
    return (
        f"singleValueExtendedProperties/Any(ep: ep/id eq '{STAMP}'"
        f" and ep/value eq '{quote_literal(stamp)}')"
    )


def check_segment(value: str) -> str:
    """`value`, which names one thing in an address. Raises Gone where nothing can have that name.

    `.` and `..` are steps and not names (RFC 3986, 5.2.4), more dots are lost on some servers;
    `$count` and the like name something else than a thing with that id (OData 4.01, URL 4).
    """
    is_own = value in _OWN
    if not value.strip(".") or (value.startswith("$") and not is_own) or not _is_text(value):
        raise Gone("Nothing has an id that no address can hold.")
    return value


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def build_path(*segments: str, **query: str) -> str:
    """A resource's address below Graph's: all parts quoted, `$` before each query name.

    Raises Gone, see `named`.

    >>> build_path("users", "u/1", "messages", top="5")
    '/users/u%2F1/messages?$top=5'
    """
    options = "&".join(f"${name}={quote(value, safe='')}" for name, value in query.items())
    place = "".join("/" + quote(check_segment(one), safe="$=") for one in segments)
    return f"{place}?{options}" if options else place


def quote_literal(value: str) -> str:
    """`value` for use between the single quotes of an OData literal."""
    return value.replace("'", "''")


def get_id(raw: Json) -> str:
    """The resource's id, case-sensitive. Raises Refused when it has none."""
    if not (found := get_text(raw, "id")):
        raise Refused("Graph's answer holds a thing without an id.", code="UnexpectedAnswer")
    return found


def get_text(raw: Json, key: str) -> str:
    """The string under `key`, "" when there is none; without what a database cannot hold."""
    value = raw.get(key)
    if not isinstance(value, str):
        return ""
    clean = value.replace("\0", "")
    if not clean.isascii():  # JSON may spell half a character: \ud83d alone
        clean = clean.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return clean


def get_number(raw: Json, key: str) -> int:
    """The whole number at `key`, 0 when there is none."""
    value = raw.get(key)
    return value if isinstance(value, int) else 0


def get_texts(raw: Json, key: str) -> tuple[str, ...]:
    """The strings in the list under `key`."""
    value = raw.get(key)
    lines = value if isinstance(value, list) else []
    return tuple(get_text({key: line}, key) for line in lines if isinstance(line, str))


def get_object(raw: Json, key: str) -> Json:
    """The object under `key`, an empty one when there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def get_objects(raw: Json, key: str) -> tuple[Json, ...]:
    """The objects in the list under `key`."""
    value = raw.get(key)
    lines = value if isinstance(value, list) else []
    return tuple(line for line in lines if isinstance(line, dict))


def get_time(raw: Json, key: str) -> datetime | None:
    """The aware time under `key`; None when absent, unreadable or Exchange's year 1."""
    try:
        at = datetime.fromisoformat(get_text(raw, key))
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.astimezone(UTC) if at.year > 1 else None
    except (ValueError, OverflowError):  # the last hours of year 9999 have none in UTC
        return None


def _party(raw: Json, key: str) -> Party | None:
    return _named(get_object(raw, key))


def _parties(raw: Json, key: str) -> tuple[Party, ...]:
    named = (_named(line) for line in get_objects(raw, key))
    return tuple(party for party in named if party)


def _named(raw: Json) -> Party | None:
    inner = get_object(raw, "emailAddress")
    found = Party.of(get_text(inner, "address"), get_text(inner, "name"))
    return found if found.address else None


def _recipient(name: str, address: str) -> dict[str, Any]:
    return {"emailAddress": {"name": name, "address": address}}


def _properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"id": name, "value": value} for name, value in values.items()]
