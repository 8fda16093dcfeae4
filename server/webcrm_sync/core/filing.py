"""One e-mail under one Organisation: its key, its Activity, its stamp in Outlook."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from webcrm_sync.core.crm import ActivityDraft
from webcrm_sync.core.email_keys import content_in
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.matching import Target
from webcrm_sync.core.message import Party
from webcrm_sync.core.storable import one_line
from webcrm_sync.core.times import mail_time

KEY_PREFIX = "ms1-"
_KEY = re.compile(r"ms1-[a-z2-7]{26}")
#: 26 characters hold 130 bits: so many whole bytes.
_WHOLE_BYTES = 16
#: An Activity's id as the database can hold it.
_STAMP = re.compile(r"ms1-(?:(s)-([a-z2-7]{26})(?:-([a-z2-7]{26}))?|(m)-([0-9]{1,18}))")
#: How many names a line of people shows before it counts the rest.
_PEOPLE_SHOWN = 30


def filing_key(company: str, email_key: str, organisation_id: int) -> str:
    """The key that stands in webCRM: `ms1-` and 26 base32 characters. Never changed later."""
    return KEY_PREFIX + _hash(company, email_key, str(organisation_id))


def is_filing_key(text: str) -> bool:
    """True for a key that this product wrote."""
    return _KEY.fullmatch(text) is not None


def owner_of(
    keys: Mapping[bytes, str], company: str, email_key: str, organisation_ids: Iterable[int]
) -> Iterator[tuple[str, int]]:
    """Which of `keys` belong to this e-mail, with the Organisation in each.

    `keys` by `hash_in`; made for millions of tries, ten times as fast as `filing_key`.
    """
    begun = hashlib.sha256(f"{company}\0{email_key}\0".encode())
    for organisation_id in organisation_ids:
        tried = begun.copy()
        tried.update(b"%d" % organisation_id)
        if key := keys.get(tried.digest()[:_WHOLE_BYTES]):
            yield key, organisation_id


def hash_in(key: str) -> bytes:
    """The bytes of the hash that stand whole in a filing's key."""
    letters = key.removeprefix(KEY_PREFIX).upper()
    return base64.b32decode(letters + "=" * (-len(letters) % 8))[:_WHOLE_BYTES]


def _hash(*parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return base64.b32encode(digest).decode().lower()[:26]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What we write on a copy in Outlook, for ourselves; it travels with moves and copies."""

    #: "s" = synced, `value` is the hash of company and e-mail key;
    #: "m" = mirror, `value` is the Activity's id
    kind: str
    value: str
    #: what the e-mail's key says of the content: no other copy may be there to make it from
    content: str = ""

    def __str__(self) -> str:
        return "-".join(["ms1", self.kind, self.value, *filter(None, [self.content])])

    @classmethod
    def synced(cls, company: str, email_key: str) -> Stamp:
        """The stamp of a synced copy."""
        return cls("s", _hash(company, email_key), content_in(email_key))

    def names(self, company: str, email_key: str) -> bool:
        """True for the stamp of this e-mail's synced copies."""
        return self.kind == "s" and self.value == _hash(company, email_key)

    @classmethod
    def mirror(cls, activity_id: int) -> Stamp:
        """The stamp of the mirror of an Activity."""
        return cls("m", str(activity_id))

    @classmethod
    def parse(cls, text: str | None) -> Stamp | None:
        """The stamp that `text` is, None for anything else."""
        found = _STAMP.fullmatch(text or "")
        if not found:
            return None
        return cls(found[1] or found[4], found[2] or found[5], found[3] or "")


@dataclass(frozen=True, slots=True)
class Limits:
    """Lengths that webCRM's metadata tells; 0 = not told."""

    subject: int = 0
    memo: int = 0


class MailHead(Protocol):
    """What an Activity tells of a mail besides its text."""

    @property
    def subject(self) -> str:
        """The subject as it came."""

    @property
    def sender(self) -> Party | None:
        """Who sent it."""

    @property
    def to(self) -> tuple[Party, ...]:
        """The recipients."""

    @property
    def cc(self) -> tuple[Party, ...]:
        """The recipients of a copy."""

    @property
    def sent_at(self) -> datetime | None:
        """When it was sent."""

    @property
    def received_at(self) -> datetime | None:
        """When the copy arrived."""


def draft_activity(
    mail: MailHead,
    text: str,
    target: Target,
    *,
    key: str,
    action: str,
    user_id: int | None,
    limits: Limits,
    lines: Sequence[str] = (),
    found_at: datetime | None = None,
) -> ActivityDraft:
    """The Activity of one filing. `text`: the body as plain text.

    `found_at`: when we met the mail first. `lines`: what else is to be said; they stand above the
    text, where no cut reaches them.
    """
    memo = "\n".join([*_head(mail), *lines, "", text]).strip()
    return ActivityDraft(
        key=key,
        action=action,
        organisation_id=target.organisation_id or None,
        person_id=target.person_id,
        user_id=user_id,
        subject=truncate(one_line(mail.subject) or "(no subject)", limits.subject),
        memo=truncate(memo, limits.memo),
        at=mail_time(mail.sent_at, mail.received_at, found_at),
    )


def _head(mail: MailHead) -> Iterable[str]:
    if mail.sender:
        yield f"From: {mail.sender}"
    for label, people in (("To", mail.to), ("Cc", mail.cc)):
        if people:
            yield f"{label}: {_names(people)}"


def _names(people: tuple[Party, ...]) -> str:
    shown = ", ".join(str(p) for p in people[:_PEOPLE_SHOWN])
    more = len(people) - _PEOPLE_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
