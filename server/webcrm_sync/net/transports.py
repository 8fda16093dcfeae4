"""httpx transports that hold each call to its bounds and keep no cookies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from webcrm_sync.net.bounds import (
    ACCEPT_ENCODING,
    BOUNDS_EXTENSION,
    Bounds,
    CallTooSlow,
    Meter,
)
from webcrm_sync.net.deadline import DeadlineBackend, enforce_deadline
from webcrm_sync.net.proxy import find_proxy
from webcrm_sync.net.tally import NO_ANSWER, TALLY
from webcrm_sync.net.tls import create_trust


def sync_transport(url: str, ca_bundle: Path | None) -> httpx.BaseTransport:
    """Connections to the host of `url`, held to their call's deadline."""
    trust = create_trust(ca_bundle)
    transport = httpx.HTTPTransport(verify=trust, proxy=find_proxy(url, trust))
    # httpx takes no network backend, but its connection pool, which is httpcore's, has one.
    transport._pool._network_backend = DeadlineBackend()
    return transport


def async_transport(url: str, ca_bundle: Path | None) -> httpx.AsyncBaseTransport:
    """Connections to the host of `url` on an event loop, which enforces deadlines by itself."""
    trust = create_trust(ca_bundle)
    return httpx.AsyncHTTPTransport(verify=trust, proxy=find_proxy(url, trust))


class BoundedTransport(httpx.BaseTransport):
    """Sends each call through `inner`, within its own bounds or else `bounds`.

    Raises AnswerTooLarge and CallTooSlow in addition to the errors of `inner`. `service`: the one
    for which calls are counted, None = none.
    """

    def __init__(
        self, inner: httpx.BaseTransport, bounds: Bounds, *, service: str | None = None
    ) -> None:
        self._inner = inner
        self._bounds = bounds
        self._service = service

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The head of the answer. The body is counted while it is read."""
        bounds = _prepare(request, self._bounds)
        deadline = time.monotonic() + bounds.seconds
        with _counted(self._service) as statuses, _call_time(bounds, deadline):
            response = self._inner.handle_request(request)
            statuses.append(response.status_code)
        stream = response.stream
        assert isinstance(stream, httpx.SyncByteStream)
        response.stream = _BoundedBody(stream, _attach_meter(response, bounds), bounds, deadline)
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._inner.close()


class _BoundedBody(httpx.SyncByteStream):
    def __init__(
        self, stream: httpx.SyncByteStream, meter: Meter, bounds: Bounds, deadline: float
    ) -> None:
        self._stream = stream
        self._meter = meter
        self._bounds = bounds
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._stream)
        while True:
            if time.monotonic() > self._deadline:
                raise CallTooSlow(self._bounds)
            with _call_time(self._bounds, self._deadline):
                chunk = next(chunks, None)
            if chunk is None:
                break
            yield from self._meter.feed(chunk)
        yield from self._meter.finish()

    def close(self) -> None:
        self._stream.close()


@contextmanager
def _call_time(bounds: Bounds, deadline: float) -> Iterator[None]:
    """Enforces the deadline. Raises CallTooSlow when it passes after the connection is open."""
    try:
        with enforce_deadline(deadline):
            yield
    except (httpx.ReadTimeout, httpx.WriteTimeout):
        if time.monotonic() < deadline:
            raise
        raise CallTooSlow(bounds) from None


class AsyncBoundedTransport(httpx.AsyncBaseTransport):
    """BoundedTransport for an event loop."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, bounds: Bounds, *, service: str | None = None
    ) -> None:
        self._inner = inner
        self._bounds = bounds
        self._service = service

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The head of the answer. The body is counted while it is read."""
        bounds = _prepare(request, self._bounds)
        deadline = asyncio.get_running_loop().time() + bounds.seconds
        try:
            with _counted(self._service) as statuses:
                async with asyncio.timeout_at(deadline):
                    response = await self._inner.handle_async_request(request)
                    statuses.append(response.status_code)
        except TimeoutError:
            raise CallTooSlow(bounds) from None
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        meter = _attach_meter(response, bounds)
        response.stream = _AsyncBoundedBody(stream, meter, bounds, deadline)
        return response

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()


class _AsyncBoundedBody(httpx.AsyncByteStream):
    def __init__(
        self, stream: httpx.AsyncByteStream, meter: Meter, bounds: Bounds, deadline: float
    ) -> None:
        self._stream = stream
        self._meter = meter
        self._bounds = bounds
        self._deadline = deadline

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise CallTooSlow(self._bounds) from None
            if chunk is None:
                break
            for piece in self._meter.feed(chunk):
                yield piece
        for piece in self._meter.finish():
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _counted(service: str | None) -> Iterator[list[int]]:
    """Counts one call to the service, by the status in the list, if there is one at the end."""
    statuses: list[int] = []
    try:
        yield statuses
    finally:
        if service:
            TALLY.count(service, str(statuses[0]) if statuses else NO_ANSWER)


def _prepare(request: httpx.Request, default: Bounds) -> Bounds:
    """The bounds of `request`. Makes it ask for the only coding that Meter decompresses."""
    request.headers["Accept-Encoding"] = ACCEPT_ENCODING
    bounds = request.extensions.get(BOUNDS_EXTENSION, default)
    assert isinstance(bounds, Bounds)
    return bounds


def _attach_meter(response: httpx.Response, bounds: Bounds) -> Meter:
    """A meter for `response`. Hides the coding and the cookies of the response from httpx."""
    meter = Meter(response.headers, bounds)
    response.headers.pop("Content-Encoding", None)
    response.headers.pop("Set-Cookie", None)
    return meter
