"""A mail as the engine sees it, whatever service it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webcrm_sync.core.addresses import domain_of, fold_address


@dataclass(frozen=True, slots=True)
class Party:
    """One sender or recipient. A legacy Exchange address has no `@` in it.

    `address` is as Graph gives it, trimmed and case-folded: keys and digests are made of it. People
    are compared by `folded` alone. `written`: the address before that, where case folding makes
    another one of it (`straße` becomes `strasse`).
    """

    address: str
    name: str = ""
    written: str = ""

    @classmethod
    def of(cls, text: str, name: str = "") -> Party:
        """From an address as it came."""
        written, address = text.strip().lower(), text.strip().casefold()
        return cls(address, name.strip(), written if written != address else "")

    @property
    def folded(self) -> str:
        """The address as mail systems compare it (`core.addresses`)."""
        return fold_address(self.written or self.address)

    @property
    def domain(self) -> str:
        """The folded domain, empty for a legacy Exchange address."""
        return domain_of(self.folded)

    def __str__(self) -> str:
        if not self.name or self.name.casefold() == self.address:
            return self.address
        return f"{self.name} <{self.address}>"


class MessageKind(StrEnum):
    """What Exchange says the message is. A meeting's notice: somebody passed the request on."""

    MAIL = "mail"
    MEETING = "meeting"
    MEETING_ANSWER = "meeting answer"
    MEETING_CANCELLATION = "meeting cancellation"
    MEETING_NOTICE = "meeting notice"


@dataclass(frozen=True, slots=True)
class Message:
    """One copy of a mail in one mailbox, whole."""

    graph_id: str
    change_key: str
    folder_id: str
    message_id: str | None
    subject: str
    sender: Party | None
    to: tuple[Party, ...]
    cc: tuple[Party, ...]
    bcc: tuple[Party, ...]
    sent_at: datetime | None
    received_at: datetime | None
    categories: tuple[str, ...]
    has_attachments: bool
    is_draft: bool
    kind: MessageKind
    body: str
    body_is_html: bool
    #: what this product wrote on the copy (see `core.filing.Stamp`), None = nothing
    stamp: str | None = None
    #: where its sender wants answers to go, as far as the mail names other places
    reply_to: tuple[Party, ...] = ()
    #: who sent it on behalf of its sender, None = the sender did
    sent_by: Party | None = None
    #: Exchange's own id of the conversation, one per mailbox
    conversation_id: str | None = None
    #: the Message-ID that it answers, as its headers say; anybody can write them
    in_reply_to: str | None = None
    #: the Message-IDs that it follows, the oldest first
    references: tuple[str, ...] = ()
    #: 0 normal, 1 personal, 2 private, 3 confidential (MS-OXCMSG: PidTagSensitivity)
    sensitivity: int = 0

    @property
    def recipients(self) -> tuple[Party, ...]:
        """To, Cc and Bcc in this order."""
        return self.to + self.cc + self.bcc


def actual_sender(author: Party | None, actual: Party | None) -> Party | None:
    """The one who sent a mail in the author's name, None when nobody but the author did.

    Exchange may name one person by the legacy Exchange name on one of the two lines and by the
    address on the other: only another name shows then that they are two persons.
    """
    if author is None or actual is None or author.address == actual.address:
        return None
    is_comparable = ("@" in author.address) == ("@" in actual.address)
    if is_comparable or (actual.name and actual.name.casefold() != author.name.casefold()):
        return actual
    return None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The facts that tell two mails apart which carry the same Message-ID."""

    sender: str
    subject: str
    sent_at: datetime | None
    recipients: frozenset[str]

    @classmethod
    def of(cls, message: Message) -> Fingerprint:
        """The fingerprint of one copy; Bcc is left out, since only the sender's copy has it."""
        return cls.from_parts(
            message.sender.address if message.sender else "",
            message.subject,
            message.sent_at,
            (p.address for p in message.to + message.cc),
        )

    @classmethod
    def from_parts(
        cls, sender: str, subject: str, sent_at: datetime | None, recipients: Iterable[str]
    ) -> Fingerprint:
        """The fingerprint made of what a copy shows, as it was shown."""
        return cls(
            sender=sender,
            subject=" ".join(subject.casefold().split()),
            sent_at=sent_at,
            recipients=frozenset(address for address in recipients if "@" in address),
        )

    def digest(self) -> str:
        """32 hexadecimal characters that stand for this mail where its Message-ID cannot."""
        sent = self.sent_at.isoformat(timespec="seconds") if self.sent_at else ""
        facts = "\n".join([self.sender, sent, self.subject, *sorted(self.recipients)])
        return hashlib.sha256(facts.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment as Graph lists it. `size` in bytes, Exchange's overhead included."""

    graph_id: str
    name: str
    size: int
    is_inline: bool
    content_type: str
    kind: AttachmentKind
    #: by which the text may show it, "" = it has none
    content_id: str = ""

    @property
    def max_content_size(self) -> int:
        """How many bytes may come when it is read: no more than is announced.

        An Outlook item is announced as it is stored and comes as MIME, whose base64 takes a third
        more, and which has headers.
        """
        return 2 * self.size + _MIME_HEAD if self.kind is AttachmentKind.ITEM else self.size


#: More than the headers of any mail that Exchange takes (Exchange Online limits).
_MIME_HEAD = 256 * 1024


class AttachmentKind(StrEnum):
    """Graph's three kinds: a file, a mail or other Outlook item, a link to a cloud file."""

    FILE = "file"
    ITEM = "item"
    REFERENCE = "reference"
