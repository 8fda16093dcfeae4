"""One call to webCRM's REST API: logged in, in its turn, its troubles told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx

from webcrm_sync.core.errors import TooLate
from webcrm_sync.net.bounds import BOUNDS_EXTENSION, Bounds
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.settings import Settings
from webcrm_sync.webcrm.errors import Answer, classify_answer, read_access_token
from webcrm_sync.webcrm.outgoing import BOUNDS, lost, with_time_for
from webcrm_sync.webcrm.rate_limit import RateLimiter
from webcrm_sync.webcrm.requests import StreamedBody

#: A bearer token lives an hour (webcrm.com: REST API); known clients renew it at 3000 s.
_TOKEN_AGE = timedelta(seconds=3000)
#: Until when a call may be made that waits as long as it takes.
NEVER = datetime.max.replace(tzinfo=UTC)
_TIMEOUT = httpx.Timeout(60, connect=10)
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Params = dict[str, str | int]


class Transport:
    """The calls by one application token. Threads may share it; they go one after another."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
        pacing: RateLimiter | None = None,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.bounds = bounds
        self._settings = settings
        self._now = now
        self._pacing = pacing or RateLimiter()
        self._token = ""
        self._token_since = datetime.min.replace(tzinfo=UTC)
        to_webcrm = transport or sync_transport(settings.webcrm_url, settings.ca_bundle)
        # Redirects are not followed and no URL of an answer is: the token stays with its host.
        self._http = httpx.Client(
            base_url=settings.webcrm_url,
            headers={"Accept": "application/json"},
            timeout=_TIMEOUT,
            transport=BoundedTransport(to_webcrm, bounds),
        )

    def close(self) -> None:
        """End the connections."""
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
        """The answer to one call, logged in. A 401 is worth a new login and a second try."""
        # A length that is given keeps httpx from sending a stream in chunks.
        length = {"Content-Length": str(body.length)} if isinstance(body, StreamedBody) else None
        request = self._http.build_request(
            method, path, params=params, content=body, headers=length
        )
        if body is not None:
            request.headers["Content-Type"] = "application/json"
            sent = int(request.headers["Content-Length"])
            request.extensions[BOUNDS_EXTENSION] = with_time_for(sent, self.bounds)
        with self._pacing:
            answer = self._send_as_us(request, until)
            if answer.status == 401:
                self._token = ""
                answer = self._send_as_us(request, until)
        if error := classify_answer(answer, is_write=method != "GET", now=self._now()):
            raise error
        return answer

    def _send_as_us(self, request: httpx.Request, until: datetime) -> Answer:
        request.headers["Authorization"] = f"Bearer {self._bearer()}"
        return self._send(request, is_write=request.method != "GET", until=until)

    def _bearer(self) -> str:
        """The access token of this hour."""
        now = self._now()
        if not self._token or now - self._token_since >= _TOKEN_AGE:
            code = self._settings.webcrm_token.get_secret_value()
            login = self._http.build_request("POST", "/Auth/ApiLogin", data={"authCode": code})
            self._token = read_access_token(self._send(login, is_write=False), now=now)
            self._token_since = now
        return self._token

    def _send(self, request: httpx.Request, *, is_write: bool, until: datetime = NEVER) -> Answer:
        self._pacing.wait()
        if self._now() > until:
            raise TooLate
        try:
            response = self._http.send(request)
        except httpx.HTTPError as error:
            raise lost(error, is_write=is_write) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content)
