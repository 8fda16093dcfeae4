"""When people are told about a trouble: once when it lasts, once when it is over, never a flood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from webcrm_sync.core.trouble_kinds import TroubleKind
from webcrm_sync.core.troubles import Limits, Trouble


class Channel(StrEnum):
    """A way by which messages reach people. Tables hold the values, so they never change."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Moment(StrEnum):
    """What a message is about. Tables and receivers hold the values, so they never change."""

    OPENED = "opened"
    SPREAD = "spread"
    ENDED = "ended"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class AlertState:
    """How far the alert about one trouble has come. The fields are those of the table `alert`."""

    first_seen_at: datetime
    last_seen_at: datetime
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    openings: int = 0
    told_number: int = 0

    @property
    def is_open(self) -> bool:
        """True from the message that it is there until the message that it is over."""
        return self.opened_at is not None and self.ended_at is None


@dataclass(frozen=True, slots=True)
class Step:
    """The next state, and what people are told with it; None = nothing."""

    state: AlertState
    moment: Moment | None = None


#: Troubles that are facts at once, and those that often pass within `Limits.after`. All others must
#: last for a few minutes: after a pause of the service everything looks late at first.
_IMMEDIATE = frozenset(
    {
        TroubleKind.PROOF,
        TroubleKind.LEAVER,
        TroubleKind.CLIENT_SECRET,
        TroubleKind.CLIENT_CERTIFICATE,
        TroubleKind.TLS_CERTIFICATE,
    }
)
_OFTEN_PASSING = frozenset(
    {
        TroubleKind.MAILBOX,
        TroubleKind.WEBCRM,
        TroubleKind.ENTRA,
        TroubleKind.PUSH,
        TroubleKind.KEY,
        TroubleKind.JOB,
        TroubleKind.GROUP,
    }
)
_SETTLING = timedelta(minutes=5)
#: A trouble that was away for longer than this begins anew, unless people were told of it.
_GAP = timedelta(minutes=3)
#: It must be away for this long to be over. The time doubles with each opening that follows without
#: a quiet day, so that a trouble that comes and goes sends a few messages a day at most.
_QUIET, _LONGEST_QUIET = timedelta(minutes=10), timedelta(days=1)
#: People are told again when a trouble concerns twice as many mailboxes, and at least this many
#: more: ten messages for a thousand mailboxes.
_SPREAD = 5


def delay(kind: TroubleKind, limits: Limits) -> timedelta:
    """How long a trouble of this kind must last before people are told."""
    if kind in _IMMEDIATE:
        return timedelta()
    return limits.after if kind in _OFTEN_PASSING else _SETTLING


def is_lasting(state: AlertState | None, trouble: Trouble, now: datetime, limits: Limits) -> bool:
    """True if people are told about the trouble, which is there now, or will be in a moment."""
    if state and state.is_open:
        return True
    if trouble.is_consequence:
        return False
    if trouble.counts_at_once:
        return True
    is_known = state is not None and now - state.last_seen_at <= _GAP
    since = state.first_seen_at if state and is_known else now
    return now - since >= delay(trouble.kind, limits)


def advance(
    state: AlertState | None, trouble: Trouble | None, now: datetime, limits: Limits
) -> Step | None:
    """The next step of an alert, None = there is nothing to keep.

    `trouble`: None = it is not there now.
    """
    if trouble is None:
        return _without(state, now) if state else None
    if state and state.is_open:
        return _still_there(state, trouble, now)
    if trouble.is_consequence:
        return None
    return _there_again(state, trouble, now, limits)


def _still_there(state: AlertState, trouble: Trouble, now: datetime) -> Step:
    seen = replace(state, last_seen_at=now)
    if trouble.number < max(2 * state.told_number, state.told_number + _SPREAD):
        return Step(seen)
    is_told = bool(trouble.mailbox_ids) and not trouble.is_consequence
    return Step(replace(seen, told_number=trouble.number), Moment.SPREAD) if is_told else Step(seen)


def _there_again(state: AlertState | None, trouble: Trouble, now: datetime, limits: Limits) -> Step:
    is_new = state is None or now - state.last_seen_at > _GAP
    seen = replace(state, last_seen_at=now) if state else AlertState(now, now)
    if is_new:
        seen = replace(seen, first_seen_at=now)
    if now - seen.first_seen_at < delay(trouble.kind, limits):
        return Step(seen)
    was_recent = seen.ended_at is not None and now - seen.ended_at < _LONGEST_QUIET
    opened = replace(
        seen,
        opened_at=now,
        ended_at=None,
        openings=seen.openings + 1 if was_recent else 1,
        told_number=trouble.number,
    )
    return Step(opened, Moment.OPENED)


def _without(state: AlertState, now: datetime) -> Step:
    if not state.is_open or now - state.last_seen_at < _quiet_time(state.openings):
        return Step(state)
    return Step(replace(state, ended_at=now), Moment.ENDED)


def _quiet_time(openings: int) -> timedelta:
    """How long a trouble must be away to be over.

    >>> [str(_quiet_time(n)) for n in (1, 2, 3, 20)]
    ['0:10:00', '0:20:00', '0:40:00', '1 day, 0:00:00']
    """
    return min(_QUIET * (1 << min(openings - 1, 8)), _LONGEST_QUIET)
