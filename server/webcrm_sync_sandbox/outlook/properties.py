"""The extended properties that Exchange derives from a mail's headers and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webcrm_sync_sandbox.outlook.store import normal_property_id

if TYPE_CHECKING:
    from webcrm_sync_sandbox.outlook.mail import Kind, Mail

#: MS-OXPROPS: PidTagInReplyToId, PidTagInternetReferences, PidTagSensitivity, PidTagMessageClass.
_IN_REPLY_TO, _REFERENCES = "String 0x1042", "String 0x1039"
_SENSITIVITY, _CLASS = "Integer 0x0036", "String 0x001A"
#: The values of the Sensitivity header (MS-OXCMAIL 2.1.3.2.2).
_SENSITIVITIES = {"personal": "1", "private": "2", "company-confidential": "3"}
#: MS-OXOCAL 2.2.4 to 2.2.7.
_CLASSES: dict[Kind, str] = {
    "mail": "IPM.Note",
    "meeting": "IPM.Schedule.Meeting.Request",
    "meeting answer": "IPM.Schedule.Meeting.Resp.Pos",
    "meeting cancellation": "IPM.Schedule.Meeting.Canceled",
    "meeting notice": "IPM.Schedule.Meeting.Notification.Forward",
}


def properties_of(mail: Mail) -> dict[str, str]:
    """The extended properties of a new mail that `$expand` can show, by normal ids."""
    headers = {name.casefold(): value for name, value in mail.headers}
    found = {
        _IN_REPLY_TO: headers.get("in-reply-to"),
        _REFERENCES: headers.get("references"),
        _SENSITIVITY: _SENSITIVITIES.get(headers.get("sensitivity", "").strip().casefold(), "0"),
        _CLASS: _CLASSES[mail.kind],
    }
    return {normal_property_id(key): value for key, value in found.items() if value is not None}
