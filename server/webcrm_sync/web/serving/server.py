"""The server: runs the event loop, picks the lane of each request, and shuts down gracefully."""

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
from webcrm_sync.web.serving.deferred import ANSWER_LATER, Begin, DeferredResponses
from webcrm_sync.web.serving.limits import Lane, Limits
from webcrm_sync.web.serving.listening import Acceptor
from webcrm_sync.web.serving.open_connections import OpenConnections
from webcrm_sync.web.serving.request import Request
from webcrm_sync.web.serving.workers import LaneWorkers
from webcrm_sync.web.serving.wsgi import Response, build_environ, call_app, error_response

logger = logging.getLogger(__name__)

#: Files that the process has open besides its connections.
_OTHER_FILES = 250
#: Gives the loop time to read what has arrived, and to close what has ended.
_LOOP_PAUSE_S = 0.05


class Server:
    """Serves a WSGI application.

    `lanes`: the first lane with a matching path takes a request, else the last one. `headers`: of
    the errors that the server answers without the application.
    """

    def __init__(
        self,
        app: WSGIApplication,
        lanes: Sequence[Lane],
        *,
        tls: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        self._tls = tls
        self._headers = headers or {}
        self._limits = _fit_file_limit(limits or Limits())
        self._connections = OpenConnections(self._limits)
        self._workers = [LaneWorkers(lane) for lane in lanes]
        self._by_path = [
            (path.encode("ascii"), one) for one in self._workers for path in one.lane.paths
        ]
        self._deferred = DeferredResponses()
        self.date = formatdate(usegmt=True)

    def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve until SIGTERM or SIGINT. Only the main thread may call it."""
        asyncio.run(self._run(sockets))

    async def _run(self, sockets: Sequence[socket.socket]) -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await self.serve(sockets, stopping)

    async def serve(self, sockets: Sequence[socket.socket], stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set, then answer the running requests within the grace."""
        loop = asyncio.get_running_loop()
        shared = Shared(self, self._connections, self._limits, self._tls, loop)
        acceptors = [Acceptor(one, shared) for one in sockets]
        names = [":".join(map(str, one.getsockname()[:2])) for one in sockets]
        logger.info("web_listens", extra={"on": ",".join(names)})
        checks = loop.create_task(self._check_deadlines(loop))
        try:
            await stopping.wait()
        finally:
            for acceptor in acceptors:
                acceptor.close()
            self._deferred.close()
            await self._drain(loop)
            checks.cancel()
            for workers in self._workers:
                workers.close()

    async def _check_deadlines(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            await asyncio.sleep(self._limits.check_s)
            self.date = formatdate(usegmt=True)
            self._connections.check_deadlines(loop.time())

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the running requests. Close the connections without one."""
        end = loop.time() + self._limits.grace_s
        await asyncio.sleep(_LOOP_PAUSE_S)
        self._connections.stop()
        while len(self._connections) and loop.time() < end:
            await asyncio.sleep(0.02)
        if left := len(self._connections):
            logger.warning("web_stopped_before_the_last_answer", extra={"connections": left})
        for connection in self._connections:
            connection.abort()
        await asyncio.sleep(_LOOP_PAUSE_S)

    # What a connection calls (`connection.RequestHandler`).

    def body_limit(self, path: bytes) -> int:
        """The largest body for this path, in bytes."""
        return self._workers_for(path).lane.body_bytes

    def error_response(self, status: int) -> Response:
        """The server's own response to a request that it cannot read or has no room for."""
        return error_response(status, self._headers)

    def submit(
        self, request: Request, base: WSGIEnvironment, send: Callable[[Response], None]
    ) -> bool:
        """Have a thread of the request's lane answer it. False if too many wait for one."""

        def work() -> None:
            deferrals: list[Begin] = []
            try:
                environ = build_environ(request, base)
                environ[ANSWER_LATER] = deferrals.append
                response = call_app(self._app, environ)
            except Exception:
                logger.exception("request_failed")
                deferrals, response = [], self.error_response(500)
            if deferrals:
                self._deferred.add(response, send, deferrals[0])
            else:
                send(response)

        return self._workers_for(request.path).submit(work)

    def _workers_for(self, path: bytes) -> LaneWorkers:
        """The workers of the path's lane. Like Flask, it treats `//healthz` as `/healthz`."""
        plain = b"/" + path.lstrip(b"/")
        return next(
            (one for prefix, one in self._by_path if plain.startswith(prefix)), self._workers[-1]
        )


def _fit_file_limit(limits: Limits) -> Limits:
    """The limits, with fewer connections if the system allows too few open files."""
    wanted = limits.connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):  # the system has a lower limit of its own
        most = soft
    return replace(limits, connections=max(most - _OTHER_FILES, most // 2))
