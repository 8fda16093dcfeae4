"""What a message about a trouble says, for a mail and for a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.alerts import Moment
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind

#: Mailboxes that a message names.
_NAMED = 20
_PRODUCT = "webCRM mail sync"
_TITLES = {
    TroubleKind.WORKER: "a part of the jobs has no worker",
    TroubleKind.WEBCRM: "webCRM does not answer, or refuses",
    TroubleKind.ENTRA: "Entra gives no token",
    TroubleKind.KEY: "secrets cannot be opened",
    TroubleKind.DISK: "the disk is nearly full",
    TroubleKind.MAILBOX: "mailboxes wait",
    TroubleKind.SILENT: "mailboxes are not read",
    TroubleKind.LATE: "mails do not move on",
    TroubleKind.PUSH: "Outlook does not announce changes",
    TroubleKind.SUBSCRIPTION: "subscriptions are not renewed",
    TroubleKind.LABEL: "webCRM does not know the label for e-mails",
    TroubleKind.PROOF: "the proof needs a person",
    TroubleKind.JOB: "a job is held back",
    TroubleKind.LEAVER: "members have left a followed group",
    TroubleKind.GROUP: "followed groups cannot be read",
    TroubleKind.CLIENT_SECRET: "the client secret ends",
    TroubleKind.CLIENT_CERTIFICATE: "the application's certificate ends",
    TroubleKind.TLS_CERTIFICATE: "the server's certificate ends",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to people. `id`: the same at each attempt, so that receivers know it again.

    `alert_id`: the same from a trouble's beginning to its end. `kind`: None = a test. `number`: of
    the mailboxes or things that it concerns; `mailboxes`: their addresses. `since`: when the
    trouble was told first; `at`: when this message was written.
    """

    id: str
    alert_id: str
    moment: Moment
    kind: TroubleKind | None
    severity: Severity
    sentence: str
    number: int
    mailboxes: tuple[str, ...]
    since: datetime
    at: datetime


def create_test(notice_id: str, now: datetime) -> Notice:
    """The message of `alert --test`."""
    text = "This is a test. Messages about troubles arrive in the same way."
    moment, severity = Moment.TEST, Severity.WARNING
    return Notice(notice_id, notice_id, moment, None, severity, text, 0, (), now, now)


def title(notice: Notice) -> str:
    """The message in one line.

    >>> title(create_test("1", datetime(2026, 3, 1)))
    'webCRM mail sync: test'
    """
    if notice.kind is None:
        return f"{_PRODUCT}: test"
    subject = _TITLES[notice.kind]
    if notice.moment is Moment.ENDED:
        return f"{_PRODUCT}: over: {subject}"
    more = f" ({notice.number} by now)" if notice.moment is Moment.SPREAD else ""
    return f"{_PRODUCT}: {subject}{more}"


def body(notice: Notice) -> str:
    """The text of a mail."""
    if notice.kind is None:
        return f"{notice.sentence}\n"
    parts = [notice.sentence]
    if notice.moment is Moment.ENDED:
        parts = [f"This is over. It was told at {_moment(notice.since)}:", notice.sentence]
    if notice.mailboxes:
        parts.append("\n".join(["Mailboxes:", *_listed(notice)]))
    if notice.moment is not Moment.ENDED:
        parts.append(
            "One more message follows when this is over. `webcrm-sync status` shows the state at "
            "any time."
        )
    return "\n\n".join(parts) + "\n"


def payload(notice: Notice, tenant_id: str) -> dict[str, object]:
    """The JSON object for a webhook. `text`: what chat services show."""
    return {
        "type": f"alert.{notice.moment}",
        "timestamp": notice.at.isoformat(),
        "text": f"{title(notice)}\n{notice.sentence}",
        "data": {
            "id": notice.alert_id,
            "tenant": tenant_id,
            "kind": notice.kind,
            "severity": notice.severity,
            "sentence": notice.sentence,
            "number": notice.number,
            "mailboxes": list(notice.mailboxes),
            "since": notice.since.isoformat(),
        },
    }


def _listed(notice: Notice) -> list[str]:
    lines = [f"- {address}" for address in notice.mailboxes[:_NAMED]]
    more = len(notice.mailboxes) - _NAMED
    return [*lines, f"- and {more} more: `webcrm-sync status --trouble`"] if more > 0 else lines


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
