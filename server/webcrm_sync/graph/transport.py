"""One request to Microsoft Graph: sent once, few at a time per mailbox, errors as `core.errors`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import httpx

from webcrm_sync.core.errors import Refused, SyncError, TryLater, Unclear
from webcrm_sync.graph.auth import AppLogin
from webcrm_sync.graph.concurrency import Call, MailboxLimiter
from webcrm_sync.graph.errors import Failure, classify_failure, read_failure
from webcrm_sync.graph.requests import (
    JSON,
    InvalidAnswer,
    check_head,
    read_challenge,
    refuse_foreign_host,
    request_headers,
)
from webcrm_sync.graph.wire import build_path
from webcrm_sync.net.bounds import BOUNDS_EXTENSION, AnswerTooLarge, Bounds, CallTooSlow
from webcrm_sync.net.errors import classify_connection_error
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.settings import Settings

T = TypeVar("T")

TIMEOUTS = httpx.Timeout(90, connect=15)
_MEGABYTE = 1024 * 1024
#: A page holds up to 50 mails with their bodies, and one body may hold its pictures: Exchange takes
#: 35 MB by default (Exchange Online limits: message size). A page of a mail listing holds a
#: thousand mails, and a folder a million at most.
BOUNDS = Bounds(seconds=120, size=64 * _MEGABYTE, pages=2000)
#: The largest message that Exchange takes in any configuration (Exchange Online limits).
LARGEST_MAIL = 150 * _MEGABYTE
#: A slow line still delivers this much of an attachment in a second.
_SLOWEST_BYTES_PER_S = 64 * 1024
TOO_LARGE = "AnswerTooLarge"
#: The errors that httpx raises before it sends anything.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
#: The answer is cut off or malformed. ValueError covers each way in which JSON can be wrong.
_LOST = (httpx.RequestError, ValueError, RecursionError)


class Failed(Exception):
    """Graph's answer is not a success. `claims`: what a new token must prove, as JSON."""

    def __init__(self, failure: Failure, claims: str | None = None) -> None:
        super().__init__(failure.status)
        self.failure = failure
        self.claims = claims


class Transport:
    """Requests on the caller's own thread, without the SDK (ADR 27). Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        login: AppLogin,
        *,
        now: Callable[[], datetime],
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.bounds = bounds
        self._login = login
        self._now = now
        self._url = settings.graph_url
        self._limiter = MailboxLimiter()
        inner = sync_transport(settings.graph_url, settings.ca_bundle)
        # No httpx client around it: that would look for redirects, cookies and logins only.
        self._http = BoundedTransport(inner, bounds, service="graph")

    def close(self) -> None:
        """Closes the connections. Idempotent."""
        self._http.close()

    def build_url(self, *segments: str, **query: str) -> str:
        """A resource's absolute URL, see `wire.build_path`."""
        return self._url + build_path(*segments, **query)

    def relative_url(self, url: str) -> str | None:
        """The part of a URL behind Graph's address, as a batch needs it; None if it has another."""
        return url.removeprefix(self._url) if url.startswith(f"{self._url}/") else None

    def request_json(
        self,
        method: str,
        url: str,
        call: Call,
        *,
        body: Mapping[str, Any] | None = None,
        prefer: Sequence[str] = (),
    ) -> dict[str, Any]:
        """The JSON object in the answer, {} for an answer without content."""
        content = None if body is None else json.dumps(body).encode()

        def request() -> dict[str, Any]:
            with self._send(method, url, accept=JSON, content=content, prefer=prefer) as response:
                return _parse_object(response.read())

        return self.run(call, request)

    def download(self, url: str, call: Call, sink: IO[bytes], *, at_most: int) -> None:
        """Writes the answer's bytes into `sink`, piece by piece; an error may leave a part there.

        Raises Refused, code TOO_LARGE, if more than `at_most` bytes arrive.
        """
        bounds = Bounds(self.bounds.seconds + at_most / _SLOWEST_BYTES_PER_S, at_most)

        def request() -> None:
            try:
                with self._send("GET", url, accept="*/*", bounds=bounds) as response:
                    for piece in response.iter_bytes():
                        sink.write(piece)
            except AnswerTooLarge as error:
                raise Refused(f"The attachment {error}.", code=TOO_LARGE) from None

        self.run(call, request)

    def run(self, call: Call, request: Callable[[], T]) -> T:
        """The result of `request`, within the mailbox's slots; its errors as `core.errors`.

        After a 401 it gets a new token and runs `request` once more.
        """
        with self._limiter.hold(call):
            try:
                return self._run_once(call, request)
            except Failed as failed:
                if failed.failure.status != httpx.codes.UNAUTHORIZED:
                    raise self.classify(failed.failure, call) from None
                claims = failed.claims
            self._login.renew_token(claims)
            try:
                return self._run_once(call, request)
            except Failed as failed:
                raise self.classify(failed.failure, call) from None

    def classify(self, failure: Failure, call: Call) -> SyncError:
        """The error that a failed answer to `call` means."""
        return classify_failure(
            failure,
            now=self._now(),
            is_idempotent=call.is_idempotent,
            in_mailbox=call.mailbox is not None,
        )

    @contextmanager
    def _send(
        self,
        method: str,
        url: str,
        *,
        accept: str,
        content: bytes | None = None,
        prefer: Sequence[str] = (),
        bounds: Bounds | None = None,
    ) -> Iterator[httpx.Response]:
        """The successful answer to one request, whose body is still to be read.

        `bounds`: of this request, None = those of every request. Raises Failed and InvalidAnswer.
        """
        refuse_foreign_host(url, self._url)
        token, has_body = self._login.fetch_token(), content is not None
        headers = request_headers(token, accept=accept, prefer=prefer, has_body=has_body)
        extensions = {"timeout": TIMEOUTS.as_dict(), BOUNDS_EXTENSION: bounds or self.bounds}
        request = httpx.Request(
            method, url, headers=headers, content=content, extensions=extensions
        )
        response = self._http.handle_request(request)
        try:
            content_type = response.headers.get("Content-Type", "")
            check_head(response.status_code, content_type, accept=accept)
            if not response.is_success:
                failure = read_failure(response.status_code, response.headers, response.read())
                raise Failed(failure, read_challenge(response.headers))
            yield response
        finally:
            response.close()

    def _run_once(self, call: Call, request: Callable[[], T]) -> T:
        # `from None`, since the SDK's errors quote Graph's messages, which hold addresses.
        try:
            return request()
        except httpx.InvalidURL:
            raise Refused("A link in Graph's answer is no address.", code="BadLink") from None
        except _NOT_SENT as error:
            raise classify_connection_error(str(urlsplit(self._url).hostname), error) from None
        except _LOST as error:
            kind = TryLater if call.is_idempotent else Unclear
            code = TOO_LARGE if isinstance(error, AnswerTooLarge) else "Lost"
            raise kind(_describe(error), code=code) from None


def _describe(error: Exception) -> str:
    """Why there is no answer, without any text from the network."""
    if isinstance(error, AnswerTooLarge | CallTooSlow):
        return f"Graph's answer {error}."
    if isinstance(error, InvalidAnswer):
        return str(error)
    return f"Graph's answer was lost ({type(error).__name__})."


def _parse_object(content: bytes) -> dict[str, Any]:
    answer = json.loads(content) if content else {}
    if not isinstance(answer, dict):
        raise httpx.RemoteProtocolError("the answer is no JSON object")
    return answer
