"""One client's connection: handshake, head, body, work, answer, each within its time."""

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

#: Parsed at once, so that nobody has thousands of requests read before the first is answered.
_SLICE, _BODY_SLICE = 4096, 65_536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


#: struct linger: on, for 0 seconds (POSIX: setsockopt).
_FORGET = struct.pack("ii", 1, 0)


class Phase(Enum):
    """What the connection is about; the value is what the log says when it takes too long."""

    HANDSHAKE = "handshake"
    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    WORK = "work"
    ANSWER = "answer"
    LINGER = "linger"


class RequestHandler(Protocol):
    """What answers requests."""

    date: str

    def body_limit(self, path: bytes) -> int:
        """How long a body this path takes."""

    def refusal(self, status: int) -> Response:
        """The answer to what cannot be read, or when there is no room."""

    def answer(
        self, request: Request, base: WSGIEnvironment, then: Callable[[Response], None]
    ) -> bool:
        """Have the request answered in a thread; `then` is called there. False = no room."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a server share."""

    service: RequestHandler
    crowd: OpenConnections
    bounds: Limits
    tls: ssl.SSLContext | None
    loop: asyncio.AbstractEventLoop


class Connection(asyncio.Protocol):
    """Reads one request after the other, and writes each answer before it reads the next.

    Used by the loop's thread alone, but for `_answered_elsewhere`.
    """

    def __init__(self, terms: Shared) -> None:
        self._terms = terms
        self._reader = RequestReader(terms.bounds, terms.service.body_limit)
        self._raw: asyncio.Transport | None = None  # the socket's own
        self._transport: asyncio.Transport | None = None  # None until TLS's handshake is done
        self._securing: asyncio.Task[None] | None = None
        self._later = bytearray()  # arrived before its turn
        self._base: WSGIEnvironment = {}
        self._is_stalled = self._is_reading_paused = self._is_stopping = False
        self._step, self._due = Phase.HEAD, 0.0
        self._answer_due = 0.0
        self.address, self.since = "", 0.0

    # What the crowd asks.

    @property
    def is_in_work(self) -> bool:
        """True while a thread works for it."""
        return self._step is Phase.WORK

    def end(self) -> None:
        """Close it now, whatever was not sent yet."""
        if self._raw:
            with suppress(OSError):  # closed already: with TLS we hear of that a moment later
                # The system forgets what it was to send, too, else it would try for minutes.
                self._raw.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _FORGET)
            self._raw.abort()

    def look(self, now: float) -> None:
        """End it when a deadline has passed."""
        unsent = self._unsent()
        self._terms.crowd.hold(self, self._held(unsent))
        if self._step is Phase.ANSWER and not unsent:
            self._shut()
        if not unsent:
            self._answer_due = 0.0
        elif not self._answer_due:
            self._answer_due = now + self._terms.bounds.answer_s
        if self._answer_due and now > self._answer_due:
            self._terms.crowd.cut(self, Phase.ANSWER.value)
        elif self._due and now > self._due:
            self._run_out()

    def _run_out(self) -> None:
        if self._step is Phase.IDLE:
            self._close()
        else:
            self._terms.crowd.cut(self, self._step.value)

    def stop(self) -> None:
        """Take no further request; close when the present one is answered."""
        self._is_stopping = True
        if self._step is not Phase.WORK:
            self._close()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._raw = transport
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if isinstance(peer, tuple) else ""
        self._terms.crowd.admit(self)
        own = transport.get_extra_info("sockname")
        server = own[:2] if isinstance(own, tuple) else ("localhost", 0)
        self._base = base_environ(server, self.address, is_tls=self._terms.tls is not None)
        bounds = self._terms.bounds
        if self._terms.tls:
            self._enter(Phase.HANDSHAKE, bounds.handshake_s)
            self._securing = self._terms.loop.create_task(self._secure(transport, self._terms.tls))
        else:
            self._transport = transport
            self._enter(Phase.HEAD, bounds.head_s)

    async def _secure(self, raw: asyncio.Transport, tls: ssl.SSLContext) -> None:
        """Here and not in the listener, so that the crowd knows who is still shaking hands."""
        bounds = self._terms.bounds
        try:
            self._transport = await self._terms.loop.start_tls(
                raw,
                self,
                tls,
                server_side=True,
                ssl_handshake_timeout=bounds.handshake_s,
                ssl_shutdown_timeout=bounds.linger_s,
            )
        except OSError:  # no TLS, or gone
            raw.abort()
            self._terms.crowd.leave(self)
            return
        self._enter(Phase.HEAD, bounds.head_s)
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        del exc
        self._terms.crowd.leave(self)
        self._later.clear()

    def pause_writing(self) -> None:
        """The client takes no more for now: no further request is answered."""
        self._is_stalled = True

    def resume_writing(self) -> None:
        """It has taken what was there."""
        self._is_stalled = False
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._is_over():
            return
        if self._is_busy() or self._later:
            self._keep(data)
        else:
            self._read(data)

    def _is_over(self) -> bool:
        """True when no further request is read."""
        return self._step in {Phase.LINGER, Phase.ANSWER}

    def _is_busy(self) -> bool:
        return self._transport is None or self._is_stalled or self._step is Phase.WORK

    def _keep(self, data: bytes) -> None:
        self._later += data
        if self._transport and not self._is_reading_paused:
            self._transport.pause_reading()
            self._is_reading_paused = True

    # Reading.

    def _go_on(self) -> None:
        """Read what arrived meanwhile, and let more come."""
        transport = self._transport
        if self._is_busy() or not transport or transport.is_closing() or self._is_over():
            return
        data = bytes(self._later)
        self._later.clear()
        self._read(data)
        if self._is_reading_paused and not self._later:
            transport.resume_reading()
            self._is_reading_paused = False

    def _read(self, data: bytes) -> None:
        reader, start = self._reader, 0
        while start < len(data) and not (reader.ready or reader.refusal):
            end = start + (_BODY_SLICE if reader.stage is Stage.BODY else _SLICE)
            reader.feed(data[start:end])
            start = end
        if start < len(data):
            self._keep(data[start:])
        if reader.ready:
            self._begin(reader.ready.popleft())
        elif reader.refusal:
            self._refuse(reader.refusal)
        else:
            self._await_more()
        if reader.stage is Stage.BODY:
            self._terms.crowd.hold(self, self._held(0))

    def _await_more(self) -> None:
        """Give the client its time for what is missing."""
        bounds, stage = self._terms.bounds, self._reader.stage
        if stage is Stage.HEAD and self._step is not Phase.HEAD:
            self._enter(Phase.HEAD, bounds.head_s)
        elif stage is Stage.BODY and self._step is not Phase.BODY:
            self._enter(Phase.BODY, bounds.body_s)
            if self._reader.is_continue_wanted:
                self._write(_CONTINUE)

    def _enter(self, step: Phase, seconds: float | None) -> None:
        self._step, self.since = step, self._terms.loop.time()
        self._due = self.since + seconds if seconds is not None else 0.0

    # Answering.

    def _begin(self, request: Request) -> None:
        self._enter(Phase.WORK, None)

        def then(answer: Response) -> None:
            is_last = request.is_last or self._is_stopping
            data = answer.framed(request, self._terms.service.date, is_last=is_last)
            self._answered_elsewhere(data, is_last)

        if not self._terms.service.answer(request, self._base, then):
            then(self._terms.service.refusal(503))

    def _answered_elsewhere(self, data: bytes, is_last: bool) -> None:
        try:
            self._terms.loop.call_soon_threadsafe(self._answered, data, is_last)
        except RuntimeError:  # the loop has ended: so has the connection
            return

    def _answered(self, data: bytes, is_last: bool) -> None:
        self._write(data)
        self._enter(Phase.IDLE, self._terms.bounds.idle_s)
        if is_last or self._is_stopping:
            self._close()
            return
        self._terms.crowd.hold(self, self._held(self._unsent()))
        self._go_on()

    def _refuse(self, status: int) -> None:
        """Answer what cannot be read, and read no more of it.

        The connection stays for a moment: closed at once, it would be reset, and the client
        would not see the answer (RFC 9112, 9.6).
        """
        service = self._terms.service
        self._write(service.refusal(status).framed(Request(), service.date, is_last=True))
        self._later.clear()
        self._enter(Phase.LINGER, self._terms.bounds.linger_s)
        if self._transport and self._transport.can_write_eof():
            self._transport.write_eof()

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        """Close after what was written, if the client takes it."""
        self._enter(Phase.ANSWER, self._terms.bounds.answer_s)
        # asyncio's TLS gives the rest of an answer no more time than its goodbye.
        if self._transport in {None, self._raw} or not self._unsent():
            self._shut()

    def _shut(self) -> None:
        transport = self._transport or self._raw
        if transport and not transport.is_closing():
            transport.close()

    def _unsent(self) -> int:
        raw, transport = self._raw, self._transport
        if raw is None:
            return 0
        own = raw.get_write_buffer_size()
        if transport is None or transport is raw:
            return own
        return own + transport.get_write_buffer_size()

    def _held(self, unsent: int) -> int:
        return unsent + len(self._later) + self._reader.held
