"""What the engine says to Outlook and hears from it, in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.message import Message

#: Graph may not find a mail in the first seconds of its life; that does not mean it is gone.
READ_LAG = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class MailUser:
    """A person or shared mailbox as Entra knows it.

    `aliases`: every SMTP address, and the legacy Exchange ones of its `x500:` lines.
    """

    user_id: str
    address: str
    display_name: str
    aliases: frozenset[str]
    is_shared: bool


class Place(StrEnum):
    """Where a sync folder was found or made."""

    INBOX = "inbox"
    SENT = "sent"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class Folder:
    """A mail folder. Its id is constant; its name and parent are the owner's."""

    graph_id: str
    name: str
    parent_id: str
    total_items: int


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a delta page.

    `message` is there when the line carried the whole mail; an update may carry less: then
    `change_key` and `categories` tell what is known, None = unchanged.
    `is_removed`: left the folder or was deleted, Graph does not say which. `fault`: the line could
    not be read; `message_id`: of such a line.
    """

    graph_id: str
    change_key: str | None = None
    categories: tuple[str, ...] | None = None
    message: Message | None = None
    is_removed: bool = False
    fault: Exception | None = field(default=None, compare=False)
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a folder's delta. `cursor` is the URL to go on with, verbatim."""

    changes: tuple[Change, ...]
    cursor: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Location:
    """Where a copy lies now."""

    folder_id: str
    change_key: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marking:
    """One copy's categories as they shall be, given the version they were planned from.

    `stamp`: our own text on the copy, None = do not touch it.
    """

    graph_id: str
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None


@dataclass(frozen=True, slots=True)
class MarkingResult:
    """The answer to one Marking: the new version, or why not.

    `is_attempted`: False where another one's failure kept it from being tried at all.
    """

    graph_id: str
    change_key: str = ""
    trouble: SyncError | None = None
    is_attempted: bool = True


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that webCRM sent, to be put into Sent Items as one that is not a draft."""

    message_id: str
    subject: str
    body: str
    body_is_html: bool
    sender_name: str
    sender_address: str
    recipient_name: str
    recipient_address: str
    sent_at: datetime
    categories: tuple[str, ...]
    stamp: str


@dataclass(frozen=True, slots=True)
class CreatedMail:
    """What Graph made of a SentMail."""

    graph_id: str
    change_key: str
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """A push subscription of one folder."""

    graph_id: str
    resource: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InboxRule:
    """An inbox rule. `moves_to`: folder id, empty when it does not move."""

    graph_id: str
    name: str
    moves_to: str
