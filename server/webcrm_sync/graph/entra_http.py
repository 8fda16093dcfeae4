"""HTTP calls to Entra, for msal and for the signing keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msal  # type: ignore[import-untyped]  # msal ships no types

from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.errors import classify_connection_error
from webcrm_sync.net.retry_after import read_retry_after
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.settings import PREFIX, Settings

#: Entra's answers are a few kilobytes; the list of signing keys is the largest.
_BOUNDS = Bounds(seconds=30, size=1024 * 1024)
_TIMEOUTS = httpx.Timeout(20, connect=10)


@dataclass(frozen=True, slots=True)
class EntraAnswer:
    """An answer in the form that msal expects. `text`: a JSON object."""

    status_code: int
    headers: Mapping[str, str]
    text: str


class EntraHttp:
    """An HTTP client for msal and the signing keys: bounded, on Entra's host only, no redirects.

    A redirect would carry the client secret to another host, and so would a discovery document
    whose token address is on another host. Raises TryLater and LoginRefused, which pass through
    msal; also for 429 and 5xx, so that msal neither parses nor caches such an answer.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._host = str(urlsplit(settings.entra_authority).hostname)
        self._origin = _get_origin(settings.entra_authority)
        inner = sync_transport(settings.entra_authority, settings.ca_bundle)
        bounded = BoundedTransport(inner, _BOUNDS, service="entra")
        self._http = httpx.Client(transport=bounded, timeout=_TIMEOUTS)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> EntraAnswer:
        """The answer to a GET."""
        return self._send("GET", url, params=_clean(params), headers=headers)

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> EntraAnswer:
        """The answer to a POST of a form."""
        return self._send("POST", url, params=_clean(params), data=_clean(data), headers=headers)

    def _send(self, method: str, url: str, **arguments: Any) -> EntraAnswer:
        if not self._is_entra_url(url):
            raise LoginRefused(
                f"{self._host} names another host for signing in: set {PREFIX}ENTRA_AUTHORITY to"
                " that one if it is right.",
                code="ForeignHost",
            )
        try:
            response = self._http.request(method, url, **arguments)
        except httpx.HTTPError as error:
            raise classify_connection_error(self._host, error) from None
        self._check_status(response)
        text = response.content.decode("utf-8", "replace")
        if not _is_readable(text):
            raise TryLater(f"The answer of {self._host} cannot be read.", code="Unreadable")
        return EntraAnswer(response.status_code, dict(response.headers), text)

    def _is_entra_url(self, url: str) -> bool:
        """True on the configured host. Microsoft's sign-in hosts count as one host."""
        try:
            origin, has_login = _get_origin(url), bool(httpx.URL(url).userinfo)
        except httpx.InvalidURL:
            return False
        hosts = msal.authority.WELL_KNOWN_AUTHORITY_HOSTS
        is_microsoft = origin[1:] in {(host, None) for host in hosts} and self._host in hosts
        is_allowed = origin == self._origin or (is_microsoft and origin[0] == "https")
        return is_allowed and not has_login

    def _check_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            retry_at = read_retry_after(response.headers.get("Retry-After"), self._now())
            raise TryLater(f"Entra answers with status {status}.", retry_at=retry_at)
        if status < 200 or 300 <= status < 400:
            raise TryLater(
                f"{self._host} answers with status {status} and points elsewhere, which is not"
                f" followed: check {PREFIX}ENTRA_AUTHORITY.",
                code="Redirect",
            )


def _get_origin(url: str) -> tuple[str, str, int | None]:
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port


def _clean(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """`values` as the requests library, which msal expects, sends them: no None, bytes as text."""
    if values is None:
        return None
    texts = ((k, v.decode() if isinstance(v, bytes) else v) for k, v in values.items())
    return {k: v for k, v in texts if v is not None}


def _is_readable(text: str) -> bool:
    """True for a JSON object of the shape that msal assumes."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and isinstance(body.get("error", ""), str)
