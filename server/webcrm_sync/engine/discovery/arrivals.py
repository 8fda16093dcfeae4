"""New copies: their first state, their columns, and whom to match. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from webcrm_sync.core.addresses import LONGEST_ADDRESS
from webcrm_sync.core.along import TextPart
from webcrm_sync.core.direction import Internals, direction_of, external_people
from webcrm_sync.core.email_index import NewCopy
from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.mail_text.body_text import BodyText
from webcrm_sync.core.message import PRIVATE, Fingerprint, Message, Party
from webcrm_sync.core.message_ids import LONGEST_ID
from webcrm_sync.core.same_mail import Files, MailFeatures
from webcrm_sync.core.states import NO_MAIL, Reason, State
from webcrm_sync.core.storable import to_storable
from webcrm_sync.core.times import to_storable_time
from webcrm_sync.core.word_digest import WordDigest
from webcrm_sync.engine.body_reader.reader import READ_IN_PLACE, BodyReader
from webcrm_sync.store.items.item import Item

#: Reply-To addresses kept of a mail. A longer list does not identify a sender.
_MAX_REPLY_TO = 20
_NO_BODY = {"content": None, "cids": None, "pictures": None, "is_raw": False}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new copy, prepared before the transaction that records it.

    `reading`: the text of its body; None for raw HTML and for what is never filed.
    `is_raw`: its HTML is stored unread and becomes text when the filing is composed. Reading it
    takes longer than all other steps, and a page of new mails must not wait for it.
    `words`: tell its mail from another one with the same Message-ID; None if it is never filed.
    `part`: how much of the text is stored for filing.
    """

    message: Message
    reading: BodyText | None = None
    is_raw: bool = False
    words: WordDigest | None = None
    part: TextPart = TextPart.WHOLE

    @classmethod
    def of(cls, message: Message, part: TextPart = TextPart.WHOLE) -> Arrival:
        """The arrival of this message, with its body still unread.

        `part`: how much of the text goes along unless a person chooses otherwise. Of a mail whose
        choice is still open nothing is stored: a private one, and one that an earlier database
        filed. The body is then read again when the mail is filed.
        """
        clean = storable_message(message)
        if not _is_fileable(clean):
            return cls(clean)
        words = WordDigest.of(clean.body, is_html=clean.body_is_html)
        if clean.sensitivity in PRIVATE or clean.stamp:
            part = TextPart.NONE
        is_short = len(clean.body) <= READ_IN_PLACE
        if part is TextPart.WHOLE and clean.body_is_html and is_short:
            return cls(replace(clean, body=to_storable(clean.body)), is_raw=True, words=words)
        return cls(clean, words=words, part=part)

    def with_body_read(self, reader: BodyReader) -> Arrival:
        """The arrival with the text of its body. Waits seconds for a large body."""
        if self.is_raw or self.part is TextPart.NONE or not _is_fileable(self.message):
            return self
        mail = self.message
        reading = reader.read(mail.subject, mail.body, is_html=mail.body_is_html, part=self.part)
        return replace(self, reading=reading)

    def without_body(self) -> Arrival:
        """The arrival without anything of its body."""
        return replace(self, reading=None, is_raw=False, part=TextPart.NONE)

    def as_copy(self, files: Files | None = None) -> NewCopy:
        """The features by which its e-mail is found. `files`: None if they were not read."""
        features = MailFeatures(
            Fingerprint.of(self.message), self.words, self.message.has_attachments, files
        )
        return NewCopy(self.message.message_id, features, self.message.stamp)

    @property
    def body_columns(self) -> Mapping[str, object]:
        """The columns of `email` that hold the body."""
        if self.is_raw:
            return {**_NO_BODY, "content": self.message.body, "is_raw": True}
        if self.reading is None:
            return _NO_BODY
        return {
            "content": self.reading.text,
            "cids": list(self.reading.cids),
            "pictures": self.reading.pictures.as_json(),
            "is_raw": False,
        }


def is_new_copy(known: Item | None, message: Message) -> bool:
    """True if the copy is unknown, was unreadable in another version, or was a draft before."""
    if known is None:
        return True
    if known.is_bare:
        return known.change_key != message.change_key
    return known.reason is Reason.DRAFT and not message.is_draft


def initial_state(message: Message) -> tuple[State, Reason | None]:
    """The first state of a new copy, and why it is skipped."""
    stamp = Stamp.parse(message.stamp)
    if stamp is not None and stamp.kind == "m":
        return State.MIRRORED, None
    if message.is_draft:
        return State.SKIPPED, Reason.DRAFT
    if message.kind in NO_MAIL:
        return State.SKIPPED, NO_MAIL[message.kind]
    return State.FOUND, None


def email_row(key: str, arrival: Arrival, internals: Internals) -> Mapping[str, object]:
    """The columns of a new e-mail."""
    message = arrival.message
    sender = message.sender
    return {
        "key": key,
        "message_id": message.message_id,
        "direction": direction_of(message, internals).value,
        "kind": message.kind.value,
        "subject": message.subject,
        "sender": _party_json(sender) if sender else None,
        "recipients": {
            "to": _parties_json(message.to),
            "cc": _parties_json(message.cc),
            "bcc": _parties_json(message.bcc),
        },
        "sent_at": to_storable_time(message.sent_at),
        "received_at": to_storable_time(message.received_at),
        "has_attachments": message.has_attachments,
        "word_digest": arrival.words.to_bytes() if arrival.words else None,
        **_headers(message),
        **arrival.body_columns,
    }


def header_columns(message: Message) -> Mapping[str, object]:
    """The header columns of an e-mail. Versions before 0006 left them empty."""
    return _headers(storable_message(message))


def people_to_match(message: Message, internals: Internals) -> Sequence[Party]:
    """Everybody outside the company who may lead to an Organisation; none for a mirror."""
    people = external_people(message, internals) if _is_fileable(message) else ()
    return [p for p in people if _empty_if_longer(p.folded, LONGEST_ADDRESS)]


def storable_message(message: Message) -> Message:
    """The message without characters and lengths that PostgreSQL cannot store or index."""

    def one_id(text: str | None) -> str | None:
        return _empty_if_longer(to_storable(text or ""), LONGEST_ID) or None

    return replace(
        message,
        subject=to_storable(message.subject),
        message_id=one_id(message.message_id),
        sender=_storable_party(message.sender) if message.sender else None,
        to=tuple(map(_storable_party, message.to)),
        cc=tuple(map(_storable_party, message.cc)),
        bcc=tuple(map(_storable_party, message.bcc)),
        reply_to=tuple(_with_short_address(message.reply_to)[:_MAX_REPLY_TO]),
        sent_by=next(iter(_with_short_address([message.sent_by])), None)
        if message.sent_by
        else None,
        conversation_id=one_id(message.conversation_id),
        in_reply_to=one_id(message.in_reply_to),
        references=tuple(one for one in map(one_id, message.references) if one),
        categories=tuple(to_storable(c) for c in message.categories),
    )


def _headers(message: Message) -> Mapping[str, object]:
    sent_by = message.sent_by
    return {
        "reply_to": _parties_json(message.reply_to),
        "sent_by": _party_json(sent_by) if sent_by else None,
        "conversation_id": message.conversation_id,
        "in_reply_to": message.in_reply_to,
        "referenced_ids": list(message.references),
        "sensitivity": message.sensitivity,
    }


def _is_fileable(message: Message) -> bool:
    return initial_state(message)[0] is State.FOUND


def _parties_json(people: Sequence[Party]) -> list[list[str]]:
    return [_party_json(p) for p in people]


def _party_json(party: Party) -> list[str]:
    """A Party as JSON: address, name and, if it differs, the address as written."""
    return [party.address, party.name, *filter(None, [party.written])]


def _storable_party(party: Party) -> Party:
    return Party(to_storable(party.address), to_storable(party.name), to_storable(party.written))


def _with_short_address(people: Sequence[Party]) -> list[Party]:
    storable = map(_storable_party, people)
    return [p for p in storable if _empty_if_longer(p.address, LONGEST_ADDRESS)]


def _empty_if_longer(text: str, limit: int) -> str:
    """`text`, or "" if it has more bytes than any real one: PostgreSQL could not index it."""
    return text if len(text.encode()) <= limit else ""
