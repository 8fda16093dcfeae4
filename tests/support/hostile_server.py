"""A server that sends exactly the bytes that a test wants, valid HTTP or not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: Answers one connection after each complete request.
Answer = Callable[[socket.socket, bytes], None]


class HostileServer:
    """The server. `url`: its address. `requests`: the heads of the requests so far."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
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
                self.answer(connection, request)

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def hostile(answer: Answer) -> Iterator[HostileServer]:
    server = HostileServer(answer)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


def _request(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        if not chunk:
            return b""
        head += chunk
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


def answer_with(*pieces: bytes, every: float = 0.0) -> Answer:
    """An answer in these pieces, with `every` seconds between them."""

    def answer(connection: socket.socket, request: bytes) -> None:
        del request
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(every)

    return answer


def answer_endlessly(first: bytes, piece: bytes, *, every: float = 0.0) -> Answer:
    """An endless answer: `first`, then the same piece repeatedly."""

    def answer(connection: socket.socket, request: bytes) -> None:
        del request
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            time.sleep(every)

    return answer
