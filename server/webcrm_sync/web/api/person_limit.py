"""Limits how many requests of one person run at once, so that nobody else waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from webcrm_sync.web.errors import Problem

#: The pane asks for the state, the connection and the timeline of a mail at the same time.
AT_ONCE = 4
_RETRY_AFTER_S = 1
_TOO_MANY = "Too many of your requests are being answered at this moment."


class PersonLimiter:
    """Counts the running requests of each person. Thread-safe.

    Refuses a request above the limit: if it waited, it would hold a thread that others need.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._running: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def slot(self, person: str) -> Iterator[None]:
        """Hold one of the person's slots. Raises Problem 429 if all of them are taken."""
        with self._lock:
            if self._running[person] >= self._at_once:
                raise Problem(429, "try_later", _TOO_MANY, retry_after_s=_RETRY_AFTER_S)
            self._running[person] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[person] -= 1
                if not self._running[person]:
                    del self._running[person]
