"""The server itself: listens, keeps time, hands requests to threads, stops with grace."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import formatdate
from wsgiref.types import WSGIApplication, WSGIEnvironment

from webcrm_sync.web.serving.connection import Shared
from webcrm_sync.web.serving.deferred import ANSWER_LATER, Begin, DeferredAnswers
from webcrm_sync.web.serving.limits import Lane, Limits
from webcrm_sync.web.serving.listening import Acceptor
from webcrm_sync.web.serving.open_connections import OpenConnections
from webcrm_sync.web.serving.request import Request
from webcrm_sync.web.serving.workers import LaneWorkers
from webcrm_sync.web.serving.wsgi import Response, build_environ, call_app, error_response

logger = logging.getLogger(__name__)

#: Files that the process has open beside its connections.
_OTHER_FILES = 250
#: What was accepted or has arrived is read, what was ended is closed.
_SETTLE_S = 0.05


class Server:
    """Serves a WSGI application. `lanes`: the first one with a fitting path takes a request.

    `headers`: those of the server's own refusals.
    """

    def __init__(
        self,
        app: WSGIApplication,
        lanes: Sequence[Lane],
        *,
        tls: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        bounds: Limits | None = None,
    ) -> None:
        self._app = app
        self._tls = tls
        self._headers = headers or {}
        self._bounds = _within_files(bounds or Limits())
        self._crowd = OpenConnections(self._bounds)
        self._workers = [LaneWorkers(lane) for lane in lanes]
        self._by_path = [
            (path.encode("ascii"), one) for one in self._workers for path in one.lane.paths
        ]
        self._waiting = DeferredAnswers()
        self.date = formatdate(usegmt=True)

    def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve until SIGTERM or SIGINT. For the main thread."""
        asyncio.run(self._run(sockets))

    async def _run(self, sockets: Sequence[socket.socket]) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await self.serve(sockets, stopping)

    async def serve(self, sockets: Sequence[socket.socket], stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; then end within the grace."""
        loop = asyncio.get_running_loop()
        terms = Shared(self, self._crowd, self._bounds, self._tls, loop)
        doors = [Acceptor(one, terms) for one in sockets]
        names = [":".join(map(str, one.getsockname()[:2])) for one in sockets]
        logger.info("web_listens", extra={"on": ",".join(names)})
        beat = loop.create_task(self._keep_time(loop))
        try:
            await stopping.wait()
        finally:
            for door in doors:
                door.close()
            self._waiting.end()
            await self._end_with_grace(loop)
            beat.cancel()
            for workers in self._workers:
                workers.close()

    async def _keep_time(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            await asyncio.sleep(self._bounds.beat_s)
            self.date = formatdate(usegmt=True)
            self._crowd.look(loop.time())

    async def _end_with_grace(self, loop: asyncio.AbstractEventLoop) -> None:
        """Those in work are answered; who has not asked yet, or does not listen, is let go."""
        end = loop.time() + self._bounds.grace_s
        await asyncio.sleep(_SETTLE_S)
        self._crowd.stop()
        while len(self._crowd) and loop.time() < end:
            await asyncio.sleep(0.02)
        if left := len(self._crowd):
            logger.warning("web_stopped_before_the_last_answer", extra={"connections": left})
        for member in self._crowd:
            member.end()
        await asyncio.sleep(_SETTLE_S)

    # What a connection asks.

    def body_limit(self, path: bytes) -> int:
        """How long a body this path takes."""
        return self._workers_for(path).lane.body_bytes

    def refusal(self, status: int) -> Response:
        """The answer to what cannot be read, or when there is no room."""
        return error_response(status, self._headers)

    def answer(
        self, request: Request, base: WSGIEnvironment, then: Callable[[Response], None]
    ) -> bool:
        """Have the request answered in a thread of its lane. False = too many wait for one."""

        def work() -> None:
            begun: list[Begin] = []
            try:
                environ = build_environ(request, base)
                environ[ANSWER_LATER] = begun.append
                answer = call_app(self._app, environ)
            except Exception:
                logger.exception("request_failed")
                begun, answer = [], self.refusal(500)
            if begun:
                self._waiting.add(answer, then, begun[0])
            else:
                then(answer)

        return self._workers_for(request.path).put(work)

    def _workers_for(self, path: bytes) -> LaneWorkers:
        """Those of the lane. Flask takes `//healthz` for `/healthz`: so does this."""
        plain = b"/" + path.lstrip(b"/")
        return next(
            (one for prefix, one in self._by_path if plain.startswith(prefix)), self._workers[-1]
        )


def _within_files(bounds: Limits) -> Limits:
    """The bounds, with fewer connections where the system does not let us open so many files."""
    wanted = bounds.connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return bounds
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # the system has a lower limit of its own
        most = soft
    return replace(bounds, connections=max(most - _OTHER_FILES, most // 2))
