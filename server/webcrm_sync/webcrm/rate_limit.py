"""One call at a time, and never more in a minute than webCRM allows.

webCRM takes 250 requests in a sliding minute per application token (api.webcrm.com). The
vendor says that parallel calls fail (GitHub webCRMdotcom/ErpIntegrations, README). LIMIT is a
little lower, since a request may arrive a moment later than it was sent.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import RLock
from types import TracebackType

LIMIT = 240
WINDOW = timedelta(seconds=60)
#: Added to each sleep, since a sleep may end a moment early.
_MARGIN_S = 0.001


def seconds_to_wait(calls: Sequence[float], now: float, *, limit: int, window_s: float) -> float:
    """Seconds until one more call is allowed, 0 = at once.

    `calls`: the times of the latest calls, oldest first, in seconds on the clock of `now`.

    >>> seconds_to_wait([10.0, 11.0], 12.0, limit=2, window_s=60)
    58.0
    """
    if len(calls) < limit:
        return 0.0
    return max(0.0, calls[-limit] + window_s - now)


class RateLimiter:
    """Serializes the calls to webCRM and spaces them out.

    Enter it with `with` to keep other threads out, and call `wait` before each call. The same
    thread may enter again. `now`: a clock in seconds that never goes back.
    """

    def __init__(
        self,
        *,
        limit: int = LIMIT,
        window: timedelta = WINDOW,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = limit
        self._window_s = window.total_seconds()
        self._now = now
        self._sleep = sleep
        self._calls: deque[float] = deque(maxlen=limit)
        self._lock = RLock()

    def __enter__(self) -> RateLimiter:
        self._lock.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def wait(self) -> None:
        """Returns as soon as one more call is allowed, and counts it as made."""
        with self._lock:
            while pause := self._seconds_to_wait():
                self._sleep(pause + _MARGIN_S)
            self._calls.append(self._now())

    def _seconds_to_wait(self) -> float:
        return seconds_to_wait(self._calls, self._now(), limit=self._limit, window_s=self._window_s)
