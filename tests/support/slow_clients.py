"""Clients of many kinds that hold a connection and never finish."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_HOST = b"Host: sync.example.com\r\n"
_GET = b"GET /healthz HTTP/1.1\r\n" + _HOST
_POST = b"POST /graph/notify HTTP/1.1\r\n" + _HOST
#: The start of a TLS handshake (RFC 8446, 4.1.2): a record of 512 bytes, of which some are sent.
_HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)
#: The longest answer that anybody may request.
_LARGE = b"GET /api/v1/openapi.json HTTP/1.1\r\n" + _HOST + b"\r\n"


_ESTABLISHED = 1  # TCP_ESTABLISHED in Linux' tcp_states.h


@dataclass(frozen=True, slots=True)
class Kind:
    """A client that sends `first` immediately and `drip` repeatedly, and never reads."""

    name: str
    first: bytes = b""
    drip: bytes = b""


KINDS = [
    Kind("connected and silent"),
    Kind("half a request line", b"GET /heal"),
    Kind("half a head", _GET + b"Accept: applic"),
    Kind("a dripping request line", b"GET /", b"a"),
    Kind("a dripping head", _GET + b"X: ", b"a"),
    Kind("dripping header lines", _GET, b"X: y\r\n"),
    Kind("a head without its body", _POST + b"Content-Length: 1000\r\n\r\n"),
    Kind("half a body", _POST + b'Content-Length: 1000\r\n\r\n{"value": [' + b" " * 500),
    Kind("a dripping body", _POST + b"Content-Length: 1000\r\n\r\n", b" "),
    Kind("a body shorter than announced", _POST + b"Content-Length: 250000\r\n\r\n" + b" " * 9000),
    Kind("Expect, then silence", _POST + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"),
    Kind("an endless chunked body", _POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    Kind("half a chunk", _POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\nabc"),
    Kind(
        "an endless chunk extension", _POST + b"Transfer-Encoding: chunked\r\n\r\n1;x=", b"y" * 50
    ),
    Kind(
        "endless trailers", _POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: y\r\n"
    ),
    Kind("idle after an answer", _GET + b"\r\n"),
    Kind("never reads a large answer", _LARGE * 12),
    Kind("thousands of pipelined requests", (_GET + b"\r\n") * 2000),
    Kind("100 kB of header lines", _GET + b"X-Long: " + (b"y" * 90 + b"\r\nX-Long: ") * 1000),
    Kind("one endless header line", _GET + b"X-Long: " + b"y" * 100_000, b"y" * 1000),
    Kind("HTTP/0.9", b"GET /\r\n"),
    Kind("not HTTP", b"SSH-2.0-OpenSSH_9.6\r\n"),
    Kind("random bytes", bytes(range(256))),
    Kind("TLS to a port without", _HALF_HELLO),
    Kind("an upgrade", _GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    Kind("CONNECT", b"CONNECT sync.example.com:443 HTTP/1.1\r\n" + _HOST + b"\r\n"),
]
#: Clients that stall a TLS port before any HTTP.
TLS_KINDS = [
    Kind("connected and silent"),
    Kind("half a TLS handshake", _HALF_HELLO),
    Kind("a dripping TLS handshake", _HALF_HELLO, b"\x00"),
    Kind("HTTP to a port with TLS", _GET + b"\r\n"),
    Kind("a TLS record of nothing", b"\x16\x03\x01\x00\x00"),
]


@contextmanager
def stalled(
    kind: Kind, port: int, *, count: int = 64, beat_s: float = 1
) -> Iterator[list[socket.socket]]:
    """Keep `count` clients of one kind connected during the block; they drip every `beat_s`."""
    clients = [_connected(kind, port) for _ in range(count)]
    ended = threading.Event()
    dripping = threading.Thread(target=_drip, args=(kind.drip, clients, ended, beat_s))
    dripping.start()
    try:
        yield clients
    finally:
        ended.set()
        dripping.join()
        for client in clients:
            client.close()


def _connected(kind: Kind, port: int) -> socket.socket:
    client = socket.socket()
    client.setsockopt(
        socket.SOL_SOCKET, socket.SO_RCVBUF, 2048
    )  # so that answers queue up at the server
    client.settimeout(10)
    client.connect(("127.0.0.1", port))
    client.setblocking(False)
    with contextlib.suppress(OSError):  # the server refuses it or reads no more
        client.send(kind.first)
    return client


def _drip(drip: bytes, clients: list[socket.socket], ended: threading.Event, beat_s: float) -> None:
    while drip and not ended.wait(beat_s):
        for client in clients:
            with contextlib.suppress(OSError):  # the server has closed it
                client.send(drip)


def is_closed(client: socket.socket) -> bool:
    """True when the server has ended this connection. Reads nothing (Linux: tcp(7), TCP_INFO)."""
    state = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state != _ESTABLISHED
