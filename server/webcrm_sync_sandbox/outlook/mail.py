"""Mails as a person or a test writes them, before they are in a mailbox."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

#: The transport adds the Message-ID.
AUTO = "<auto>"


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an address. The address may be a legacy Exchange name (`/o=ExchangeLabs/..`)."""

    address: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


Party = str | Person


@dataclass(frozen=True, slots=True)
class File:
    """A file attachment; the body shows an inline one by `cid:` and its `content_id`."""

    name: str
    content: bytes
    content_type: str = "application/octet-stream"
    is_inline: bool = False
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class AttachedItem:
    """Another mail as an attachment. `content`: its MIME text."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a file in a cloud drive."""

    name: str
    url: str


Attachment = File | AttachedItem | Link
Kind = Literal["mail", "meeting", "meeting answer", "meeting cancellation", "meeting notice"]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be delivered. `sent_at` None = now; `message_id` None = without Message-ID.

    A party may be written as one line: `Ann Example <ann@example.com>`. `sent_by`: the person who
    sends on behalf of the sender. `received_at` None = when it was sent. Of `headers`, In-Reply-To,
    References and Sensitivity become extended properties.
    """

    subject: str
    sender: Party | None
    to: Party | tuple[Party, ...]
    cc: tuple[Party, ...] = ()
    bcc: tuple[Party, ...] = ()
    body: str = ""
    html: bool = True
    message_id: str | None = AUTO
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    kind: Kind = "mail"
    is_draft: bool = False
    categories: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    reply_to: tuple[Party, ...] = ()
    sent_by: Party | None = None
    received_at: datetime | None = None
    conversation_id: str | None = None


def person(party: Party) -> Person:
    """The person of a line such as `Ann Example <ann@example.com>`."""
    if isinstance(party, Person):
        return party
    if party.startswith("/"):
        return Person(party)
    name, address = parseaddr(party)
    return Person(address, name)


def people(parties: Party | tuple[Party, ...]) -> tuple[Person, ...]:
    """The persons of one or several such lines."""
    if isinstance(parties, tuple):
        return tuple(person(party) for party in parties)
    return (person(parties),)


def new_message_id() -> str:
    """A Message-ID as a transport adds it."""
    return f"<{secrets.token_hex(12)}@mail.example.com>"
