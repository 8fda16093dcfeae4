"""When to try again: pure, so that nothing ever sleeps on it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

_FIRST = timedelta(seconds=2)
_LONGEST = timedelta(minutes=10)
_JITTER = random.SystemRandom()


def next_attempt_at(
    now: datetime, attempts: int, *, not_before: datetime | None = None
) -> datetime:
    """The moment of the next try after `attempts` failed ones.

    2, 4, 8 ... seconds up to ten minutes, each with up to a quarter of jitter; never before the
    moment the service `asked` for.
    """
    wait = min(_FIRST * (1 << min(attempts, 12)), _LONGEST)
    ours = now + wait * (1 + _JITTER.random() / 4)
    return max(ours, not_before + timedelta(seconds=_JITTER.random())) if not_before else ours
