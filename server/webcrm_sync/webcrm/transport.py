"""One call to webCRM's REST API: logged in, within the rate limit, errors as `core.errors`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal, Protocol

import httpx

from webcrm_sync.core.errors import TooLate, TryLater
from webcrm_sync.net.bounds import BOUNDS_EXTENSION, Bounds
from webcrm_sync.net.deadline import seconds_left
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm.errors import (
    Answer,
    classify_answer,
    classify_lost_answer,
    read_access_token,
)
from webcrm_sync.webcrm.request_size import RequestSize
from webcrm_sync.webcrm.requests import StreamedBody

#: A page holds a thousand records, and an Activity's memo may be long. 5,000 pages are five
#: million records, more than a customer's system holds.
BOUNDS = Bounds(seconds=120, size=64 * 1024 * 1024, pages=5000)
#: A slow line still sends this much of a request in a second.
_SLOWEST_BYTES_PER_S = 64 * 1024
#: A bearer token lives an hour (webcrm.com: REST API); known clients renew it at 3000 s.
_TOKEN_AGE = timedelta(seconds=3000)
#: The deadline of a call that waits in line as long as it takes.
NEVER = datetime.max.replace(tzinfo=UTC)
_TIMEOUT = httpx.Timeout(60, connect=10)
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Params = dict[str, str | int]


class Line(Protocol):
    """Lets one call at a time through to webCRM, within its rate limit."""

    def turn(self, longest: timedelta) -> AbstractContextManager[None]:
        """Waits for a turn; the block sends one request, which takes `longest` at most."""


class Transport:
    """The calls by one application token. Thread-safe; each waits in `line` for its turn."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        line: Line,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.bounds = bounds
        self.request_size = RequestSize()
        #: How many writes webCRM has carried out.
        self.answered_writes = 0
        self._settings = settings
        self._now = now
        self._line = line
        self._login = Lock()
        self._token = ""
        self._token_since = datetime.min.replace(tzinfo=UTC)
        inner = sync_transport(settings.webcrm_url, settings.ca_bundle)
        # The client follows neither redirects nor URLs in answers: the token stays with its host.
        self._http = httpx.Client(
            base_url=settings.webcrm_url,
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT,
            transport=BoundedTransport(inner, bounds, service="webcrm"),
        )

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def call(
        self,
        method: Method,
        path: str,
        *,
        params: Params | None = None,
        body: bytes | StreamedBody | None = None,
        until: datetime = NEVER,
    ) -> Answer:
        """The successful answer to one call. After a 401 it logs in and sends the call once more.

        Raises TooLate when the call's turn comes after `until`, and the errors of `classify_answer`
        and `classify_lost_answer`.
        """
        # A given length keeps httpx from sending a stream in chunks.
        headers = {"Content-Length": str(body.length)} if isinstance(body, StreamedBody) else None
        request = self._http.build_request(
            method, path, params=params, content=body, headers=headers
        )
        if body is not None:
            request.headers["Content-Type"] = "application/json"
            length = int(request.headers["Content-Length"])
            request.extensions[BOUNDS_EXTENSION] = _add_time_to_send(self.bounds, length)
        answer = self._send_logged_in(request, until)
        if answer.status == 401:
            self._forget(request)
            answer = self._send_logged_in(request, until)
        if error := classify_answer(answer, is_write=method != "GET", now=self._now()):
            raise error
        if method != "GET":
            self.answered_writes += 1
        return answer

    def _send_logged_in(self, request: httpx.Request, until: datetime) -> Answer:
        request.headers["Authorization"] = f"Bearer {self._bearer()}"
        return self._send(request, is_write=request.method != "GET", until=until)

    def _bearer(self) -> str:
        """The access token; logs in when there is none or the last one is too old."""
        with self._login_alone():
            now = self._now()
            if not self._token or now - self._token_since >= _TOKEN_AGE:
                code = self._settings.webcrm_token.get_secret_value()
                login = self._http.build_request("POST", "/Auth/ApiLogin", data={"authCode": code})
                self._token = read_access_token(self._send(login, is_write=False), now=now)
                self._token_since = now
            return self._token

    @contextmanager
    def _login_alone(self) -> Iterator[None]:
        """Waits while another thread logs in, within the deadline of the surrounding block."""
        left = seconds_left()
        if not self._login.acquire(timeout=-1 if left == float("inf") else max(0.0, left)):
            raise TryLater("webCRM is busy at this moment.")
        try:
            yield
        finally:
            self._login.release()

    def _forget(self, refused: httpx.Request) -> None:
        """Log in before the next call, unless another thread has done so since `refused`."""
        with self._login_alone():
            if refused.headers["Authorization"] == f"Bearer {self._token}":
                self._token = ""

    def _send(self, request: httpx.Request, *, is_write: bool, until: datetime = NEVER) -> Answer:
        bounds: Bounds = request.extensions.get(BOUNDS_EXTENSION, self.bounds)
        with self._line.turn(timedelta(seconds=bounds.seconds)):
            if self._now() > until:
                raise TooLate
            try:
                response = self._http.send(request)
            except httpx.RequestError as error:
                raise classify_lost_answer(error, is_write=is_write) from error
            length = int(request.headers.get("Content-Length", 0))
            self.request_size.record(length, response.elapsed.total_seconds())
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content)


def _add_time_to_send(bounds: Bounds, length: int) -> Bounds:
    """`bounds` with the time that a slow line needs to send `length` bytes."""
    return replace(bounds, seconds=bounds.seconds + length / _SLOWEST_BYTES_PER_S)
