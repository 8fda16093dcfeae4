"""The extended properties that the product reads from a message, and their meaning. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from webcrm_sync.core.message import MessageKind

#: The product's only extended property: the stamp of a mail, the lease on a sync folder. It never
#: changes, since each new name uses up one of a mailbox's finite named properties (Microsoft Graph:
#: extended properties overview).
STAMP = "String {c9f3a1de-5f0f-4c5e-9f38-6a1b2d0e7c44} Name webcrmSync"
#: Properties that Graph knows by their MAPI ids only (MS-OXPROPS: PidTagInReplyToId,
#: PidTagInternetReferences, PidTagSensitivity, PidTagMessageClass).
IN_REPLY_TO, REFERENCES = "String 0x1042", "String 0x1039"
SENSITIVITY, MESSAGE_CLASS = "Integer 0x0036", "String 0x001A"
_ALL = (STAMP, IN_REPLY_TO, REFERENCES, SENSITIVITY, MESSAGE_CLASS)
#: For `$expand`: Graph then sends no other extended property of the mail.
EXPAND = "singleValueExtendedProperties($filter={})".format(
    " or ".join(f"id eq '{property_id}'" for property_id in _ALL)
)
#: The same for a folder, which has none of the others.
EXPAND_LEASE = f"singleValueExtendedProperties($filter=id eq '{STAMP}')"

_LEADING_ZEROS = re.compile(r"\b0x0+(?=[0-9a-f])")
_SENSITIVITIES = {"1": 1, "2": 2, "3": 3}
_KINDS_BY_TYPE = {
    "eventmessagerequest": MessageKind.MEETING,
    "eventmessageresponse": MessageKind.MEETING_ANSWER,
}
#: Microsoft Graph: eventMessage (the misspelling is the service's).
_KINDS_BY_MEETING_TYPE = {
    "meetingrequest": MessageKind.MEETING,
    "meetingcancelled": MessageKind.MEETING_CANCELLATION,
    "meetingaccepted": MessageKind.MEETING_ANSWER,
    "meetingtenativelyaccepted": MessageKind.MEETING_ANSWER,
    "meetingtentativelyaccepted": MessageKind.MEETING_ANSWER,
    "meetingdeclined": MessageKind.MEETING_ANSWER,
}
#: The start of the message classes of meetings, and what follows (MS-OXOCAL 2.2.4 to 2.2.7).
_MEETING_CLASS = "ipm.schedule.meeting."
_KINDS_BY_CLASS = {
    "request": MessageKind.MEETING,
    "resp.": MessageKind.MEETING_ANSWER,
    "canceled": MessageKind.MEETING_CANCELLATION,
}


@lru_cache(maxsize=64)
def _normalize(property_id: str) -> str:
    """The id in one spelling: Graph answers `Integer 0x36` to a request for `Integer 0x0036`."""
    return _LEADING_ZEROS.sub("0x", property_id.casefold())


_KNOWN = {_normalize(property_id): property_id for property_id in _ALL}


def read_properties(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The values of the properties in `EXPAND`, by this module's spelling of their ids.

    `pairs`: each property's id and value in Graph's answer.
    """
    renamed = ((_KNOWN.get(_normalize(id_)), value) for id_, value in pairs)
    return {id_: value for id_, value in renamed if id_ is not None}


def read_sensitivity(value: str) -> int:
    """0 normal, 1 personal, 2 private, 3 confidential; any other value counts as normal."""
    return _SENSITIVITIES.get(value.strip(), 0)


def classify_message(type_: str, meeting_type: str, message_class: str) -> MessageKind:
    """The kind of a message: by its type, then by `meeting_type`, then by `message_class`.

    Cancellations and notices share the type eventMessage. `meeting_type` (meetingMessageType)
    distinguishes them, but cannot be selected in a listing of messages, and Graph adds it only
    sometimes (Microsoft Graph: eventMessage; GitHub: microsoft-graph-docs-contrib issue 7959).
    Graph always sends the class. Without both the message counts as a cancellation, the only plain
    eventMessage in Graph's description.
    """
    name = type_.casefold().rpartition(".")[2]
    if not name.startswith("eventmessage"):
        return MessageKind.MAIL
    kind = _KINDS_BY_TYPE.get(name) or _KINDS_BY_MEETING_TYPE.get(meeting_type.casefold())
    if kind or not message_class:
        return kind or MessageKind.MEETING_CANCELLATION
    suffix = message_class.casefold().removeprefix(_MEETING_CLASS)
    kinds = (kind for start, kind in _KINDS_BY_CLASS.items() if suffix.startswith(start))
    return next(kinds, MessageKind.MEETING_NOTICE)
