"""The values that the engine exchanges with Outlook."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from webcrm_sync.core.errors import SyncError
from webcrm_sync.core.message import Message

#: Graph may not find a new mail at first, so a 404 within this time proves nothing.
READ_LAG = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class MailUser:
    """A person or shared mailbox in Entra.

    `aliases`: all SMTP addresses, and the legacy Exchange addresses of its `x500:` entries.
    """

    user_id: str
    address: str
    display_name: str
    aliases: frozenset[str]
    is_shared: bool


class Place(StrEnum):
    """The parent of a sync folder."""

    INBOX = "inbox"
    SENT = "sent"
    ROOT = "root"


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A user who is a direct member of a group in Entra.

    `address`: empty if the application may not read users. `is_guest`: a person of another company,
    without a mailbox in this tenant.
    """

    user_id: str
    address: str
    is_guest: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """A mail folder. Its id is constant; the owner can change its name and parent."""

    graph_id: str
    name: str
    parent_id: str
    total_items: int


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """Where a folder is, and the lease on it (`core.lease`), None = it has none."""

    parent_id: str
    lease: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a delta page.

    `message`: the whole mail, if the entry has it. Other updates only have `change_key` and
    `categories`, None = unchanged. `is_removed`: the mail left the folder or was deleted; Graph
    does not say which. `fault`: why the entry could not be read; `message_id` is set for these
    only.
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
    """One page of a folder's delta. `cursor`: the URL of the next request, unchanged."""

    changes: tuple[Change, ...]
    cursor: str
    is_last: bool


@dataclass(frozen=True, slots=True)
class Location:
    """The current folder and state of a copy."""

    folder_id: str
    change_key: str
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marking:
    """The categories to write to one copy, planned from the version `change_key`.

    `stamp`: the product's own text to write, None = leave it unchanged.
    """

    graph_id: str
    change_key: str
    categories: tuple[str, ...]
    stamp: str | None


@dataclass(frozen=True, slots=True)
class MarkingResult:
    """The result of one Marking: the copy's new version, or the error.

    `is_attempted`: False if another Marking's failure prevented the attempt.
    """

    graph_id: str
    change_key: str = ""
    trouble: SyncError | None = None
    is_attempted: bool = True


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that webCRM sent, to create in Sent Items as a sent mail, not a draft."""

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
    """The mail that Graph created from a SentMail."""

    graph_id: str
    change_key: str
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """A push subscription for one folder."""

    graph_id: str
    resource: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InboxRule:
    """An inbox rule. `moves_to`: the target folder's id, empty if the rule moves nothing."""

    graph_id: str
    name: str
    moves_to: str
