"""The product's server in a thread of this process, in front of any application."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from wsgiref.types import WSGIApplication

from webcrm_sync.web.lanes import LANES
from webcrm_sync.web.serving.limits import Lane, Limits
from webcrm_sync.web.serving.listening import bind_sockets
from webcrm_sync.web.serving.server import Server

_PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers on `port`. `stop` shuts it down as SIGTERM does."""

    port: int
    stop: Callable[[], None]
    thread: threading.Thread


@contextmanager
def served(
    app: WSGIApplication,
    *,
    lanes: Sequence[Lane] = LANES,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    listen: str = "127.0.0.1:0",
) -> Iterator[Served]:
    """Serve the application during the block."""
    (listener,) = bind_sockets(listen)
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()
    server = Server(app, lanes, tls=tls, limits=limits)

    def serve() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(server.serve([listener], stopping))

    def stop() -> None:
        if thread.is_alive():
            loop.call_soon_threadsafe(stopping.set)

    port: int = listener.getsockname()[1]
    listener.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Served(port, stop, thread)
    finally:
        stop()
        thread.join(_PATIENCE_S)
    assert not thread.is_alive()
