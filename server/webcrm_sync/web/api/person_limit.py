"""How much one person may ask at once, so that nobody else has to wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from webcrm_sync.web.errors import Problem

#: The pane asks for the state, the connection and the story of one mail side by side.
AT_ONCE = 4
_PAUSE_S = 1
_SENTENCE = "Too many of your requests are being answered at this moment."


class PersonLimiter:
    """The requests that are being answered, by person. Thread-safe.

    What is too much is refused and not queued: waiting, it would hold a thread that others need.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._answering: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def of(self, person: str) -> Iterator[None]:
        """One request of this person. Raises Problem 429: nothing was begun, it may come again."""
        with self._lock:
            if self._answering[person] >= self._at_once:
                raise Problem(429, "try_later", _SENTENCE, retry_after_s=_PAUSE_S)
            self._answering[person] += 1
        try:
            yield
        finally:
            with self._lock:
                self._answering[person] -= 1
                if not self._answering[person]:
                    del self._answering[person]
