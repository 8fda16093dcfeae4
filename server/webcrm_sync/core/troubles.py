"""What is wrong with the service as a whole: facts -> troubles, each with what to do about it.

`status --check`, the metrics and the alerts all show these. A trouble is one for all mailboxes that
have it for the same cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from webcrm_sync.core.endings import Ending, ends_soon, is_urgent
from webcrm_sync.core.free_space import FreeSpace, judge_free_space
from webcrm_sync.core.group_members import Departure
from webcrm_sync.core.trouble_kinds import Severity, TroubleKind


@dataclass(frozen=True, slots=True)
class Limits:
    """`after`: how long something may last before it counts. `min_free`: bytes on the disk."""

    after: timedelta
    min_free: int


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """What is known about one mailbox.

    `push_trouble`: why Graph refuses a subscription. `unread_since`: when a folder that is still
    unread was to be read. `deaf_folders`: those without a subscription. `doubted_folders`: those in
    which a poll found what no notification announced. `subscription_ends_at`: of the subscription
    that ends first.
    """

    mailbox_id: int
    address: str = ""
    trouble: str | None = None
    push_trouble: str | None = None
    unread_since: datetime | None = None
    folders: int = 0
    deaf_folders: int = 0
    doubted_folders: int = 0
    subscription_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MailFacts:
    """The mails that need work.

    `under_way`: those that the product works on. `oldest_since`: since when one of them has not
    moved on; `unexplained_since`: the same without the mailboxes in trouble. `unlabelled`: those
    that wait for a label in webCRM.
    """

    under_way: int = 0
    oldest_since: datetime | None = None
    unexplained_since: datetime | None = None
    unlabelled: int = 0
    waiting: int = 0
    parked: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that troubles are found in, at one moment.

    `mailboxes`: those at work; `paused`: the number of the others. `heartbeats`: the last sign of
    life of each queue's workers, None = never. `group_troubles`: why a look at a followed group
    failed, by the group's name and id. `key_trouble`: a sentence about secrets that cannot
    be opened. `free_bytes`: None = no disk is ours to watch.
    """

    now: datetime
    mailboxes: tuple[MailboxFacts, ...] = ()
    paused: int = 0
    mails: MailFacts = MailFacts()
    webcrm_trouble: str | None = None
    key_trouble: str | None = None
    is_push_enabled: bool = False
    heartbeats: Mapping[str, datetime | None] = field(default_factory=dict)
    open_differences: int = 0
    held_jobs: tuple[str, ...] = ()
    departures: tuple[Departure, ...] = ()
    group_troubles: Mapping[str, str] = field(default_factory=dict)
    free_bytes: int | None = None
    endings: tuple[Ending, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble. `number`: of the mailboxes, mails or things that it concerns.

    `cause`: tells troubles of one kind apart. `is_consequence`: another trouble explains it, so
    no message names this one. `counts_at_once`: no row records since when.
    """

    kind: TroubleKind
    severity: Severity
    sentence: str
    number: int = 1
    cause: str = ""
    mailbox_ids: tuple[int, ...] = ()
    is_consequence: bool = False
    counts_at_once: bool = False

    @property
    def key(self) -> str:
        """The same for the same trouble at any time."""
        return f"{self.kind}: {self.cause}" if self.cause else str(self.kind)


#: Graph may lose a notification now and then. Push is lost where polls find new mails in at least
#: one of this many folders.
_DOUBTED = 5
#: A worker writes its sign of life every few seconds.
HEARTBEAT_PATIENCE = timedelta(minutes=1)
#: A subscription lives for almost three days and is renewed after half of them (`subscriptions`).
_SUBSCRIPTION_NOTICE = timedelta(hours=24)
_MEGABYTE = 1_000_000
#: What an administrator does about each secret or certificate before it ends.
_RENEWALS = {
    TroubleKind.CLIENT_SECRET: (
        "The application's client secret in Entra",
        "Create a new one in Entra, then set WEBCRM_SYNC_ENTRA_CLIENT_SECRET and "
        "WEBCRM_SYNC_ENTRA_CLIENT_SECRET_EXPIRES.",
    ),
    TroubleKind.CLIENT_CERTIFICATE: (
        "The application's certificate in WEBCRM_SYNC_ENTRA_CLIENT_CERTIFICATE",
        "Register a new one in Entra, then replace the file.",
    ),
    TroubleKind.TLS_CERTIFICATE: (
        "The server's certificate in WEBCRM_SYNC_TLS_CERT",
        "Renew it and restart the service: without it neither Outlook nor Graph reaches us.",
    ),
}


def find_troubles(facts: Facts, limits: Limits) -> tuple[Trouble, ...]:
    """Everything that is wrong, critical troubles first."""
    found = [
        *_find_worker(facts),
        *_find_webcrm(facts),
        *_find_key(facts),
        *_find_disk(facts, limits),
        *_find_mailboxes(facts),
        *_find_silent(facts, limits),
        *_find_late(facts, limits),
        *_find_push(facts),
        *_find_subscriptions(facts),
        *_find_for_people(facts),
        *_find_leavers(facts),
        *_find_groups(facts),
        *_find_endings(facts),
    ]
    return tuple(sorted(found, key=lambda trouble: trouble.severity is not Severity.CRITICAL))


def _find_worker(facts: Facts) -> Iterator[Trouble]:
    limit = facts.now - HEARTBEAT_PATIENCE
    dead = sorted(queue for queue, at in facts.heartbeats.items() if at is None or at < limit)
    if dead:
        yield Trouble(
            TroubleKind.WORKER,
            Severity.CRITICAL,
            f"No worker runs the jobs of {', '.join(dead)}. Start `webcrm-sync serve`, or a "
            "`webcrm-sync worker` for each part of the jobs. If they run, see their log: the "
            "database may take no writes, as with a full disk.",
            number=len(dead),
            counts_at_once=True,  # a worker records how long a trouble lasts
        )


def _find_webcrm(facts: Facts) -> Iterator[Trouble]:
    if facts.webcrm_trouble:
        yield Trouble(TroubleKind.WEBCRM, Severity.CRITICAL, f"webCRM: {facts.webcrm_trouble}")


def _find_key(facts: Facts) -> Iterator[Trouble]:
    if facts.key_trouble:
        sentence = f"{facts.key_trouble[0].upper()}{facts.key_trouble[1:].rstrip('.')}."
        yield Trouble(TroubleKind.KEY, Severity.WARNING, sentence)


def _find_disk(facts: Facts, limits: Limits) -> Iterator[Trouble]:
    if facts.free_bytes is None:
        return
    space = judge_free_space(facts.free_bytes, limits.min_free)
    if space is not FreeSpace.ENOUGH:
        yield Trouble(
            TroubleKind.DISK,
            Severity.CRITICAL,
            f"Only {facts.free_bytes // _MEGABYTE} MB are free on the disk of "
            "WEBCRM_SYNC_DATA_DIR: make room.",
            counts_at_once=space is FreeSpace.FULL,
        )


def _find_mailboxes(facts: Facts) -> Iterator[Trouble]:
    """One trouble for each cause; Entra's refusals are one of their own."""
    alike: dict[tuple[TroubleKind, str], list[MailboxFacts]] = {}
    for box in facts.mailboxes:
        if box.trouble:
            alike.setdefault(_classify(box.trouble), []).append(box)
    for (kind, cause), boxes in alike.items():
        number = len(boxes)
        subject = "A mailbox waits" if number == 1 else f"{number} mailboxes wait"
        yield Trouble(
            kind,
            Severity.CRITICAL if kind is TroubleKind.ENTRA else Severity.WARNING,
            f"{subject}: {boxes[0].trouble}",
            number=number,
            cause=cause,
            mailbox_ids=_ids(boxes),
        )


def _classify(trouble: str) -> tuple[TroubleKind, str]:
    """The kind and the cause of a mailbox's trouble, the same for each of its details.

    >>> _classify("503 ServiceUnavailable: request 7f3a")
    (<TroubleKind.MAILBOX: 'mailbox'>, 'ServiceUnavailable')
    """
    if trouble.startswith("Entra ") or "_ENTRA_" in trouble:
        return TroubleKind.ENTRA, ""
    return TroubleKind.MAILBOX, re.sub(r"\d+", "", re.split(r"[.:(]", trouble)[0]).strip()


def _find_silent(facts: Facts, limits: Limits) -> Iterator[Trouble]:
    limit = facts.now - limits.after
    silent = [b for b in facts.mailboxes if b.unread_since and b.unread_since < limit]
    unexplained = [box for box in silent if not box.trouble]
    if not silent:
        return
    since = min(box.unread_since for box in silent if box.unread_since)
    number = len(unexplained) or len(silent)
    yield Trouble(
        TroubleKind.SILENT,
        Severity.CRITICAL,
        f"Nobody has read {_boxes(number)} since {_moment(since)}. Look into "
        "the log of the worker, and run `webcrm-sync doctor`.",
        number=number,
        mailbox_ids=_ids(unexplained or silent),
        is_consequence=not unexplained or _is_worker_dead(facts),
    )


def _find_late(facts: Facts, limits: Limits) -> Iterator[Trouble]:
    since, unexplained = facts.mails.oldest_since, facts.mails.unexplained_since
    limit = facts.now - limits.after
    if since and since < limit:
        is_explained = facts.webcrm_trouble or unexplained is None or unexplained >= limit
        yield Trouble(
            TroubleKind.LATE,
            Severity.CRITICAL,
            f"Mails on the way to webCRM: {facts.mails.under_way}. The oldest "
            f"has not moved on since {_moment(since)}. `webcrm-sync status` shows what holds "
            "them; run `webcrm-sync doctor`.",
            number=facts.mails.under_way,
            is_consequence=bool(is_explained) or _is_worker_dead(facts),
        )


def _find_push(facts: Facts) -> Iterator[Trouble]:
    boxes = _deaf_mailboxes(facts) if facts.is_push_enabled else []
    if not boxes:
        return
    unexplained = [box for box in boxes if not box.trouble]
    answers = sorted({box.push_trouble.rstrip(".") for box in boxes if box.push_trouble})
    yield Trouble(
        TroubleKind.PUSH,
        Severity.WARNING,
        f"Outlook does not announce the changes of {_boxes(len(unexplained or boxes))}: new "
        "mails take minutes instead of seconds. Run `webcrm-sync doctor`; check that Graph "
        "reaches WEBCRM_SYNC_PUBLIC_URL." + (f" Graph says: {answers[0]}." if answers else ""),
        number=len(unexplained or boxes),
        mailbox_ids=_ids(unexplained or boxes),
        is_consequence=not unexplained or bool(facts.key_trouble) or _is_worker_dead(facts),
    )


def _deaf_mailboxes(facts: Facts) -> list[MailboxFacts]:
    """The mailboxes with a folder without a subscription, and the doubted ones if they are many."""
    folders = sum(box.folders for box in facts.mailboxes)
    are_many = sum(box.doubted_folders for box in facts.mailboxes) * _DOUBTED >= folders
    return [b for b in facts.mailboxes if b.deaf_folders or (b.doubted_folders and are_many)]


def _find_subscriptions(facts: Facts) -> Iterator[Trouble]:
    limit = facts.now + _SUBSCRIPTION_NOTICE
    ends = [b for b in facts.mailboxes if b.subscription_ends_at and b.subscription_ends_at < limit]
    ends = ends if facts.is_push_enabled else []
    if ends:
        first = min(box.subscription_ends_at for box in ends if box.subscription_ends_at)
        yield Trouble(
            TroubleKind.SUBSCRIPTION,
            Severity.WARNING,
            f"Nobody has renewed the subscriptions of {_boxes(len(ends))}; the first ends at "
            f"{_moment(first)}. Run `webcrm-sync doctor`.",
            number=len(ends),
            mailbox_ids=_ids(ends),
            is_consequence=all(box.trouble for box in ends) or _is_worker_dead(facts),
        )


def _find_for_people(facts: Facts) -> Iterator[Trouble]:
    """What only a person can fix, and what a person must report."""
    if facts.mails.unlabelled:
        yield Trouble(
            TroubleKind.LABEL,
            Severity.CRITICAL,
            "webCRM does not know the label for e-mails, so mails wait. Add it to the Activity's "
            "drop-down, or name another one in WEBCRM_SYNC_WEBCRM_ACTION_IN or "
            "WEBCRM_SYNC_WEBCRM_ACTION_OUT.",
            number=facts.mails.unlabelled,
        )
    if facts.open_differences:
        yield Trouble(
            TroubleKind.PROOF,
            Severity.WARNING,
            f"The last proof found what only a person can fix ({facts.open_differences}). "
            "Run `webcrm-sync prove`.",
            number=facts.open_differences,
        )
    if facts.held_jobs:
        yield Trouble(
            TroubleKind.JOB,
            Severity.WARNING,
            f"Jobs wait after an unforeseen error: {', '.join(sorted(set(facts.held_jobs)))}. The "
            "log line `job_failed` has the trace; please report it.",
            number=len(facts.held_jobs),
        )


def _find_leavers(facts: Facts) -> Iterator[Trouble]:
    """One trouble for all whom one look missed: who leaves later is news."""
    looks: dict[tuple[datetime, str], list[int]] = {}
    for one in facts.departures:
        looks.setdefault((one.left_at, one.group), []).append(one.mailbox_id)
    for (left_at, group), ids in looks.items():
        is_one = len(ids) == 1
        who = "The owner of a watched mailbox has" if is_one else f"{len(ids)} owners have"
        yield Trouble(
            TroubleKind.LEAVER,
            Severity.WARNING,
            f"{who} left the followed group {group}. Decide for each mailbox: `webcrm-sync mailbox"
            " remove` or, to keep it, `webcrm-sync mailbox add`.",
            number=len(ids),
            cause=left_at.astimezone(UTC).isoformat(),
            mailbox_ids=tuple(sorted(ids)),
        )


def _find_groups(facts: Facts) -> Iterator[Trouble]:
    if facts.group_troubles:
        names = ", ".join(sorted(facts.group_troubles))
        first = facts.group_troubles[min(facts.group_troubles)]
        yield Trouble(
            TroubleKind.GROUP,
            Severity.WARNING,
            f"Nobody who joins is added ({names}): {first}",
            number=len(facts.group_troubles),
        )


def _find_endings(facts: Facts) -> Iterator[Trouble]:
    for ending in facts.endings:
        if not ends_soon(ending.at, facts.now):
            continue
        subject, renewal = _RENEWALS[ending.kind]
        day = f"{ending.at:%Y-%m-%d}"
        when = f"ends on {day}" if ending.at > facts.now else f"ended on {day}"
        severity = Severity.CRITICAL if is_urgent(ending.at, facts.now) else Severity.WARNING
        yield Trouble(ending.kind, severity, f"{subject} {when}. {renewal}", cause=day)


def _is_worker_dead(facts: Facts) -> bool:
    return any(True for _ in _find_worker(facts))


def _ids(boxes: Iterable[MailboxFacts]) -> tuple[int, ...]:
    return tuple(sorted(box.mailbox_id for box in boxes))


def _boxes(number: int) -> str:
    return "1 mailbox" if number == 1 else f"{number} mailboxes"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
