"""All open connections, and which of them are closed when others need the room."""

from __future__ import annotations

import heapq
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from webcrm_sync.web.serving.limits import Limits

logger = logging.getLogger(__name__)

#: How many connections are closed at once, so that a flood does not sort all of them for each new
#: one.
_CLOSED_AT_ONCE = 16
_LOG_INTERVAL_S = 60


class OpenConnection(Protocol):
    """What `OpenConnections` needs to know and do about one connection."""

    @property
    def address(self) -> str:
        """The client's address. All connections through one proxy share its address."""

    @property
    def is_in_work(self) -> bool:
        """True while a thread works on its request; such a connection is never closed for room."""

    @property
    def since(self) -> float:
        """When its present phase began, in the loop's time."""

    def stop(self) -> None:
        """Close it when its present request is answered."""

    def abort(self) -> None:
        """Close it now; unsent bytes are lost."""

    def check_deadlines(self, now: float) -> None:
        """Close it if it has passed a deadline."""


class OpenConnections:
    """The open connections. Only the event loop's thread may use them.

    When there are too many, the address with the most connections loses its slowest ones. So
    nobody is kept out, and a flood displaces itself.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections: set[OpenConnection] = set()
        self._held_bytes: Counter[OpenConnection] = Counter()
        self._held_total = 0
        self._closed: Counter[str] = Counter()
        self._log_at = 0.0
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(list(self._connections))

    def admit(self, connection: OpenConnection) -> None:
        """Add a connection, and close others if there are too many."""
        if len(self._connections) >= self._limits.connections:
            slow = self._not_in_work()
            per_address = Counter(one.address for one in slow)
            for one in heapq.nsmallest(
                _CLOSED_AT_ONCE, slow, key=lambda c: (-per_address[c.address], c.since)
            ):
                self.close(one, "room")
        self._connections.add(connection)
        if self._is_stopping:
            connection.abort()

    def _not_in_work(self) -> list[OpenConnection]:
        return [one for one in self._connections if not one.is_in_work]

    def stop(self) -> None:
        """Admit no more connections; close each one when its present request is answered."""
        self._is_stopping = True
        for connection in self:
            connection.stop()

    def remove(self, connection: OpenConnection) -> None:
        """Forget a connection that is closed. Idempotent."""
        self._connections.discard(connection)
        self._held_total -= self._held_bytes.pop(connection, 0)

    def set_held_bytes(self, connection: OpenConnection, size: int) -> None:
        """Record how many bytes the server holds for it; close the largest if all hold too much."""
        if size == self._held_bytes[connection] or connection not in self._connections:
            return
        self._held_total += size - self._held_bytes[connection]
        self._held_bytes[connection] = size
        if self._held_total > self._limits.held_bytes:
            slow = self._not_in_work()
            if slow:
                self.close(max(slow, key=lambda c: self._held_bytes[c]), "memory")

    def close(self, connection: OpenConnection, reason: str) -> None:
        """Close a connection now. The log counts the reasons."""
        self._closed[reason] += 1
        self.remove(connection)
        connection.abort()

    def check_deadlines(self, now: float) -> None:
        """Let each connection check its deadlines; log once a minute how many were closed."""
        for connection in self:
            try:
                connection.check_deadlines(now)
            except Exception:  # one faulty connection must not stop the checks of the others
                logger.exception("connection_failed")
                self.close(connection, "fault")
        if self._closed and now >= self._log_at:
            logger.info("slow_clients_closed", extra=dict(self._closed))
            self._closed.clear()
            self._log_at = now + _LOG_INTERVAL_S
