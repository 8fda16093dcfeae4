"""The sockets that the server listens on."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path


class CannotListen(Exception):
    """The address of LISTEN cannot be had, or the certificate cannot be read."""


def bind(listen: str) -> list[socket.socket]:
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
