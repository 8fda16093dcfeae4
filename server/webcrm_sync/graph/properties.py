"""The extended properties of a message that the product asks for, and what they mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from webcrm_sync.core.message import MessageKind

#: The product's one extended property. Each new name uses up one of a mailbox's finite named
#: properties, so this never changes (Microsoft Graph: extended properties overview).
STAMP = "String {c9f3a1de-5f0f-4c5e-9f38-6a1b2d0e7c44} Name webcrmSync"
#: Properties that Graph shows by their MAPI ids alone (MS-OXPROPS: PidTagInReplyToId,
#: PidTagInternetReferences, PidTagSensitivity, PidTagMessageClass).
IN_REPLY_TO, REFERENCES = "String 0x1042", "String 0x1039"
SENSITIVITY, MESSAGE_CLASS = "Integer 0x0036", "String 0x001A"
_ALL = (STAMP, IN_REPLY_TO, REFERENCES, SENSITIVITY, MESSAGE_CLASS)
#: For `$expand`: no other extended property of the mail is shown to us.
EXPAND = "singleValueExtendedProperties($filter={})".format(
    " or ".join(f"id eq '{one}'" for one in _ALL)
)

_LEADING_ZEROS = re.compile(r"\b0x0+(?=[0-9a-f])")
_SENSITIVITIES = {"1": 1, "2": 2, "3": 3}
_MEETING_TYPES = {
    "eventmessagerequest": MessageKind.MEETING,
    "eventmessageresponse": MessageKind.MEETING_ANSWER,
}
#: Microsoft Graph: eventMessage (the misspelling is the service's).
_MEETING_SORTS = {
    "meetingrequest": MessageKind.MEETING,
    "meetingcancelled": MessageKind.MEETING_CANCELLATION,
    "meetingaccepted": MessageKind.MEETING_ANSWER,
    "meetingtenativelyaccepted": MessageKind.MEETING_ANSWER,
    "meetingtentativelyaccepted": MessageKind.MEETING_ANSWER,
    "meetingdeclined": MessageKind.MEETING_ANSWER,
}
#: MS-OXOCAL 2.2.4 to 2.2.7: how the classes of meeting messages go on behind this.
_MEETING_CLASS = "ipm.schedule.meeting."
_MEETING_CLASSES = {
    "request": MessageKind.MEETING,
    "resp.": MessageKind.MEETING_ANSWER,
    "canceled": MessageKind.MEETING_CANCELLATION,
}


@lru_cache(maxsize=64)
def _normal(property_id: str) -> str:
    """The id as it compares: Graph answers `Integer 0x36` where `Integer 0x0036` was asked for."""
    return _LEADING_ZEROS.sub("0x", property_id.casefold())


_KNOWN = {_normal(one): one for one in _ALL}


def read_properties(lines: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Of properties as Graph answers them (id, value) those asked for, by the ids asked with."""
    named = ((_KNOWN.get(_normal(id_)), value) for id_, value in lines)
    return {id_: value for id_, value in named if id_ is not None}


def read_sensitivity(value: str) -> int:
    """0 normal, 1 personal, 2 private, 3 confidential; what is none of these is normal."""
    return _SENSITIVITIES.get(value.strip(), 0)


def classify_message(type_: str, meeting_type: str, message_class: str) -> MessageKind:
    """What a message is: by its type, and where several sorts have one type, by what else it says.

    Cancellations and notices are both plain eventMessages. `meeting_type` (meetingMessageType)
    tells them apart, but cannot be selected among messages and comes only unasked (Microsoft
    Graph: eventMessage; GitHub: microsoft-graph-docs-contrib issue 7959); the class always comes.
    Without both it is a cancellation, the only sort of plain eventMessage in Graph's description.
    """
    name = type_.casefold().rpartition(".")[2]
    if not name.startswith("eventmessage"):
        return MessageKind.MAIL
    told = _MEETING_TYPES.get(name) or _MEETING_SORTS.get(meeting_type.casefold())
    if told or not message_class:
        return told or MessageKind.MEETING_CANCELLATION
    sort = message_class.casefold().removeprefix(_MEETING_CLASS)
    found = (kind for start, kind in _MEETING_CLASSES.items() if sort.startswith(start))
    return next(found, MessageKind.MEETING_NOTICE)
