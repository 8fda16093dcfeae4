"""One deadline for all that a synchronous call does on its connection.

A socket's timeout applies to each read alone, so a peer that sends a byte now and then never
exceeds the timeout.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

#: The bytes written at once: few, so that a slow peer cannot delay one write for long.
_PIECE_BYTES = 16 * 1024
_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def enforce_deadline(moment: float) -> Iterator[None]:
    """Limits every wait on a connection within the block to `moment` of `time.monotonic`.

    An earlier deadline of a surrounding block stays in force.
    """
    token = _deadline.set(min(moment, _deadline.get()))
    try:
        yield
    finally:
        _deadline.reset(token)


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Limits all that the block waits for, together, since a person waits for it."""
    with enforce_deadline(time.monotonic() + seconds):
        yield


def seconds_left() -> float:
    """The time until the deadline of the surrounding block, infinite without one."""
    return _deadline.get() - time.monotonic()


def _shorten(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float | None:
    """`timeout`, or the time until the deadline if that is less. Raises `too_late` after it."""
    left = seconds_left()
    if left <= 0:
        raise too_late("the call's time is over")
    if left == float("inf"):
        return timeout
    return left if timeout is None else min(timeout, left)


class DeadlineBackend(httpcore.NetworkBackend):
    """httpcore's own backend, held to the call's deadline (httpcore: network backends)."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A new connection."""
        timeout = _shorten(timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _DeadlineStream(stream)

    def sleep(self, seconds: float) -> None:
        """Waits between two attempts to connect."""
        self._inner.sleep(_shorten(seconds, httpcore.ConnectTimeout) or 0.0)


class _DeadlineStream(httpcore.NetworkStream):
    """One connection. Each read and each piece of a write gets the time that is left."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _shorten(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            piece = buffer[start : start + _PIECE_BYTES]
            self._inner.write(piece, _shorten(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _shorten(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
