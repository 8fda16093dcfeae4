"""The sockets that the server listens on, and who comes in by them."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from pathlib import Path

from webcrm_sync.web.serving.connection import Connection, Shared

logger = logging.getLogger(__name__)

#: Connections that wait to be accepted.
_BACKLOG = 512
_SENDING_BYTES = 131_072
#: Until the next try, when no more files may be opened.
_PAUSE_S = 0.1

_LAST_PORT = 65_535


class CannotListen(Exception):
    """The address of LISTEN cannot be had, or the certificate cannot be read."""


def bind_sockets(listen: str) -> list[socket.socket]:
    """A socket for each address that `host:port` stands for; port 0 = a free one.

    Nobody is answered before `listen()` is called on them. Raises CannotListen.
    """
    host, _, port = listen.rpartition(":")
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in _addresses(host.strip("[]"), int(port)):
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


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    if port > _LAST_PORT:
        raise OSError(f"there is no port {port}")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))  # type: ignore[arg-type]  # the address is what bind takes


def tls_context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """How to speak TLS with this certificate, None = not at all. Raises CannotListen."""
    if cert is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert, key)
    except OSError as error:  # SSLError among them
        reason = error.strerror or str(error)
        raise CannotListen(f"TLS_CERT and TLS_KEY cannot be used: {reason}.") from error
    return context


class Acceptor:
    """Lets in whoever comes to a socket. asyncio's own server loses who comes while it closes."""

    def __init__(self, listener: socket.socket, terms: Shared) -> None:
        self._listener = listener
        self._terms = terms
        self._entering: set[asyncio.Task[object]] = set()
        self._reopening: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        # What the system keeps is out of reach of our deadlines. Connections inherit it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SENDING_BYTES)
        listener.listen(_BACKLOG)
        self._open()

    def close(self) -> None:
        """Let nobody else in."""
        if self._reopening:
            self._reopening.cancel()
        self._terms.loop.remove_reader(self._listener)
        self._listener.close()

    def _open(self) -> None:
        self._terms.loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # gone again
            return
        except OSError as error:
            logger.error("connection_not_accepted", extra={"why": error.strerror})
            self._terms.loop.remove_reader(self._listener)
            self._reopening = self._terms.loop.call_later(_PAUSE_S, self._open)
            return
        client.setblocking(False)
        loop = self._terms.loop
        entering: asyncio.Task[object] = loop.create_task(
            loop.connect_accepted_socket(lambda: Connection(self._terms), client)
        )
        self._entering.add(entering)
        entering.add_done_callback(self._entering.discard)
