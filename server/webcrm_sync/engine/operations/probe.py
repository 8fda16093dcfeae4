"""Measures something for monitors in bounded time, however often they ask."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class Probe(Generic[Result]):
    """The results of `measure`. Thread-safe.

    One measurement runs at a time, in a thread of its own, since a database that hangs would hold
    the one who asks. A result is given to all who ask within `fresh_s`.
    """

    def __init__(
        self, measure: Callable[[], Result], *, deadline_s: float, fresh_s: float = 1.0
    ) -> None:
        self._measure = measure
        self._deadline_s = deadline_s
        self._fresh_s = fresh_s
        self._lock = threading.Lock()
        self._running: threading.Event | None = None
        self._result: Result | None = None
        self._measured_at = 0.0

    def read(self) -> Result | None:
        """A fresh result; None if there is none before the deadline, or if `measure` raised."""
        with self._lock:
            if self._is_fresh():
                return self._result
            if self._running is None:
                self._running = threading.Event()
                threading.Thread(target=self._run, args=(self._running,), daemon=True).start()
            running = self._running
        running.wait(self._deadline_s)
        with self._lock:
            return self._result if self._is_fresh() else None

    def _is_fresh(self) -> bool:
        return self._result is not None and time.monotonic() - self._measured_at < self._fresh_s

    def _run(self, running: threading.Event) -> None:
        result = None
        try:
            result = self._measure()
        except Exception:
            logger.warning("probe_failed", exc_info=True)
        finally:
            with self._lock:
                self._result, self._measured_at = result, time.monotonic()
                self._running = None
            running.set()
