"""When to try again: pure, so that nothing ever sleeps on it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

_FIRST = timedelta(seconds=2)
_LONGEST = timedelta(minutes=10)


def retry_at(now: datetime, attempts: int, *, asked: datetime | None = None) -> datetime:
    """The moment of the next try after `attempts` failed ones.

    2, 4, 8 ... seconds up to ten minutes, each with up to a quarter of jitter; never before the
    moment the service `asked` for.
    """
    wait = min(_FIRST * 2 ** min(attempts, 12), _LONGEST)
    ours = now + wait * (1 + random.random() / 4)  # noqa: S311 - jitter, no secret
    return max(ours, asked + timedelta(seconds=random.random())) if asked else ours  # noqa: S311
