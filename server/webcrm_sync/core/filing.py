"""The Activity that a filing writes to webCRM."""

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

#: A line of people shows this many names and counts the rest.
_PEOPLE_SHOWN = 30


@dataclass(frozen=True, slots=True)
class FieldLimits:
    """The longest texts that webCRM's metadata allows, in characters; 0 = unknown."""

    subject: int = 0
    memo: int = 0


class MailHead(Protocol):
    """The facts about a mail that its Activity shows above the text."""

    @property
    def subject(self) -> str:
        """The subject as it arrived."""

    @property
    def sender(self) -> Party | None:
        """The author."""

    @property
    def to(self) -> tuple[Party, ...]:
        """The recipients."""

    @property
    def cc(self) -> tuple[Party, ...]:
        """The recipients of a copy."""

    @property
    def sent_at(self) -> datetime | None:
        """The time of sending."""

    @property
    def received_at(self) -> datetime | None:
        """The time of arrival."""


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
    """The Activity for one filing.

    `text`: the body as plain text. `lines`: further facts; they come before the text so that
    truncation never removes them. `found_at`: when the product first found the mail.
    """
    memo = "\n".join([*_header_lines(mail), *lines, "", text]).strip()
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


def _header_lines(mail: MailHead) -> Iterable[str]:
    if mail.sender:
        yield f"From: {mail.sender}"
    for label, people in (("To", mail.to), ("Cc", mail.cc)):
        if people:
            yield f"{label}: {_format_people(people)}"


def _format_people(people: tuple[Party, ...]) -> str:
    shown = ", ".join(str(p) for p in people[:_PEOPLE_SHOWN])
    more = len(people) - _PEOPLE_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
