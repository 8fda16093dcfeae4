"""From a delta page to rows, decided purely: which mail it is, and which state its copy gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from webcrm_sync.core.direction import Internals, direction, externals
from webcrm_sync.core.filing import Stamp
from webcrm_sync.core.message import (
    Fingerprint,
    Message,
    Party,
    email_key,
    is_same_mail,
)
from webcrm_sync.core.message_ids import LONGEST_ID
from webcrm_sync.core.reading import Reading
from webcrm_sync.core.states import NO_MAIL, Reason, State
from webcrm_sync.core.text import storable
from webcrm_sync.core.times import storable_time
from webcrm_sync.engine.body_reader import SMALL, BodyReader
from webcrm_sync.store.emails import LONGEST_ADDRESS, Email

#: So many addresses for answers are kept; more than a few are nobody's own.
_MOST_REPLY_TO = 20


@dataclass(frozen=True, slots=True)
class Arrival:
    """One copy met for the first time, made ready outside any transaction.

    `is_raw`: its HTML is kept as it came. It is laid out when the mail is drafted, since that
    takes longer than all the rest: of many mails that are moved at once the last one waits until
    the others have been taken up. `reading`: what else is kept of its body, None = nothing.
    """

    message: Message
    reading: Reading | None = None
    is_raw: bool = False

    @classmethod
    def of(cls, message: Message) -> Arrival:
        """The arrival of a copy. Only what will be filed needs its body."""
        clean = _storable(message)
        if _is_filed_at_all(clean) and clean.body_is_html and len(clean.body) <= SMALL:
            return cls(replace(clean, body=storable(clean.body)), is_raw=True)
        return cls(clean)

    def read_by(self, reader: BodyReader) -> Arrival:
        """The same arrival with its body read, where it needs one. May wait for a process."""
        if self.is_raw or not _is_filed_at_all(self.message):
            return self
        mail = self.message
        return replace(
            self, reading=reader.read(mail.subject, mail.body, is_html=mail.body_is_html)
        )

    @property
    def kept(self) -> Mapping[str, object]:
        """The columns that hold its body."""
        if self.is_raw:
            return {"content": self.message.body, "cids": None, "is_raw": True}
        text, cids = (self.reading.text, list(self.reading.cids)) if self.reading else (None, None)
        return {"content": text, "cids": cids, "is_raw": False}


@dataclass(slots=True)
class Mails:
    """The e-mails that arrivals may belong to: those stored and those of this very page."""

    tenant_id: str = ""
    fingerprints: dict[str, Fingerprint] = field(default_factory=dict)
    keys_by_message_id: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def known(cls, emails: Iterable[Email], tenant_id: str) -> Mails:
        """Start from what is stored."""
        mails = cls(tenant_id)
        for email in emails:
            mails._add(email.key, email.message_id, email.fingerprint)
        return mails

    def key_of(self, message: Message) -> str:
        """The key of the mail this is a copy of; remembered for the copies that follow.

        Of two mails with one Message-ID either may be met first after a loss: our stamp tells
        which key each of them had.
        """
        print_ = Fingerprint.of(message)
        message_id = message.message_id or ""
        taken = self.keys_by_message_id.get(message_id, []) if message_id else []
        for key in taken:
            if is_same_mail(self.fingerprints[key], print_):
                return key
        keys = [email_key(message.message_id, print_, taken=taken_) for taken_ in (False, True)]
        stamped = (k for k in keys if str(Stamp.synced(self.tenant_id, k)) == message.stamp)
        key = next(stamped, None) or keys[bool(taken)]
        if key not in self.fingerprints:
            self._add(key, message.message_id, print_)
        return key

    def _add(self, key: str, message_id: str | None, print_: Fingerprint) -> None:
        self.fingerprints[key] = print_
        if message_id:
            self.keys_by_message_id.setdefault(message_id, []).append(key)


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
        "direction": direction(message, internals).value,
        "kind": message.kind.value,
        "subject": message.subject,
        "sender": [sender.address, sender.name] if sender else None,
        "recipients": {
            "to": _pairs(message.to),
            "cc": _pairs(message.cc),
            "bcc": _pairs(message.bcc),
        },
        "sent_at": storable_time(message.sent_at),
        "received_at": storable_time(message.received_at),
        "has_attachments": message.has_attachments,
        **_headers(message),
        **arrival.kept,
    }


def known_headers(message: Message) -> Mapping[str, object]:
    """The columns that a mail taken up by an earlier version has empty."""
    return _headers(_storable(message))


def _headers(message: Message) -> Mapping[str, object]:
    sent_by = message.sent_by
    return {
        "reply_to": _pairs(message.reply_to),
        "sent_by": [sent_by.address, sent_by.name] if sent_by else None,
        "conversation_id": message.conversation_id,
        "in_reply_to": message.in_reply_to,
        "referenced_ids": list(message.references),
        "sensitivity": message.sensitivity,
    }


def people_of(message: Message, internals: Internals) -> Sequence[Party]:
    """Everybody who may lead to an Organisation; a mirror leads nowhere."""
    people = externals(message, internals) if _is_filed_at_all(message) else ()
    return [p for p in people if _of_length(p.address, LONGEST_ADDRESS)]


def _is_filed_at_all(message: Message) -> bool:
    return first_state(message)[0] is State.FOUND


def _pairs(people: Sequence[Party]) -> list[list[str]]:
    return [[p.address, p.name] for p in people]


def _of_length(text: str, limit: int) -> str:
    """`text`, empty when it is longer than anything real: it could not be indexed."""
    return text if len(text.encode()) <= limit else ""


def _storable(message: Message) -> Message:
    def clean(people: Sequence[Party]) -> tuple[Party, ...]:
        return tuple(Party(storable(p.address), storable(p.name)) for p in people)

    def line(text: str | None) -> str | None:
        return _of_length(storable(text or ""), LONGEST_ID) or None

    def mailable(people: Sequence[Party]) -> list[Party]:
        return [p for p in clean(people) if _of_length(p.address, LONGEST_ADDRESS)]

    return replace(
        message,
        subject=storable(message.subject),
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
        categories=tuple(storable(c) for c in message.categories),
    )


def digest_key(message: Message) -> str:
    """The key that the mail has, or would have, by its digest."""
    return email_key(None, Fingerprint.of(message))
