"""A deadline for all that a synchronous call does on its connection.

Time-outs of sockets are for one reading each: who sends a byte now and then never meets one.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

#: Written at a time, so that a peer that reads slowly cannot hold a write for long.
_PIECE = 16 * 1024
_ends_at: ContextVar[float] = ContextVar("ends_at", default=float("inf"))


@contextmanager
def enforce_deadline(moment: float) -> Iterator[None]:
    """Within the block nothing on a connection waits beyond this moment of `time.monotonic`."""
    token = _ends_at.set(moment)
    try:
        yield
    finally:
        _ends_at.reset(token)


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise late("the call's time is over")
    if left == float("inf"):
        return timeout
    return left if timeout is None else min(timeout, left)


class DeadlineBackend(httpcore.NetworkBackend):
    """httpcore's own backend, held to the deadline of the call (httpcore: network backends)."""

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
        """A connection."""
        timeout = _left(timeout, httpcore.ConnectTimeout)
        made = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _DeadlineStream(made)

    def sleep(self, seconds: float) -> None:
        """Waits between two attempts to connect."""
        self._inner.sleep(_left(seconds, httpcore.ConnectTimeout) or 0.0)


class _DeadlineStream(httpcore.NetworkStream):
    """One connection. `left` is asked anew for each reading and each piece of a writing."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            piece = buffer[start : start + _PIECE]
            self._inner.write(piece, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = _left(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
