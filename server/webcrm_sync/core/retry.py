"""When to try again after a failure. No code sleeps until then: the tables hold the time."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

_FIRST = timedelta(seconds=2)
_LONGEST = timedelta(minutes=10)
_JITTER = random.SystemRandom()


def next_attempt_at(
    now: datetime, attempts: int, *, not_before: datetime | None = None
) -> datetime:
    """The time of the next attempt after `attempts` failures.

    The delay is 2, 4, 8 ... seconds up to ten minutes, plus up to a quarter of jitter.
    `not_before`: the earliest time that the service accepts.
    """
    wait = min(_FIRST * (1 << min(attempts, 12)), _LONGEST)
    due = now + wait * (1 + _JITTER.random() / 4)
    return max(due, not_before + timedelta(seconds=_JITTER.random())) if not_before else due
