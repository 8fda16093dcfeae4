"""The line to webCRM: one without a database, and a process that does not leave it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from threading import Lock

from webcrm_sync.store.webcrm_line import WebCrmLine


@dataclass(slots=True)
class LocalLine:
    """One call of this process at a time; `before` runs when its turn has come."""

    before: Callable[[], None] = lambda: None
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def turn(self, longest: timedelta) -> Iterator[None]:
        """Hold the line during the block."""
        del longest
        with self._lock:
            self.before()
            yield


def hold_line(url: str, company_id: int, longest: timedelta, told: Connection) -> None:
    """Take the line, say so, and keep it for a minute."""
    with WebCrmLine(url, company_id).turn(longest):
        told.send("holding")
        time.sleep(60)
