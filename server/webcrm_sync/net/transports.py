"""httpx transports that hold each call to its bounds and keep no cookies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx

from webcrm_sync.net.bounds import ACCEPT_ENCODING, BOUNDS_EXTENSION, Bounds, CallTooSlow, Meter
from webcrm_sync.net.deadline import DeadlineBackend, enforce_deadline
from webcrm_sync.net.proxy import proxy_for, trust


def sync_transport(url: str, ca_bundle: Path | None) -> httpx.BaseTransport:
    """Connections to the host of `url` that end with their call's deadline."""
    made = httpx.HTTPTransport(verify=trust(ca_bundle), proxy=proxy_for(url))
    # httpx takes no backend; its pool, which is httpcore's, does.
    made._pool._network_backend = DeadlineBackend()
    return made


def async_transport(url: str, ca_bundle: Path | None) -> httpx.AsyncBaseTransport:
    """The same for an event loop, where a deadline needs no backend of its own."""
    return httpx.AsyncHTTPTransport(verify=trust(ca_bundle), proxy=proxy_for(url))


class BoundedTransport(httpx.BaseTransport):
    """Calls over `wire`, each within `bounds`; raises AnswerTooLarge and CallTooSlow besides."""

    def __init__(self, wire: httpx.BaseTransport, bounds: Bounds) -> None:
        self._wire = wire
        self._bounds = bounds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body is counted while it is read."""
        bounds = _bounds_of(request, self._bounds)
        ends_at = time.monotonic() + bounds.seconds
        with enforce_deadline(ends_at):
            response = self._wire.handle_request(request)
        stream = response.stream
        assert isinstance(stream, httpx.SyncByteStream)
        response.stream = _Body(stream, _meter(response, bounds), bounds, ends_at)
        return response

    def close(self) -> None:
        """Closes the connections."""
        self._wire.close()


class _Body(httpx.SyncByteStream):
    def __init__(
        self, stream: httpx.SyncByteStream, meter: Meter, bounds: Bounds, ends_at: float
    ) -> None:
        self._stream = stream
        self._meter = meter
        self._bounds = bounds
        self._ends_at = ends_at

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._stream)
        while True:
            if time.monotonic() > self._ends_at:
                raise CallTooSlow(self._bounds)
            with enforce_deadline(self._ends_at):
                chunk = next(chunks, None)
            if chunk is None:
                break
            yield from self._meter.pieces(chunk)
        yield from self._meter.end()

    def close(self) -> None:
        self._stream.close()


class AsyncBoundedTransport(httpx.AsyncBaseTransport):
    """The same on an event loop."""

    def __init__(self, wires: httpx.AsyncBaseTransport, bounds: Bounds) -> None:
        self._wires = wires
        self._bounds = bounds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body is counted while it is read."""
        bounds = _bounds_of(request, self._bounds)
        ends_at = asyncio.get_running_loop().time() + bounds.seconds
        try:
            async with asyncio.timeout_at(ends_at):
                response = await self._wires.handle_async_request(request)
        except TimeoutError:
            raise CallTooSlow(bounds) from None
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        response.stream = _AsyncBody(stream, _meter(response, bounds), bounds, ends_at)
        return response

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._wires.aclose()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(
        self, stream: httpx.AsyncByteStream, meter: Meter, bounds: Bounds, ends_at: float
    ) -> None:
        self._stream = stream
        self._meter = meter
        self._bounds = bounds
        self._ends_at = ends_at

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        while True:
            try:
                async with asyncio.timeout_at(self._ends_at):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise CallTooSlow(self._bounds) from None
            if chunk is None:
                break
            for piece in self._meter.pieces(chunk):
                yield piece
        for piece in self._meter.end():
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _bounds_of(request: httpx.Request, usual: Bounds) -> Bounds:
    request.headers["Accept-Encoding"] = ACCEPT_ENCODING
    bounds = request.extensions.get(BOUNDS_EXTENSION, usual)
    assert isinstance(bounds, Bounds)
    return bounds


def _meter(response: httpx.Response, bounds: Bounds) -> Meter:
    """Counts this answer, which httpx then takes for a plain one that sets no cookies."""
    meter = Meter(response.headers, bounds)
    response.headers.pop("Content-Encoding", None)
    response.headers.pop("Set-Cookie", None)
    return meter
