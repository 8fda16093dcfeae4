"""Calls the WSGI application (PEP 3333), and turns its response into bytes."""

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

#: Headers that concern the connection alone, and lengths, which the server knows itself.
_HOP_HEADERS = {b"content-length", b"transfer-encoding", b"connection", b"expect"}
_STATUSES_WITHOUT_BODY = {"204", "304"}
#: The characters that a header may hold (PEP 3333): Latin-1 without control characters.
_SENDABLE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
#: The statuses after which a client may send the same request again, and when.
_RETRYABLE, _RETRY_AFTER_S = {429, 500, 503}, 2


@dataclass(slots=True)
class Response:
    """The application's response. `status`: with its phrase, such as `200 OK`."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def to_bytes(self, request: Request, date: str, *, is_last: bool) -> bytes:
        """The response to this request in HTTP/1.1. `is_last`: the connection closes after it."""
        lines = [f"HTTP/1.1 {self.status}", f"Date: {date}"]
        lines += [f"{n}: {v}" for n, v in self.headers if n.lower() != "content-length"]
        is_bodiless = self.status[:3] in _STATUSES_WITHOUT_BODY
        if not is_bodiless:
            lines.append(f"Content-Length: {self._length(request)}")
        if is_last:
            lines.append("Connection: close")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head if is_bodiless or request.method == "HEAD" else head + self.body

    def _length(self, request: Request) -> str:
        """The length of the body; for HEAD, the length that a GET would have."""
        known = [v for n, v in self.headers if n.lower() == "content-length"]
        return known[0] if known and request.method == "HEAD" else str(len(self.body))


def error_response(status: int, headers: Mapping[str, str]) -> Response:
    """An error that the server itself answers, in the API's form (RFC 9457)."""
    phrase = HTTPStatus(status).phrase
    code = "try_later" if status in _RETRYABLE else "invalid"
    problem = {"type": "about:blank", "title": phrase, "status": status, "code": code}
    more = {"Content-Type": "application/problem+json"}
    if status in _RETRYABLE:
        more["Retry-After"] = str(_RETRY_AFTER_S)
    body = json.dumps(problem).encode()
    return Response(f"{status} {phrase}", [*headers.items(), *more.items()], body)


def build_environ(request: Request, base: WSGIEnvironment) -> WSGIEnvironment:
    """The WSGI environment of a request. `base`: from `base_environ`.

    Drops headers with `_` in their name, since WSGI could not tell them from those with `-`.
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
        if key := _environ_key(name):
            text = value.decode("latin-1")
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ


@functools.lru_cache(256)
def _environ_key(name: bytes) -> str | None:
    if name in _HOP_HEADERS or b"_" in name:
        return None
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key == "CONTENT_TYPE" else f"HTTP_{key}"


def base_environ(server: tuple[str, int], client: str, *, is_tls: bool) -> WSGIEnvironment:
    """The part of the environment that all requests of a connection share."""
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
    """The application's whole response. Raises ValueError if HTTP cannot carry its headers."""
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        del exc_info  # nothing is sent yet, so a later call replaces an earlier one
        started[:] = [status, headers]
        return written.append

    start: StartResponse = start_response
    parts = app(environ, start)
    try:
        written.extend(parts)
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()
    status, headers = started
    if not all(
        map(_SENDABLE.fullmatch, (status, *(part for header in headers for part in header)))
    ):
        raise ValueError("a header holds what HTTP cannot carry")
    return Response(status, headers, b"".join(written))
