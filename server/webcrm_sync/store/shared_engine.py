"""One engine for all users of a database in a process, since each engine compiles its own SQL."""

from __future__ import annotations

import threading

from sqlalchemy import Engine


class SharedEngine:
    """An engine whose pooled connections stay open until its last user closes it. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._users = 0
        self._lock = threading.Lock()

    def open(self) -> Engine:
        """The engine, for one more user. Each user calls `close` once."""
        with self._lock:
            self._users += 1
        return self._engine

    def close(self) -> None:
        """Close the pooled connections if this was the last user."""
        with self._lock:
            self._users -= 1
            is_last = not self._users
        if is_last:
            self._engine.dispose()
