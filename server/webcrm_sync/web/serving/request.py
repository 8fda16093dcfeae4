"""Parses the bytes of a connection into requests, within limits on everything it keeps."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import unquote_to_bytes

import httptools

from webcrm_sync.web.serving.limits import Limits

#: The start of a target in absolute form, as clients send it to proxies (RFC 9112, 3.2.2).
_ORIGIN = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)
#: How many times its own size chunk sizes and extensions may add to a body.
_CHUNK_OVERHEAD = 2


class Stage(Enum):
    """How much of the present request has arrived."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


@dataclass(slots=True)
class Request:
    """One request. `is_last`: the client sends no other one on this connection."""

    method: str = ""
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    is_last: bool = False

    @property
    def path(self) -> bytes:
        """The path, percent-decoded."""
        path = self.target.partition(b"?")[0]
        return unquote_to_bytes(path) if b"%" in path else path


class _Refused(Exception):
    """Ends the parsing after `RequestReader.refusal` is set."""


class RequestReader:
    """Reads the requests of one connection. `feed` never raises.

    `ready`: the requests that have arrived whole. `refusal`: the HTTP status with which to refuse
    the rest, None = go on.
    """

    def __init__(self, limits: Limits, body_limit: Callable[[bytes], int]) -> None:
        self._limits = limits
        self._body_limit = body_limit
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._raw_bytes = self._head_bytes = self._max_body = 0
        self.ready: deque[Request] = deque()
        self.stage = Stage.NOTHING
        self.refusal: int | None = None
        self.is_continue_wanted = False

    @property
    def held_bytes(self) -> int:
        """The size of the bodies that it keeps."""
        return len(self._request.body) + sum(len(request.body) for request in self.ready)

    def feed(self, data: bytes) -> None:
        """Parse the next bytes."""
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # answered in HTTP with `is_last`: what follows is another protocol
        except httptools.HttpParserError:
            self.refusal = self.refusal or 400
        if self.refusal is None:
            self.refusal = self._check_raw_size()

    def _check_raw_size(self) -> int | None:
        """Endless lines, chunk extensions and trailers reach no callback, so this counts bytes."""
        if self.stage is Stage.HEAD and self._raw_bytes > self._limits.head_bytes:
            return 431
        most = self._limits.head_bytes + _CHUNK_OVERHEAD * self._max_body
        return 413 if self.stage is Stage.BODY and self._raw_bytes > most else None

    def _refuse(self, status: int) -> None:
        self.refusal = status
        raise _Refused

    # The callbacks of the parser.

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.ready) >= self._limits.pipelined:
            self._refuse(429)
        self._request = Request()
        self._raw_bytes = self._head_bytes = 0
        self.stage = Stage.HEAD

    def on_url(self, url: bytes) -> None:
        """A part of the target has arrived."""
        self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header has arrived, or a trailer, which is ignored."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes + len(self._request.target) > self._limits.head_bytes:
            self._refuse(431)
        if self.stage is Stage.HEAD:
            self._request.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head has arrived."""
        request, version = self._request, self._parser.get_http_version()
        request.method = self._parser.get_method().decode("ascii")
        request.target = _ORIGIN.sub(b"", request.target, count=1)
        if version not in {"1.0", "1.1"}:
            self._refuse(505)
        if not request.target.startswith(b"/"):
            self._refuse(400)
        is_kept = version == "1.1" and self._parser.should_keep_alive()
        request.is_last = not is_kept or self._parser.should_upgrade()
        self._max_body = self._body_limit(request.path)
        self._check_head(dict(request.headers))
        if sum(name == b"host" for name, _ in request.headers) > 1:  # RFC 9112, 3.2
            self._refuse(400)
        self.stage = Stage.BODY

    def _check_head(self, headers: dict[bytes, bytes]) -> None:
        length = int(headers.get(b"content-length", b"0"))
        if length > self._max_body:
            self._refuse(413)
        if self._parser.should_upgrade() and (length or b"transfer-encoding" in headers):
            self._refuse(400)  # the parser would treat the body as the other protocol
        self.is_continue_wanted = headers.get(b"expect", b"").lower() == b"100-continue"

    def on_body(self, body: bytes) -> None:
        """A part of the body has arrived, without the chunk framing."""
        if len(self._request.body) + len(body) > self._max_body:
            self._refuse(413)
        self._request.body += body

    def on_message_complete(self) -> None:
        """The request has arrived whole."""
        self.ready.append(self._request)
        self._request = Request()
        self.stage = Stage.NOTHING
        self.is_continue_wanted = False
