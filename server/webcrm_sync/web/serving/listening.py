"""Binds the listening sockets, and accepts connections on them."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from pathlib import Path

from webcrm_sync.web.serving.connection import Connection, Shared

logger = logging.getLogger(__name__)

#: How many connections the system queues for `accept`.
_BACKLOG = 512
_SEND_BUFFER_BYTES = 131_072
#: When to try again after the process ran out of file descriptors.
_RETRY_S = 0.1

_LAST_PORT = 65_535


class CannotListen(Exception):
    """The server cannot bind to the address of LISTEN, or cannot read the certificate."""


def bind_sockets(listen: str) -> list[socket.socket]:
    """One socket for each address that `host:port` resolves to; port 0 = any free one.

    Nobody can connect before `listen()` is called on them. Raises CannotListen.
    """
    host, _, port = listen.rpartition(":")
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in _resolve(host.strip("[]"), int(port)):
            one = socket.socket(family, kind, protocol)
            bound.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(address)
    except OSError as error:
        for one in bound:
            one.close()
        reason = error.strerror or str(error)
        raise CannotListen(f"LISTEN={listen} is not possible: {reason}.") from error
    return bound


def _resolve(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    if port > _LAST_PORT:
        raise OSError(f"there is no port {port}")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))  # type: ignore[arg-type]  # the address is what bind takes


def tls_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The TLS context of this certificate, None = plain HTTP. Raises CannotListen."""
    if cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert, key, password="")  # without one OpenSSL asks the terminal
    except OSError as error:  # SSLError is one, too
        reason = error.strerror or str(error)
        raise CannotListen(f"TLS_CERT and TLS_KEY cannot be used: {reason}.") from error
    return context


class Acceptor:
    """Accepts the connections of one listening socket.

    asyncio's own server loses connections that arrive while it closes.
    """

    def __init__(self, listener: socket.socket, shared: Shared) -> None:
        self._listener = listener
        self._shared = shared
        self._connecting: set[asyncio.Task[object]] = set()
        self._retry: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        # Accepted sockets inherit the size. The server's deadlines cannot see what the system
        # buffers, so this stays small.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        listener.listen(_BACKLOG)
        self._start()

    def close(self) -> None:
        """Accept no more connections."""
        if self._retry:
            self._retry.cancel()
        self._shared.loop.remove_reader(self._listener)
        self._listener.close()

    def _start(self) -> None:
        self._shared.loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        loop = self._shared.loop
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # the client has already gone
            return
        except OSError as error:
            logger.error("connection_not_accepted", extra={"why": error.strerror})
            loop.remove_reader(self._listener)
            self._retry = loop.call_later(_RETRY_S, self._start)
            return
        client.setblocking(False)
        task: asyncio.Task[object] = loop.create_task(
            loop.connect_accepted_socket(lambda: Connection(self._shared), client)
        )
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
