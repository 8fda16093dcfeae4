"""Lines to webCRM without a database, for tests of the client alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock


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
