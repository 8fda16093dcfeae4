"""A small threaded HTTP/1.1 server for WSGI applications, on this machine only.

Werkzeug's own server answers `Connection: close` to everything and wsgiref speaks HTTP/1.0;
a simulated service must keep connections alive as the real ones do.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from types import TracebackType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


class Dropped(Exception):
    """Raised by a WSGI application to close the connection without an answer."""


class Server:
    """Serves a WSGI application on a port of this machine; port 0 picks a free one.

    The constructor binds the port, so that `url` is known; requests are answered from `start()` on.
    After `stop()` connections are refused; `start()` serves the same port again.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._app = app
        self._ssl = ssl_context
        self._listener = _Listener(port, app, ssl_context)
        self.port: int = self._listener.server_address[1]
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        return f"https://localhost:{self.port}" if self._ssl else f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start answering requests. Idempotent."""
        if self._thread:
            return self
        if self._listener.is_closed:
            self._listener = _Listener(self.port, self._app, self._ssl)
        self._listener.server_activate()
        self._thread = threading.Thread(
            target=self._listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"sandbox:{self.port}",
            daemon=True,
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Refuse new connections and close the open ones. Idempotent."""
        if self._thread:
            self._listener.shutdown()
            self._thread.join()
            self._thread = None
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Listener(ThreadingMixIn, TCPServer):
    """Accepts connections; each gets a daemon thread."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, app: WSGIApplication, ssl_context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", port), _Handler, bind_and_activate=False)
        self.app = app
        self.ssl_context = ssl_context
        self.is_closed = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        try:
            self.server_bind()
        except OSError:
            self.server_close()
            raise

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the TLS handshake in the connection's thread: a slow client delays no other."""
        if self.ssl_context:
            request.settimeout(10)
            request = self.ssl_context.wrap_socket(request, server_side=True)
            request.settimeout(None)
        with self._lock:
            self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)
            _close(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log errors, except those of clients that disconnected."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError | Dropped):
            log.error("sandbox: a connection failed", exc_info=error)

    def close(self) -> None:
        """Close the port and every open connection."""
        self.is_closed = True
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _close(connection)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the client has closed it already
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads each request completely, writes each answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""

    def answer(self) -> None:
        """Let the application answer the request that was just read."""
        body = self._read_body()
        head: list[bytes] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None
        ) -> Any:
            lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
            head[:] = ["\r\n".join(lines).encode("latin-1")]
            return head.append

        parts = self.server.app(self._environ(body), cast("StartResponse", start_response))
        answer = _joined(parts)
        self.wfile.write(self._framed(head[0], answer))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - http.server's names

    def _framed(self, head: bytes, body: bytes) -> bytes:
        has_length = b"\r\ncontent-length:" in head.lower()
        is_bodiless = head[9:12] in {b"204", b"304"}
        if not (has_length or is_bodiless):
            head += b"\r\nContent-Length: %d" % len(body)
        if self.close_connection:
            head += b"\r\nConnection: close"
        has_body = self.command != "HEAD" and not is_bodiless
        return head + b"\r\n\r\n" + (body if has_body else b"")

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers

    def _environ(self, body: bytes) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "RAW_URI": self.path,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": str(self.client_address[1]),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https" if self.server.ssl_context else "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"}:
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ


def _joined(parts: Iterable[bytes]) -> bytes:
    try:
        return b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()


def free_port() -> int:
    """A port of this machine that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
