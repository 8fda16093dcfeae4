"""A mail as the engine sees it, independent of any service."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum

from webcrm_sync.core.addresses import domain_of, fold_address


@dataclass(frozen=True, slots=True)
class Party:
    """One sender or recipient. A legacy Exchange address contains no `@`.

    `address`: as Graph returns it, trimmed and case-folded; keys and digests use it. Comparisons of
    people only use `folded`. `written`: the address before case folding, if folding changed it
    (`straße` becomes `strasse`).
    """

    address: str
    name: str = ""
    written: str = ""

    @classmethod
    def of(cls, text: str, name: str = "") -> Party:
        """A party from an address as it arrived."""
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
    """Exchange's kind of message. MEETING_NOTICE: somebody forwarded the meeting request."""

    MAIL = "mail"
    MEETING = "meeting"
    MEETING_ANSWER = "meeting answer"
    MEETING_CANCELLATION = "meeting cancellation"
    MEETING_NOTICE = "meeting notice"


#: The sensitivities of a mail that is not meant for everybody: private, confidential.
PRIVATE = frozenset({2, 3})


@dataclass(frozen=True, slots=True)
class Message:
    """One complete copy of a mail in one mailbox."""

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
    #: the product's text on the copy (`core.identity.Stamp`), None = none
    stamp: str | None = None
    #: the addresses that answers should go to, if they differ from the sender
    reply_to: tuple[Party, ...] = ()
    #: who sent it on behalf of the author, None = the author did
    sent_by: Party | None = None
    #: Exchange's id of the conversation, unique within a mailbox
    conversation_id: str | None = None
    #: the Message-ID that it answers, according to its headers, which anybody can write
    in_reply_to: str | None = None
    #: the Message-IDs of the conversation so far, oldest first
    references: tuple[str, ...] = ()
    #: 0 normal, 1 personal, 2 private, 3 confidential (MS-OXCMSG: PidTagSensitivity)
    sensitivity: int = 0

    @property
    def recipients(self) -> tuple[Party, ...]:
        """To, Cc and Bcc in this order."""
        return self.to + self.cc + self.bcc


def actual_sender(author: Party | None, actual: Party | None) -> Party | None:
    """Who sent a mail in the author's name, None if the author sent it.

    Exchange may give the same person a legacy address in one field and an SMTP address in the
    other. Then only different names prove that there are two persons.
    """
    if author is None or actual is None or author.address == actual.address:
        return None
    is_comparable = ("@" in author.address) == ("@" in actual.address)
    if is_comparable or (actual.name and actual.name.casefold() != author.name.casefold()):
        return actual
    return None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The facts that distinguish two mails with the same Message-ID."""

    sender: str
    subject: str
    sent_at: datetime | None
    recipients: frozenset[str]

    @classmethod
    def of(cls, message: Message) -> Fingerprint:
        """The fingerprint of a copy. It omits Bcc, which only the sender's copy has."""
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
        """The fingerprint of a copy with these facts, as they arrived."""
        return cls(
            sender=sender,
            subject=" ".join(subject.casefold().split()),
            sent_at=sent_at,
            recipients=frozenset(address for address in recipients if "@" in address),
        )

    def digest(self) -> str:
        """32 hexadecimal characters that replace a missing Message-ID. They never change."""
        sent = self.sent_at.isoformat(timespec="seconds") if self.sent_at else ""
        facts = "\n".join([self.sender, sent, self.subject, *sorted(self.recipients)])
        return hashlib.sha256(facts.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment as Graph lists it. `size`: in bytes, with Exchange's overhead."""

    graph_id: str
    name: str
    size: int
    is_inline: bool
    content_type: str
    kind: AttachmentKind
    #: the id by which the text can show it, "" = none
    content_id: str = ""

    @property
    def max_content_size(self) -> int:
        """The largest content in bytes that a download may have.

        Graph states the stored size of an Outlook item but sends MIME, whose base64 is a third
        longer and which adds headers.
        """
        return 2 * self.size + _MIME_HEADERS if self.kind is AttachmentKind.ITEM else self.size


#: More than all headers of a mail that Exchange accepts (Exchange Online limits).
_MIME_HEADERS = 256 * 1024


class AttachmentKind(Enum):
    """Graph's three kinds: a file, an Outlook item such as a mail, a link to a cloud file."""

    FILE = "file"
    ITEM = "item"
    REFERENCE = "reference"
