"""The contents of a mailbox: items, folders, and the log that delta reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from webcrm_sync_sandbox.outlook.mail import Attachment, Kind, Person

ChangeKind = Literal["created", "updated", "deleted"]

#: Displayed names by well-known name; Outlook shows them in the language of the mailbox.
FOLDER_NAMES: dict[str, dict[str, str]] = {
    "inbox": {"en": "Inbox", "da": "Indbakke", "de": "Posteingang"},
    "drafts": {"en": "Drafts", "da": "Kladder", "de": "Entwürfe"},
    "sentitems": {"en": "Sent Items", "da": "Sendt post", "de": "Gesendete Elemente"},
    "deleteditems": {"en": "Deleted Items", "da": "Slettet post", "de": "Gelöschte Elemente"},
    "junkemail": {"en": "Junk Email", "da": "Uønsket mail", "de": "Junk-E-Mail"},
    "outbox": {"en": "Outbox", "da": "Udbakke", "de": "Postausgang"},
    "archive": {"en": "Archive", "da": "Arkiv", "de": "Archiv"},
    "conversationhistory": {
        "en": "Conversation History",
        "da": "Samtaleoversigt",
        "de": "Aufgezeichnete Unterhaltungen",
    },
}


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """An attachment with its id."""

    id: str
    attachment: Attachment


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a folder's log. `names`: the properties an update touched."""

    at: datetime
    kind: ChangeKind
    item_id: str
    rest_id: str
    change_key: str
    names: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Item:
    """One copy of a mail. `id` is immutable; `rest_id` is new at each move."""

    id: str
    rest_id: str
    change_key: str
    folder: SimFolder
    appeared_at: datetime
    modified_at: datetime
    sent_at: datetime | None
    received_at: datetime | None
    subject: str = ""
    body: str = ""
    html: bool = True
    author: Person | None = None
    sender: Person | None = None
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    message_id: str | None = None
    conversation_id: str = ""
    categories: tuple[str, ...] = ()
    attachments: tuple[StoredAttachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    kind: Kind = "mail"
    importance: str = "normal"
    flag: str = "notFlagged"
    inference: str = "focused"
    is_draft: bool = False
    is_read: bool = False
    #: extended properties by their id in the normal form of `normal_property_id`
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def has_attachments(self) -> bool:
        """True when there is an attachment that is not inline, as Exchange counts."""
        return any(not getattr(a.attachment, "is_inline", False) for a in self.attachments)


@dataclass(slots=True, eq=False)
class SimFolder:
    """A mail folder; its id is constant."""

    id: str
    name: str
    parent: SimFolder | None
    well_known: str | None = None
    is_hidden: bool = False
    children: list[SimFolder] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    log: list[Change] = field(default_factory=list)
    #: extended properties, as those of an Item
    properties: dict[str, str] = field(default_factory=dict)

    def is_within(self, other: SimFolder) -> bool:
        """True when this folder is the other one or below it."""
        folder: SimFolder | None = self
        while folder:
            if folder is other:
                return True
            folder = folder.parent
        return False


@dataclass(slots=True)
class MasterCategory:
    """An entry of the owner's list of categories."""

    id: str
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The message that a mailbox sends to its listeners after each change of an item."""

    user_id: str
    folder_id: str
    change: Change


_LEADING_ZEROS = re.compile(r"\b0x0+(?=[0-9a-f])")


def normal_property_id(property_id: str) -> str:
    """The id in one spelling: type, GUID and number compare without case, a name with it.

    Exchange omits leading zeros of a number in its answers: `Integer 0x36`.
    """
    head, name_word, name = property_id.partition(" Name ")
    return _LEADING_ZEROS.sub("0x", " ".join(head.lower().split())) + name_word + name
