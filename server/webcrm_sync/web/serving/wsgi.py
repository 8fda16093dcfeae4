"""A request to the WSGI application, and its answer as bytes (PEP 3333)."""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from webcrm_sync.web.serving.request import Request

#: Headers of the connection, and lengths that are known better here.
_NOT_PASSED_ON = {b"content-length", b"transfer-encoding", b"connection", b"expect"}
_BODILESS = {"204", "304"}
#: What a header's text may be, by PEP 3333: Latin-1 without control characters.
_SENDABLE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
#: No fault of the request: the same one may be answered after a moment.
_TRY_LATER, _PAUSE_S = {429, 500, 503}, 2


@dataclass(slots=True)
class Response:
    """What the application answers. `status`: as in `200 OK`."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def framed(self, request: Request, date: str, *, is_last: bool) -> bytes:
        """The answer to this request as it goes over the wire."""
        lines = [f"HTTP/1.1 {self.status}", f"Date: {date}"]
        lines += [f"{n}: {v}" for n, v in self.headers if n.lower() != "content-length"]
        is_bodiless = self.status[:3] in _BODILESS
        if not is_bodiless:
            lines.append(f"Content-Length: {self._length(request)}")
        if is_last:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head if is_bodiless or request.method == "HEAD" else head + self.body

    def _length(self, request: Request) -> str:
        """Of what a GET would get, which an application may know without making it."""
        known = [v for n, v in self.headers if n.lower() == "content-length"]
        return known[0] if known and request.method == "HEAD" else str(len(self.body))


def error_response(status: int, headers: Mapping[str, str]) -> Response:
    """An answer of the server itself, in the words of the API (RFC 9457)."""
    phrase = HTTPStatus(status).phrase
    code = "try_later" if status in _TRY_LATER else "invalid"
    problem = {"type": "about:blank", "title": phrase, "status": status, "code": code}
    more = {"Content-Type": "application/problem+json"}
    if status in _TRY_LATER:
        more["Retry-After"] = str(_PAUSE_S)
    body = json.dumps(problem).encode()
    return Response(f"{status} {phrase}", [*headers.items(), *more.items()], body)


def build_environ(request: Request, base: WSGIEnvironment) -> WSGIEnvironment:
    """The request in WSGI's words. `base`: what all requests of its connection share.

    A name with `_` is left out, since it would pass for the one with `-`.
    """
    query = request.target.partition(b"?")[2]
    environ = {
        **base,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path.decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "wsgi.input": BytesIO(request.body),
    }
    if request.body:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    for name, value in request.headers:
        if key := _key(name):
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


@functools.lru_cache(256)
def _key(name: bytes) -> str | None:
    if name in _NOT_PASSED_ON or b"_" in name:
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"


def base_environ(server: tuple[str, int], client: str, *, is_tls: bool) -> WSGIEnvironment:
    """What all requests of a connection share."""
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if is_tls else "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def call_app(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """The application's answer, whole. Raises ValueError where it cannot be sent."""
    begun: list[Any] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        del exc_info  # nothing has been sent yet: the later call replaces the earlier one
        begun[:] = [status, headers]
        return written.append

    start: StartResponse = start_response
    pieces = app(environ, start)
    try:
        written.extend(pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()
    status, headers = begun
    if not all(map(_SENDABLE.fullmatch, (status, *(part for one in headers for part in one)))):
        raise ValueError("a header holds what HTTP cannot carry")
    return Response(status, headers, b"".join(written))
