"""Decides whether this installation may work on a mailbox: one live installation at a time.

The installation that works on a mailbox keeps a text on its sync folder, the lease. Each renewal
writes another text. Who finds a text that it did not write has met another installation, or the
original of its own database, and stops. A check is valid for FRESH only. So an installation whose
lease was taken over has stopped when TAKE_OVER_WAIT is over, even if it cannot read the folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from webcrm_sync.core.storable import to_one_line

#: How long a check allows work on the mailbox.
FRESH = timedelta(minutes=15)
#: The longest time between two checks.
CHECK_EVERY = timedelta(minutes=10)
#: The age at which a lease is written anew.
RENEW_AFTER = timedelta(days=1)
#: A lease of this age allows no work any more: its holder is gone, or cannot write to the mailbox.
STALE_AFTER = timedelta(days=2)
#: How long after its write a new lease is read back. An installation that found the folder free at
#: the same moment has written by then, since it does so within LONGEST_GAP.
SETTLE = timedelta(seconds=6)
LONGEST_GAP = timedelta(seconds=3)
#: The same, for a lease that was taken over from another installation: its last check is no longer
#: valid by then, and its last request is answered.
TAKE_OVER_WAIT = FRESH + timedelta(minutes=2)

#: The lease on a folder that nobody holds any more.
RELEASED = "ms1-l-released"
_PREFIX = "ms1-l-"
_SEPARATOR = "|"
_LEASE = re.compile(r"ms1-l-[^|]*\|([^|]*)\|([^|]*)\|(.*)", re.DOTALL)
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Holder:
    """An installation, as its lease names it. `since`: when it first held the mailbox."""

    name: str
    since: datetime
    renewed_at: datetime


@dataclass(frozen=True, slots=True)
class MailboxLease:
    """What we remember about the lease on a mailbox.

    `written`: the text that we wrote last. `intended`: the text that we are writing, or wrote
    without an answer. `since`: when we first held the mailbox. `confirm_at`: when to read a new
    lease back, None = it is confirmed. `rival`: the text that another installation wrote, as we
    found it last. `may_take_over`: a person allows us to replace it. `is_start`: the service has
    started since the last write. `is_unsure`: others may have worked on the mailbox meanwhile.
    """

    written: str | None = None
    intended: str | None = None
    since: datetime | None = None
    renewed_at: datetime | None = None
    checked_at: datetime | None = None
    confirm_at: datetime | None = None
    rival: str | None = None
    may_take_over: bool = False
    is_start: bool = False
    is_unsure: bool = False


class Step(Enum):
    """What to do after reading the lease on the folder."""

    #: the lease is ours: work
    HOLD = "hold"
    #: the lease is ours and old: write it anew, and work
    RENEW = "renew"
    #: the folder is free, or we may take it over: write a lease, and read it back later
    CLAIM = "claim"
    #: our new lease is there; its write was not recorded
    WRITTEN = "written"
    #: our new lease is there; it is too early to rely on it
    WAIT = "wait"
    #: another installation holds the mailbox
    STOP = "stop"


def next_step(found: str | None, lease: MailboxLease, now: datetime) -> Step:
    """The step after the text `found` was read from the folder, None = there is none."""
    if found is None or found == RELEASED:
        return Step.CLAIM
    if found not in {lease.written, lease.intended}:
        return Step.CLAIM if lease.may_take_over else Step.STOP
    return _next_step_of_holder(found, lease, now)


def _next_step_of_holder(found: str, lease: MailboxLease, now: datetime) -> Step:
    if lease.rival is not None:
        return Step.CLAIM  # our own late write has replaced the rival's, which stops
    if lease.confirm_at is not None and lease.intended is not None:
        return Step.WRITTEN if found == lease.intended else Step.CLAIM
    if lease.is_start:
        return Step.CLAIM  # a clone with the same memory may start at this moment
    if lease.confirm_at is not None:
        return Step.WAIT if now < lease.confirm_at else Step.HOLD
    is_old = lease.renewed_at is None or lease.renewed_at + RENEW_AFTER <= now
    return Step.RENEW if is_old or found == lease.intended else Step.HOLD


def wait_after_claim(found: str | None, lease: MailboxLease, now: datetime) -> timedelta:
    """How long to wait before a lease that replaces the text `found` is read back.

    A wait for another installation goes on when this one starts again.
    """
    if found is None or found == RELEASED:
        return SETTLE
    if found in {lease.written, lease.intended}:
        return max(SETTLE, lease.confirm_at - now) if lease.confirm_at else SETTLE
    holder = parse_holder(found)
    is_stale = holder is not None and now - holder.renewed_at > STALE_AFTER
    return SETTLE if is_stale else TAKE_OVER_WAIT


def work_until(lease: MailboxLease, checked_at: datetime) -> datetime:
    """Until when a check allows work, which began at `checked_at` and found our own lease."""
    until = checked_at + FRESH
    return min(until, lease.renewed_at + STALE_AFTER) if lease.renewed_at else until


def format_lease(holder: Holder, nonce: str) -> str:
    """The text of a lease. `nonce`: different each time.

    >>> from datetime import UTC
    >>> at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    >>> format_lease(Holder("https://sync.example", at, at), "x")
    'ms1-l-x|2026-01-05T09:00:00+00:00|2026-01-05T09:00:00+00:00|https://sync.example'
    """
    name = to_one_line(holder.name)[:_LONGEST_NAME]
    times = [at.replace(microsecond=0).isoformat() for at in (holder.since, holder.renewed_at)]
    return _SEPARATOR.join([_PREFIX + nonce, *times, name])


def parse_holder(text: str) -> Holder | None:
    """The installation that wrote the text; None for a text that this version cannot read."""
    match = _LEASE.fullmatch(text)
    if not match:
        return None
    try:
        since, renewed_at = (datetime.fromisoformat(match[i]).astimezone(UTC) for i in (1, 2))
    except (ValueError, OverflowError):
        return None
    return Holder(to_one_line(match[3])[:_LONGEST_NAME] or "unnamed", since, renewed_at)


def describe_rival(text: str, now: datetime) -> str:
    """Which installation holds the mailbox since when, in one sentence."""
    holder = parse_holder(text)
    if holder is None:
        return "Another installation of webCRM sync works on this mailbox."
    return (
        f"Another installation of webCRM sync works on this mailbox: {holder.name}, "
        f"since {holder.since:%Y-%m-%d}, last seen {_age(now - holder.renewed_at)}."
    )


def _age(age: timedelta) -> str:
    """How long ago the holder renewed its lease, which it does once a day."""
    if age < RENEW_AFTER + CHECK_EVERY:
        return "within the last day"
    return f"{age.days} day{'s' if age.days != 1 else ''} ago"
