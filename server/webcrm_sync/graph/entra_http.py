"""Calls to Entra, and what to say when a host was not reached."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msal  # type: ignore[import-untyped]  # it ships no types

from webcrm_sync.core.errors import LoginRefused, TryLater
from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.retry_after import read_retry_after
from webcrm_sync.net.tls import connection_error
from webcrm_sync.net.transports import BoundedTransport, sync_transport
from webcrm_sync.settings import PREFIX, Settings

#: Entra's answers are a few kilobytes; its list of keys is the largest.
_BOUNDS = Bounds(seconds=30, size=1024 * 1024)
_TIMEOUTS = httpx.Timeout(20, connect=10)


@dataclass(frozen=True, slots=True)
class EntraAnswer:
    """An answer as msal reads it; its text is a JSON object."""

    status_code: int
    headers: Mapping[str, str]
    text: str


class EntraHttp:
    """How msal and we ask Entra: within bounds, on its own host, never on to where it points.

    A redirect would carry the client secret along, and the discovery document names the address
    that the secret is sent to. Raises TryLater and LoginRefused, which msal lets through; a 429 or
    5xx is one, so that msal neither reads nor remembers it.
    """

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._host = str(urlsplit(settings.entra_authority).hostname)
        self._place = _place(settings.entra_authority)
        to_entra = sync_transport(settings.entra_authority, settings.ca_bundle)
        self._http = httpx.Client(transport=BoundedTransport(to_entra, _BOUNDS), timeout=_TIMEOUTS)

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
        return self._ask("GET", url, params=_given(params), headers=headers)

    def post(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> EntraAnswer:
        """The answer to a form."""
        return self._ask("POST", url, params=_given(params), data=_given(data), headers=headers)

    def _ask(self, method: str, url: str, **parts: Any) -> EntraAnswer:
        if not self._is_entras(url):
            raise LoginRefused(
                f"{self._host} names another host for signing in: set {PREFIX}ENTRA_AUTHORITY to"
                " that one if it is right.",
                code="ForeignHost",
            )
        try:
            response = self._http.request(method, url, **parts)
        except httpx.HTTPError as error:
            raise connection_error(self._host, error) from None
        self._check(response)
        text = response.content.decode("utf-8", "replace")
        if not _is_readable(text):
            raise TryLater(f"The answer of {self._host} cannot be read.", code="Unreadable")
        return EntraAnswer(response.status_code, dict(response.headers), text)

    def _is_entras(self, url: str) -> bool:
        """True on the configured host, and on Microsoft's other ones where it is one of them."""
        try:
            place, has_login = _place(url), bool(httpx.URL(url).userinfo)
        except httpx.InvalidURL:
            return False
        known = msal.authority.WELL_KNOWN_AUTHORITY_HOSTS
        is_microsofts = place[1:] in {(host, None) for host in known} and self._host in known
        return not has_login and (place == self._place or (is_microsofts and place[0] == "https"))

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            later = read_retry_after(response.headers.get("Retry-After"), self._now())
            raise TryLater(f"Entra answers with status {status}.", retry_at=later)
        if status < 200 or 300 <= status < 400:
            raise TryLater(
                f"{self._host} answers with status {status} and points elsewhere, which is not"
                f" followed: check {PREFIX}ENTRA_AUTHORITY.",
                code="Redirect",
            )


def _place(url: str) -> tuple[str, str, int | None]:
    parts = httpx.URL(url)
    return parts.scheme, parts.host, parts.port


def _given(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As requests reads them, which msal is written for: None is left out, bytes are text."""
    if values is None:
        return None
    texts = ((k, v.decode() if isinstance(v, bytes) else v) for k, v in values.items())
    return {k: v for k, v in texts if v is not None}


def _is_readable(text: str) -> bool:
    """True for a JSON object as msal takes for granted."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("error", ""), str)
