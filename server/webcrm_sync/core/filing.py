"""One e-mail under one Organisation: its key, its Activity, its stamp in Outlook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from webcrm_sync.core.crm import ActivityDraft
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.matching import Target
from webcrm_sync.core.message import Party
from webcrm_sync.core.storable import to_one_line
from webcrm_sync.core.times import mail_time

#: How many names a line of people shows before it counts the rest.
_PEOPLE_SHOWN = 30


@dataclass(frozen=True, slots=True)
class FieldLimits:
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
    limits: FieldLimits,
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
        subject=truncate(to_one_line(mail.subject) or "(no subject)", limits.subject),
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
