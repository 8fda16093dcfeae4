"""From a connection's bytes to requests, with a bound on everything that is kept."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from urllib.parse import unquote_to_bytes

import httptools

from webcrm_sync.web.serving.limits import Limits

#: A request for a whole address, as proxies send it (RFC 9112, 3.2.2).
_ORIGIN = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)
#: What chunks may add to a body: their sizes and extensions.
_CHUNKING = 2


class Stage(Enum):
    """How far the present request has arrived."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


@dataclass(slots=True)
class Request:
    """One request. `is_last`: the client wants no other one on this connection."""

    method: str = ""
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    is_last: bool = False

    @property
    def path(self) -> bytes:
        """The path, decoded."""
        path = self.target.partition(b"?")[0]
        return unquote_to_bytes(path) if b"%" in path else path


class _Refused(Exception):
    """Ends the parsing; the reader's `refusal` says why."""


class RequestReader:
    """Reads the requests of one connection. `feed` never raises.

    `ready`: what has arrived whole. `refusal`: the status by which the rest is refused.
    """

    def __init__(self, bounds: Limits, body_limit: Callable[[bytes], int]) -> None:
        self._bounds = bounds
        self._body_limit = body_limit
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._raw = self._head_bytes = self._limit = 0
        self.ready: deque[Request] = deque()
        self.stage = Stage.NOTHING
        self.refusal: int | None = None
        self.is_continue_wanted = False

    @property
    def held(self) -> int:
        """Bytes of bodies that are kept."""
        return len(self._request.body) + sum(len(r.body) for r in self.ready)

    def feed(self, data: bytes) -> None:
        """Read on."""
        self._raw += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # it is answered in HTTP, and `is_last` is set: what follows is another protocol
        except httptools.HttpParserError:
            self.refusal = self.refusal or 400
        if self.refusal is None:
            self.refusal = self._excess()

    def _excess(self) -> int | None:
        """Endless lines, chunk extensions and trailers reach no callback: bytes are counted."""
        if self.stage is Stage.HEAD and self._raw > self._bounds.head_bytes:
            return 431
        most = self._bounds.head_bytes + _CHUNKING * self._limit
        return 413 if self.stage is Stage.BODY and self._raw > most else None

    def _refuse(self, status: int) -> None:
        self.refusal = status
        raise _Refused

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.ready) >= self._bounds.pipelined:
            self._refuse(429)
        self._request = Request()
        self._raw = self._head_bytes = 0
        self.stage = Stage.HEAD

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header, or a trailer, which nobody reads."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes + len(self._request.target) > self._bounds.head_bytes:
            self._refuse(431)
        if self.stage is Stage.HEAD:
            self._request.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is there."""
        request, version = self._request, self._parser.get_http_version()
        request.method = self._parser.get_method().decode("ascii")
        request.target = _ORIGIN.sub(b"", request.target, count=1)
        if version not in {"1.0", "1.1"}:
            self._refuse(505)
        if not request.target.startswith(b"/"):
            self._refuse(400)
        is_kept = version == "1.1" and self._parser.should_keep_alive()
        request.is_last = not is_kept or self._parser.should_upgrade()
        self._limit = self._body_limit(request.path)
        self._check_head(dict(request.headers))
        if sum(name == b"host" for name, _ in request.headers) > 1:  # RFC 9112, 3.2
            self._refuse(400)
        self.stage = Stage.BODY

    def _check_head(self, headers: dict[bytes, bytes]) -> None:
        length = int(headers.get(b"content-length", b"0"))
        if length > self._limit:
            self._refuse(413)
        if self._parser.should_upgrade() and (length or b"transfer-encoding" in headers):
            self._refuse(400)  # the parser takes the body for the other protocol's
        self.is_continue_wanted = headers.get(b"expect", b"").lower() == b"100-continue"

    def on_body(self, body: bytes) -> None:
        """A piece of the body, chunks taken apart."""
        if len(self._request.body) + len(body) > self._limit:
            self._refuse(413)
        self._request.body += body

    def on_message_complete(self) -> None:
        """The request has arrived whole."""
        self.ready.append(self._request)
        self._request = Request()
        self.stage = Stage.NOTHING
        self.is_continue_wanted = False
