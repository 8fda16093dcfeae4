"""Records every call to the simulated services, for tests to inspect."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from webcrm_sync_sandbox.http_server import Dropped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from webcrm_sync_sandbox.clock import Clock

#: A service sets this key in the WSGI environment when no reference describes the call.
UNKNOWN = "sandbox.unknown"
#: A service lists here the ids of the mails whose content (not only header data) it returned.
CONTENTS = "sandbox.contents"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer. `status` 0: the connection was closed without an answer.

    Header names are in lower case. `contents`: ids of the mails whose content the answer holds.
    """

    at: datetime
    service: str
    method: str
    path: str
    query: str
    request_headers: dict[str, str] = field(repr=False)
    request_body: bytes = field(repr=False)
    status: int
    response_headers: dict[str, str]
    response_body: bytes = field(repr=False)
    contents: tuple[str, ...] = ()


class Journal:
    """The last calls to every service, oldest first; thread-safe.

    It keeps the last `limit` calls; with `keep_bodies=False`, without their bodies.
    """

    def __init__(self, clock: Clock, *, limit: int = 100_000, keep_bodies: bool = True) -> None:
        self._clock = clock
        self._keep_bodies = keep_bodies
        self._lock = threading.Lock()
        self._exchanges: deque[Exchange] = deque(maxlen=limit)
        self._unknown: deque[Exchange] = deque(maxlen=1000)

    @property
    def exchanges(self) -> list[Exchange]:
        """A copy of the calls that are kept."""
        with self._lock:
            return list(self._exchanges)

    @property
    def unknown(self) -> list[Exchange]:
        """The calls that no reference describes. Tests end by checking that there are none."""
        with self._lock:
            return list(self._unknown)

    def select(
        self,
        service: str | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> list[Exchange]:
        """The calls that match every argument; `path` matches a part of the path."""
        return [
            e
            for e in self.exchanges
            if service in (None, e.service)
            and method in (None, e.method)
            and status in (None, e.status)
            and (path is None or path in e.path)
        ]

    def count(
        self,
        service: str | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
    ) -> int:
        """The number of calls that match; see `select`."""
        return len(self.select(service, method=method, path=path, status=status))

    def clear(self) -> None:
        """Forget every call, the unknown ones included."""
        with self._lock:
            self._exchanges.clear()
            self._unknown.clear()

    def watch(self, service: str, app: WSGIApplication) -> WSGIApplication:
        """The application with every call recorded. Wrap it around the faults."""

        def watched(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            request = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(request)
            heard: list[tuple[str, list[tuple[str, str]]]] = []

            def listening(
                status: str, headers: list[tuple[str, str]], exc_info: object = None
            ) -> object:
                heard.append((status, headers))
                return start_response(status, headers, exc_info)  # type: ignore[arg-type]  # passed on unchanged

            try:
                answer = b"".join(app(environ, listening))  # type: ignore[arg-type]  # same shape, looser
            except Dropped:
                self._note(service, environ, request, 0, [], b"")
                raise
            status, headers = heard[-1]
            self._note(service, environ, request, int(status[:3]), headers, answer)
            return [answer]

        return watched

    def _note(
        self,
        service: str,
        environ: WSGIEnvironment,
        request: bytes,
        status: int,
        headers: list[tuple[str, str]],
        answer: bytes,
    ) -> None:
        exchange = Exchange(
            at=self._clock.now(),
            service=service,
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            query=environ["QUERY_STRING"],
            request_headers=_request_headers(environ),
            request_body=request if self._keep_bodies else b"",
            status=status,
            response_headers={name.lower(): value for name, value in headers},
            response_body=answer if self._keep_bodies else b"",
            contents=tuple(environ.get(CONTENTS, ())),
        )
        with self._lock:
            self._exchanges.append(exchange)
            if environ.get(UNKNOWN):
                self._unknown.append(exchange)


def _request_headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    return headers | {"content-type": environ.get("CONTENT_TYPE", "")}
