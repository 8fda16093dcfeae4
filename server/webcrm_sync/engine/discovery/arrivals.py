"""From a delta page to rows, decided purely: which mail it is, and which state its copy gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from webcrm_sync.core.addresses import LONGEST_ADDRESS
from webcrm_sync.core.direction import Internals, direction_of, external_people
from webcrm_sync.core.email_index import NewCopy
from webcrm_sync.core.identity import Stamp
from webcrm_sync.core.mail_text.body_text import BodyText
from webcrm_sync.core.message import Fingerprint, Message, Party
from webcrm_sync.core.message_ids import LONGEST_ID
from webcrm_sync.core.same_mail import Files, MailFeatures
from webcrm_sync.core.states import NO_MAIL, Reason, State
from webcrm_sync.core.storable import to_storable
from webcrm_sync.core.times import to_storable_time
from webcrm_sync.core.word_digest import WordDigest
from webcrm_sync.engine.body_reader.reader import SMALL, BodyReader

#: So many addresses for answers are kept; more than a few are nobody's own.
_MOST_REPLY_TO = 20
_NOTHING_KEPT = {"content": None, "cids": None, "pictures": None, "is_raw": False}


@dataclass(frozen=True, slots=True)
class Arrival:
    """One copy met for the first time, made ready outside any transaction.

    `is_raw`: its HTML is kept as it came. It is laid out when the mail is drafted, since that
    takes longer than all the rest: of many mails that are moved at once the last one waits until
    the others have been taken up. `reading`: what else is kept of its body, None = nothing.
    `words`: what tells its mail from another one with its Message-ID, None = it is not filed.
    """

    message: Message
    reading: BodyText | None = None
    is_raw: bool = False
    words: WordDigest | None = None

    @classmethod
    def of(cls, message: Message) -> Arrival:
        """The arrival of a copy. Only what will be filed needs its body."""
        clean = _storable(message)
        if not _is_filed_at_all(clean):
            return cls(clean)
        words = WordDigest.of(clean.body, is_html=clean.body_is_html)
        if clean.body_is_html and len(clean.body) <= SMALL:
            return cls(replace(clean, body=to_storable(clean.body)), is_raw=True, words=words)
        return cls(clean, words=words)

    def read_by(self, reader: BodyReader) -> Arrival:
        """The same arrival with its body read, where it needs one. May wait for a process."""
        if self.is_raw or not _is_filed_at_all(self.message):
            return self
        mail = self.message
        return replace(
            self, reading=reader.read(mail.subject, mail.body, is_html=mail.body_is_html)
        )

    def facts(self, files: Files | None = None) -> NewCopy:
        """What tells which mail it is a copy of. `files`: None = not looked at."""
        features = MailFeatures(
            Fingerprint.of(self.message), self.words, self.message.has_attachments, files
        )
        return NewCopy(self.message.message_id, features, self.message.stamp)

    @property
    def kept(self) -> Mapping[str, object]:
        """The columns that hold its body."""
        if self.is_raw:
            return {**_NOTHING_KEPT, "content": self.message.body, "is_raw": True}
        if self.reading is None:
            return _NOTHING_KEPT
        read = self.reading
        facts = {"cids": list(read.cids), "pictures": read.pictures.as_json()}
        return {**_NOTHING_KEPT, **facts, "content": read.text}


def first_state(message: Message) -> tuple[State, Reason | None]:
    """The state in which a copy is taken up."""
    stamp = Stamp.parse(message.stamp)
    if stamp is not None and stamp.kind == "m":
        return State.MIRRORED, None
    if message.is_draft:
        return State.SKIPPED, Reason.DRAFT
    if message.kind in NO_MAIL:
        return State.SKIPPED, NO_MAIL[message.kind]
    return State.FOUND, None


def email_row(key: str, arrival: Arrival, internals: Internals) -> Mapping[str, object]:
    """The row of a mail met for the first time."""
    message = arrival.message
    sender = message.sender
    return {
        "key": key,
        "message_id": message.message_id,
        "direction": direction_of(message, internals).value,
        "kind": message.kind.value,
        "subject": message.subject,
        "sender": _line(sender) if sender else None,
        "recipients": {
            "to": _pairs(message.to),
            "cc": _pairs(message.cc),
            "bcc": _pairs(message.bcc),
        },
        "sent_at": to_storable_time(message.sent_at),
        "received_at": to_storable_time(message.received_at),
        "has_attachments": message.has_attachments,
        "word_digest": arrival.words.to_bytes() if arrival.words else None,
        **_headers(message),
        **arrival.kept,
    }


def known_headers(message: Message) -> Mapping[str, object]:
    """The columns that a mail taken up by an earlier version has empty."""
    return _headers(_storable(message))


def known_people(message: Message, internals: Internals) -> Sequence[Party]:
    """The people of a mail that an earlier version took up, by what it did not ask for too."""
    return people_of(_storable(message), internals)


def _headers(message: Message) -> Mapping[str, object]:
    sent_by = message.sent_by
    return {
        "reply_to": _pairs(message.reply_to),
        "sent_by": _line(sent_by) if sent_by else None,
        "conversation_id": message.conversation_id,
        "in_reply_to": message.in_reply_to,
        "referenced_ids": list(message.references),
        "sensitivity": message.sensitivity,
    }


def people_of(message: Message, internals: Internals) -> Sequence[Party]:
    """Everybody who may lead to an Organisation; a mirror leads nowhere."""
    people = external_people(message, internals) if _is_filed_at_all(message) else ()
    return [p for p in people if _of_length(p.folded, LONGEST_ADDRESS)]


def _is_filed_at_all(message: Message) -> bool:
    return first_state(message)[0] is State.FOUND


def _pairs(people: Sequence[Party]) -> list[list[str]]:
    return [_line(p) for p in people]


def _line(party: Party) -> list[str]:
    """A Party's fields, the last one where it has it (`store.emails.read_email`)."""
    return [party.address, party.name, *filter(None, [party.written])]


def _of_length(text: str, limit: int) -> str:
    """`text`, empty when it is longer than anything real: it could not be indexed."""
    return text if len(text.encode()) <= limit else ""


def _storable(message: Message) -> Message:
    def clean(people: Sequence[Party]) -> tuple[Party, ...]:
        return tuple(
            Party(to_storable(p.address), to_storable(p.name), to_storable(p.written))
            for p in people
        )

    def line(text: str | None) -> str | None:
        return _of_length(to_storable(text or ""), LONGEST_ID) or None

    def mailable(people: Sequence[Party]) -> list[Party]:
        return [p for p in clean(people) if _of_length(p.address, LONGEST_ADDRESS)]

    return replace(
        message,
        subject=to_storable(message.subject),
        message_id=line(message.message_id),
        sender=clean([message.sender])[0] if message.sender else None,
        to=clean(message.to),
        cc=clean(message.cc),
        bcc=clean(message.bcc),
        reply_to=tuple(mailable(message.reply_to)[:_MOST_REPLY_TO]),
        sent_by=next(iter(mailable([message.sent_by])), None) if message.sent_by else None,
        conversation_id=line(message.conversation_id),
        in_reply_to=line(message.in_reply_to),
        references=tuple(one for one in map(line, message.references) if one),
        categories=tuple(to_storable(c) for c in message.categories),
    )
