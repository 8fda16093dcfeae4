"""Outlook's limits per application and mailbox (Microsoft Graph: throttling-limits)."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.graph.http import GraphError

if TYPE_CHECKING:
    from webcrm_sync_sandbox.clock import Clock
    from webcrm_sync_sandbox.graph.http import Behaviour

Key = tuple[str, str]
_WINDOW = timedelta(minutes=10)


class MailboxLimiter:
    """Counts the requests in flight and in the last ten minutes; refused ones count too."""

    def __init__(self, clock: Clock, behaviour: Behaviour) -> None:
        self._clock = clock
        self._dials = behaviour
        self._lock = threading.Lock()
        self._inside: Counter[Key] = Counter()
        self._windows: dict[Key, tuple[datetime, int]] = {}

    def enter(self, key: Key) -> None:
        """Admit one request; `leave` must follow. Raises GraphError 429 over the limit."""
        with self._lock:
            left = self._time_left(key)
            if left:
                raise _throttled(max(1, left.total_seconds()), "RequestCount")
            if self._inside[key] >= self._dials.concurrency:
                raise _throttled(self._dials.retry_after, "MailboxConcurrency")
            self._inside[key] += 1

    def leave(self, key: Key) -> None:
        """End one admitted request."""
        with self._lock:
            self._inside[key] -= 1

    def _time_left(self, key: Key) -> timedelta | None:
        """Count this request; the time until the window ends if its quota is used up."""
        now = self._clock.now()
        begin, count = self._windows.get(key, (now, 0))
        if now - begin >= _WINDOW:
            begin, count = now, 0
        self._windows[key] = begin, count + 1
        if count < self._dials.requests_per_window:
            return None
        return begin + _WINDOW - now


def _throttled(seconds: float, limit: str) -> GraphError:
    wait = int(seconds) if float(seconds).is_integer() else round(seconds, 3)
    return GraphError(
        429,
        "ApplicationThrottled",
        f"Application is over its {limit} limit.",
        headers={"Retry-After": str(wait)},
    )
