"""Faults of networks and busy services, injected into calls on demand: one switchboard for all."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, TypedDict, Unpack

from webcrm_sync_sandbox.http_server import Dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

#: Seconds, a moment, or no Retry-After at all. Services send each of these.
RetryAfter = int | float | datetime | None


class Kind(StrEnum):
    """A fault that a call can meet."""

    REFUSE = "refuse"
    LOSE = "lose"
    THROTTLE = "throttle"
    UNAVAILABLE = "unavailable"
    DENY = "deny"
    SLOW = "slow"


_REFUSALS = {Kind.DENY: 401, Kind.THROTTLE: 429, Kind.UNAVAILABLE: 503}


@dataclass(slots=True)
class _Fault:
    kind: Kind
    service: str | None = None
    when: Callable[[str, str], bool] | None = None
    rate: float = 1.0
    number: int | None = None
    left: int | None = None
    retry_after: RetryAfter = None
    delay: timedelta = timedelta()
    then: Callable[[], None] | None = None

    def fits(self, service: str, method: str, path: str, number: int) -> bool:
        return (
            self.left != 0
            and self.service in (None, service)
            and self.number in (None, number)
            and (self.when is None or self.when(method, path))
        )


class CallFilter(TypedDict, total=False):
    """The calls that a fault meets; without arguments, all.

    `when` decides by method and path. `rate` is the probability for each matching call. `limit` is
    how often the fault happens at most.
    """

    when: Callable[[str, str], bool] | None
    rate: float
    limit: int | None


class Faults:
    """Injects faults between the clients and every service; thread-safe, repeatable by its seed.

    Every call sleeps for `latency` first. `calls` counts the calls to all services, `injected` the
    faults by kind.
    """

    def __init__(self, seed: int = 0) -> None:
        self.latency = timedelta()
        self.calls = 0
        self.injected: Counter[Kind] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []

    def refuse(self, service: str | None = None, **which: Unpack[CallFilter]) -> None:
        """Close connections before the service acts."""
        self._add(Kind.REFUSE, service, which)

    def lose(self, service: str | None = None, **which: Unpack[CallFilter]) -> None:
        """Let the service act, then close the connection without its answer."""
        self._add(Kind.LOSE, service, which)

    def throttle(
        self,
        service: str | None = None,
        *,
        retry_after: RetryAfter = 1,
        **which: Unpack[CallFilter],
    ) -> None:
        """Answer 429 instead of acting."""
        self._add(Kind.THROTTLE, service, which, retry_after=retry_after)

    def unavailable(
        self,
        service: str | None = None,
        *,
        retry_after: RetryAfter = None,
        **which: Unpack[CallFilter],
    ) -> None:
        """Answer 503 instead of acting."""
        self._add(Kind.UNAVAILABLE, service, which, retry_after=retry_after)

    def deny(self, service: str | None = None, **which: Unpack[CallFilter]) -> None:
        """Answer 401 instead of acting, even to a valid token."""
        self._add(Kind.DENY, service, which)

    def slow(
        self, service: str | None = None, *, by: timedelta, **which: Unpack[CallFilter]
    ) -> None:
        """Sleep for `by`, then act."""
        self._add(Kind.SLOW, service, which, delay=by)

    def at(
        self,
        number: int,
        kind: Kind,
        *,
        retry_after: RetryAfter = None,
        delay: timedelta = timedelta(),
        then: Callable[[], None] | None = None,
    ) -> None:
        """Inject the fault into one call: the one that makes `calls` equal to `number`.

        `then` runs at that moment, before the caller notices anything.
        """
        self._add(kind, None, {}, number=number, retry_after=retry_after, delay=delay, then=then)

    def clear(self) -> None:
        """Remove all faults and the latency; `calls` keeps counting."""
        with self._lock:
            self._faults.clear()
            self.latency = timedelta()

    def over(
        self,
        service: str,
        app: WSGIApplication,
        *,
        body: Callable[[int], bytes] = lambda status: b'{"status":%d}' % status,
    ) -> WSGIApplication:
        """The application with these faults in front of it.

        `body`: the JSON that this service sends with 401, 429 and 503.
        """

        def faulty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            fault = self._next(service, environ["REQUEST_METHOD"], environ["PATH_INFO"])
            kind = fault.kind if fault else None
            time.sleep((self.latency + (fault.delay if fault else timedelta())).total_seconds())
            if kind is not Kind.LOSE:
                _act(fault)
            if kind is Kind.REFUSE:
                raise Dropped
            if fault and (status := _REFUSALS.get(fault.kind)):
                return _refusal(status, body(status), fault.retry_after, start_response)
            answer = app(environ, start_response)
            if kind is Kind.LOSE:
                _act(fault)
                raise Dropped
            return answer

        return faulty

    def _add(
        self,
        kind: Kind,
        service: str | None,
        which: CallFilter,
        *,
        number: int | None = None,
        retry_after: RetryAfter = None,
        delay: timedelta = timedelta(),
        then: Callable[[], None] | None = None,
    ) -> None:
        when, rate, limit = which.get("when"), which.get("rate", 1.0), which.get("limit")
        fault = _Fault(kind, service, when, rate, number, limit, retry_after, delay, then)
        with self._lock:
            self._faults.append(fault)

    def _next(self, service: str, method: str, path: str) -> _Fault | None:
        with self._lock:
            self.calls += 1
            for fault in self._faults:
                if not fault.fits(service, method, path, self.calls):
                    continue
                if self._random.random() < fault.rate:
                    self.injected[fault.kind] += 1
                    if fault.left is not None:
                        fault.left -= 1
                    return fault
        return None


def _act(fault: _Fault | None) -> None:
    if fault and fault.then:
        fault.then()


def _refusal(
    status: int, body: bytes, retry_after: RetryAfter, start_response: StartResponse
) -> list[bytes]:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if isinstance(retry_after, datetime):
        headers.append(("Retry-After", format_datetime(retry_after, usegmt=True)))
    elif retry_after is not None:
        headers.append(("Retry-After", str(retry_after)))
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]
