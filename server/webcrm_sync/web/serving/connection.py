"""One client's connection: TLS handshake, head, body, work, answer, each within its time."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from socket import SO_LINGER, SOL_SOCKET
from typing import Protocol
from wsgiref.types import WSGIEnvironment

from webcrm_sync.web.serving.limits import Limits
from webcrm_sync.web.serving.open_connections import OpenConnections
from webcrm_sync.web.serving.request import Request, RequestReader, Stage
from webcrm_sync.web.serving.wsgi import Response, base_environ

#: Bytes that are parsed at once. Small, so that the server does not parse thousands of pipelined
#: requests before it answers the first.
_SLICE, _BODY_SLICE = 4096, 65_536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

#: struct linger: on, for 0 seconds (POSIX: setsockopt).
_NO_LINGER = struct.pack("ii", 1, 0)


class Phase(Enum):
    """What the connection is doing. The log counts its value when it takes too long."""

    HANDSHAKE = "handshake"
    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    WORK = "work"
    ANSWER = "answer"
    LINGER = "linger"


class RequestHandler(Protocol):
    """What the connection needs from the server."""

    date: str

    def body_limit(self, path: bytes) -> int:
        """The largest body for this path, in bytes."""

    def error_response(self, status: int) -> Response:
        """The server's own response to a request that it cannot read or has no room for."""

    def submit(
        self, request: Request, base: WSGIEnvironment, send: Callable[[Response], None]
    ) -> bool:
        """Have a worker thread answer the request and call `send`. False if there is no room."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a server share."""

    handler: RequestHandler
    connections: OpenConnections
    limits: Limits
    tls: ssl.SSLContext | None
    loop: asyncio.AbstractEventLoop


class Connection(asyncio.Protocol):
    """Reads one request after the other, and writes each response before it reads the next.

    Only the event loop's thread uses it, except for `_send_from_worker`.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reader = RequestReader(shared.limits, shared.handler.body_limit)
        self._raw: asyncio.Transport | None = None  # the socket's transport
        self._transport: asyncio.Transport | None = None  # None until the TLS handshake is done
        self._handshake: asyncio.Task[None] | None = None
        self._pending = bytearray()  # arrived before the connection could parse it
        self._base: WSGIEnvironment = {}
        self._is_stalled = self._is_reading_paused = self._is_stopping = False
        self._phase, self._deadline = Phase.HEAD, 0.0
        self._write_deadline = 0.0
        self.address, self.since = "", 0.0

    # What `OpenConnections` calls.

    @property
    def is_in_work(self) -> bool:
        """True while a worker thread works on its request."""
        return self._phase is Phase.WORK

    def abort(self) -> None:
        """Close it now; unsent bytes are lost."""
        if self._raw:
            # With TLS the socket may be closed before `connection_lost` says so.
            with suppress(OSError):
                # Also drops what the system buffers; else it would go on sending for minutes.
                self._raw.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGER)
            self._raw.abort()

    def check_deadlines(self, now: float) -> None:
        """Close it if it has passed a deadline."""
        unsent = self._unsent_bytes()
        self._shared.connections.set_held_bytes(self, self._held_bytes(unsent))
        if self._phase is Phase.ANSWER and not unsent:
            self._close_transport()
        if not unsent:
            self._write_deadline = 0.0
        elif not self._write_deadline:
            self._write_deadline = now + self._shared.limits.answer_s
        if self._write_deadline and now > self._write_deadline:
            self._shared.connections.close(self, Phase.ANSWER.value)
        elif self._deadline and now > self._deadline:
            self._time_out()

    def _time_out(self) -> None:
        if self._phase is Phase.IDLE:
            self._close()
        else:
            self._shared.connections.close(self, self._phase.value)

    def stop(self) -> None:
        """Read no further request; close when the present one is answered."""
        self._is_stopping = True
        if self._phase is not Phase.WORK:
            self._close()

    # What asyncio's transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else ""
        self._shared.connections.admit(self)
        sockname = transport.get_extra_info("sockname")
        server = sockname[:2] if isinstance(sockname, tuple) else ("localhost", 0)
        self._base = base_environ(server, self.address, is_tls=self._shared.tls is not None)
        limits = self._shared.limits
        if self._shared.tls:
            self._enter(Phase.HANDSHAKE, limits.handshake_s)
            self._handshake = self._shared.loop.create_task(
                self._start_tls(transport, self._shared.tls)
            )
        else:
            self._transport = transport
            self._enter(Phase.HEAD, limits.head_s)

    async def _start_tls(self, raw: asyncio.Transport, tls: ssl.SSLContext) -> None:
        """Do the TLS handshake here, so that `OpenConnections` also sees unfinished ones."""
        limits = self._shared.limits
        try:
            self._transport = await self._shared.loop.start_tls(
                raw,
                self,
                tls,
                server_side=True,
                ssl_handshake_timeout=limits.handshake_s,
                ssl_shutdown_timeout=limits.linger_s,
            )
        except OSError:  # the client speaks no TLS, or is gone
            raw.abort()
            self._shared.connections.remove(self)
            return
        self._enter(Phase.HEAD, limits.head_s)
        self._resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        del exc
        self._shared.connections.remove(self)
        self._pending.clear()

    def pause_writing(self) -> None:
        """The client reads too slowly: answer no further request for now."""
        self._is_stalled = True

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._is_stalled = False
        self._resume()

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived."""
        if self._is_over():
            return
        if self._is_busy() or self._pending:
            self._store(data)
        else:
            self._read(data)

    def _is_over(self) -> bool:
        """True once the connection reads no further request."""
        return self._phase in {Phase.LINGER, Phase.ANSWER}

    def _is_busy(self) -> bool:
        """True while arriving bytes must wait."""
        return self._transport is None or self._is_stalled or self._phase is Phase.WORK

    def _store(self, data: bytes) -> None:
        self._pending += data
        if self._transport and not self._is_reading_paused:
            self._transport.pause_reading()
            self._is_reading_paused = True

    # Reading.

    def _resume(self) -> None:
        """Parse what has arrived in the meantime, and let more arrive."""
        transport = self._transport
        if self._is_busy() or not transport or transport.is_closing() or self._is_over():
            return
        data = bytes(self._pending)
        self._pending.clear()
        self._read(data)
        if self._is_reading_paused and not self._pending:
            transport.resume_reading()
            self._is_reading_paused = False

    def _read(self, data: bytes) -> None:
        reader, start = self._reader, 0
        while start < len(data) and not (reader.ready or reader.refusal):
            end = start + (_BODY_SLICE if reader.stage is Stage.BODY else _SLICE)
            reader.feed(data[start:end])
            start = end
        if start < len(data):
            self._store(data[start:])
        if reader.ready:
            self._answer(reader.ready.popleft())
        elif reader.refusal:
            self._refuse(reader.refusal)
        else:
            self._wait_for_more()
        if reader.stage is Stage.BODY:
            self._shared.connections.set_held_bytes(self, self._held_bytes(0))

    def _wait_for_more(self) -> None:
        """Start the client's time for the missing part of the request."""
        limits, stage = self._shared.limits, self._reader.stage
        if stage is Stage.HEAD and self._phase is not Phase.HEAD:
            self._enter(Phase.HEAD, limits.head_s)
        elif stage is Stage.BODY and self._phase is not Phase.BODY:
            self._enter(Phase.BODY, limits.body_s)
            if self._reader.is_continue_wanted:
                self._write(_CONTINUE)

    def _enter(self, phase: Phase, seconds: float | None) -> None:
        self._phase, self.since = phase, self._shared.loop.time()
        self._deadline = self.since + seconds if seconds is not None else 0.0

    # Answering.

    def _answer(self, request: Request) -> None:
        self._enter(Phase.WORK, None)

        def send(response: Response) -> None:
            is_last = request.is_last or self._is_stopping
            data = response.to_bytes(request, self._shared.handler.date, is_last=is_last)
            self._send_from_worker(data, is_last)

        if not self._shared.handler.submit(request, self._base, send):
            send(self._shared.handler.error_response(503))

    def _send_from_worker(self, data: bytes, is_last: bool) -> None:
        try:
            self._shared.loop.call_soon_threadsafe(self._send, data, is_last)
        except RuntimeError:  # the loop has ended, and with it the connection
            return

    def _send(self, data: bytes, is_last: bool) -> None:
        self._write(data)
        self._enter(Phase.IDLE, self._shared.limits.idle_s)
        if is_last or self._is_stopping:
            self._close()
            return
        self._shared.connections.set_held_bytes(self, self._held_bytes(self._unsent_bytes()))
        self._resume()

    def _refuse(self, status: int) -> None:
        """Answer with an error and read no more.

        The connection stays open for a moment. If it were closed at once, it would be reset, and
        the client would not see the response (RFC 9112, 9.6).
        """
        handler = self._shared.handler
        response = handler.error_response(status)
        self._write(response.to_bytes(Request(), handler.date, is_last=True))
        self._pending.clear()
        self._enter(Phase.LINGER, self._shared.limits.linger_s)
        if self._transport and self._transport.can_write_eof():
            self._transport.write_eof()

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        """Close the connection once the client has received what was written."""
        self._enter(Phase.ANSWER, self._shared.limits.answer_s)
        # asyncio's TLS would give the rest of a response only the time of its shutdown.
        if self._transport in {None, self._raw} or not self._unsent_bytes():
            self._close_transport()

    def _close_transport(self) -> None:
        transport = self._transport or self._raw
        if transport and not transport.is_closing():
            transport.close()

    def _unsent_bytes(self) -> int:
        raw, transport = self._raw, self._transport
        if raw is None:
            return 0
        buffered = raw.get_write_buffer_size()
        if transport is None or transport is raw:
            return buffered
        return buffered + transport.get_write_buffer_size()

    def _held_bytes(self, unsent: int) -> int:
        return unsent + len(self._pending) + self._reader.held_bytes
