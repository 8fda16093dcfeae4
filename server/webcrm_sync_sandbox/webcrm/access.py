"""Access to the simulated webCRM: login, bearers, quota, one call at a time."""

from __future__ import annotations

import math
import secrets
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webcrm_sync_sandbox.http_server import Dropped
from webcrm_sync_sandbox.webcrm.system import WebCrmSystem

_LIFE = timedelta(hours=1)
_WINDOW = timedelta(minutes=1)


class NotLoggedIn(Exception):
    """The bearer is missing, unknown or expired."""


class NotAllowed(Exception):
    """The token lacks the right to write. Inferred: rights are chosen per area and token."""


class Throttled(Exception):
    """The token's quota is used up."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class _TokenUse:
    """The calls of one application token."""

    calls: deque[datetime] = field(default_factory=deque)
    inside: int = 0


class AccessControl:
    """Admits calls as webCRM does.

    Sources: webcrm.com, REST API (a token's hour); api.webcrm.com (the quota); GitHub
    webCRMdotcom/ErpIntegrations, README (parallel calls).
    """

    def __init__(self, system: WebCrmSystem) -> None:
        self._world = system
        self._lock = threading.Lock()
        self._bearers: dict[str, tuple[str, datetime]] = {}
        self._visitors: dict[str, _TokenUse] = {}
        self._cuts: Counter[str] = Counter()

    def login(self, code: str) -> str | None:
        """A new bearer for an application token, None for a wrong one."""
        if code not in self._world.tokens:
            return None
        self._count(code)
        bearer = secrets.token_urlsafe(24)
        with self._lock:
            self._bearers[bearer] = (code, self._world.clock.now() + _LIFE)
        return bearer

    @contextmanager
    def visit(self, authorization: str, *, is_write: bool) -> Iterator[None]:
        """Admit one call for the length of the block.

        Raises NotLoggedIn, Throttled, NotAllowed, or Dropped for a second call at a time.
        """
        code = self._whose(authorization)
        if is_write and code in self._world.read_only:
            raise NotAllowed
        visitor = self._count(code)
        with self._lock:
            visitor.inside += 1
            is_crowded = visitor.inside > 1 and self._world.dislikes_parallel
        try:
            if is_crowded:
                self._cut(code)
            yield
        finally:
            with self._lock:
                visitor.inside -= 1

    def _whose(self, authorization: str) -> str:
        scheme, _, bearer = authorization.partition(" ")
        code, ends_at = self._bearers.get(bearer, ("", None))
        is_valid = ends_at is not None and self._world.clock.now() < ends_at
        if scheme != "Bearer" or not is_valid or code not in self._world.tokens:
            raise NotLoggedIn
        return code

    def _count(self, code: str) -> _TokenUse:
        """The token's calls, this one included. A call that is refused does not count."""
        now = self._world.clock.now()
        with self._lock:
            visitor = self._visitors.setdefault(code, _TokenUse())
            while visitor.calls and visitor.calls[0] <= now - _WINDOW:
                visitor.calls.popleft()
            if len(visitor.calls) >= self._world.calls_a_minute:
                free_in = visitor.calls[0] + _WINDOW - now
                raise Throttled(max(1, math.ceil(free_in.total_seconds())))
            visitor.calls.append(now)
        return visitor

    def _cut(self, code: str) -> None:
        """Close the connection or answer "unauthorized" in turn: both were observed."""
        with self._lock:
            self._cuts[code] += 1
            is_odd = self._cuts[code] % 2
        raise Dropped if is_odd else NotLoggedIn
