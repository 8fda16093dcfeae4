"""Everybody who is connected, and who has to go where others need the room."""

from __future__ import annotations

import heapq
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from webcrm_sync.web.serving.limits import Limits

logger = logging.getLogger(__name__)

#: So many go at once, so that a flood does not have everybody compared for each newcomer.
_MAKING_ROOM = 16
_REPORT_S = 60


class OpenConnection(Protocol):
    """A connection, as the crowd sees it."""

    @property
    def address(self) -> str:
        """Whose it is, as far as that can be known: a proxy's connections have one address."""

    @property
    def is_in_work(self) -> bool:
        """True while the server works for it: it is left alone."""

    @property
    def since(self) -> float:
        """When its present step began."""

    def stop(self) -> None:
        """Close it when its present request is answered."""

    def end(self) -> None:
        """Close it now, whatever was not sent yet."""

    def look(self, now: float) -> None:
        """End it when a deadline has passed."""


class OpenConnections:
    """The connections. Where there are too many, the address with the most loses its slowest.

    So nobody is kept out, and a flood displaces itself. Used by the loop's thread alone.
    """

    def __init__(self, bounds: Limits) -> None:
        self._bounds = bounds
        self._members: set[OpenConnection] = set()
        self._held: Counter[OpenConnection] = Counter()
        self._sum = 0
        self._cut: Counter[str] = Counter()
        self._report_due = 0.0
        self._is_closing = False

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(list(self._members))

    def admit(self, member: OpenConnection) -> None:
        """Let it in, whatever the cost to those who only hold their place."""
        if len(self._members) >= self._bounds.connections:
            slow = [m for m in self._members if not m.is_in_work]
            per_address = Counter(m.address for m in slow)
            for one in heapq.nsmallest(
                _MAKING_ROOM, slow, key=lambda m: (-per_address[m.address], m.since)
            ):
                self.cut(one, "room")
        self._members.add(member)
        if self._is_closing:
            member.end()

    def stop(self) -> None:
        """Let those in work finish, and nobody else in."""
        self._is_closing = True
        for member in self:
            member.stop()

    def leave(self, member: OpenConnection) -> None:
        """It is gone. Idempotent."""
        self._members.discard(member)
        self._sum -= self._held.pop(member, 0)

    def hold(self, member: OpenConnection, size: int) -> None:
        """So many bytes are kept for it now; who keeps the most goes when all is too much."""
        if size == self._held[member] or member not in self._members:
            return
        self._sum += size - self._held[member]
        self._held[member] = size
        if self._sum > self._bounds.held_bytes:
            slow = [m for m in self._members if not m.is_in_work]
            if slow:
                self.cut(max(slow, key=lambda m: self._held[m]), "memory")

    def cut(self, member: OpenConnection, reason: str) -> None:
        """End a connection and remember why."""
        self._cut[reason] += 1
        self.leave(member)
        member.end()

    def look(self, now: float) -> None:
        """Let everybody's deadlines be looked at; say once a minute who was cut."""
        for member in self:
            try:
                member.look(now)
            except Exception:  # nobody's deadlines depend on somebody else's connection
                logger.exception("connection_failed")
                self.cut(member, "fault")
        if self._cut and now >= self._report_due:
            logger.info("slow_clients_cut", extra=dict(self._cut))
            self._cut.clear()
            self._report_due = now + _REPORT_S
