"""A server that says what a test wants, byte by byte: what no sane server would."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: Speaks to one connection after each request that came in whole.
Speak = Callable[[socket.socket, bytes], None]


class Hostile:
    """Its address, and what it was asked."""

    def __init__(self, speak: Speak) -> None:
        self.speak = speak
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._open: list[socket.socket] = []

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while request := _request(connection):
                self.requests.append(request)
                self.speak(connection, request)

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def hostile(speak: Speak) -> Iterator[Hostile]:
    server = Hostile(speak)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


def _request(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        came = connection.recv(65536)
        if not came:
            return b""
        head += came
    head, _, body = head.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    left = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
    while left > 0:
        left -= len(connection.recv(min(left, 65536)) or b" " * left)
    return head


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def whole(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    named = ("Content-Type: application/json", f"Content-Length: {len(body)}", *lines)
    return head(*named, status=status) + body


def says(*pieces: bytes, every: float = 0.0) -> Speak:
    """These pieces, each sent a moment after the one before."""

    def speak(connection: socket.socket, request: bytes) -> None:
        del request
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(every)

    return speak


def says_for_ever(first: bytes, piece: bytes, *, every: float = 0.0) -> Speak:
    """`first`, and then the same piece again and again."""

    def speak(connection: socket.socket, request: bytes) -> None:
        del request
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            time.sleep(every)

    return speak
