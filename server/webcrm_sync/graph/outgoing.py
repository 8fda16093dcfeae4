"""How calls leave this machine: whose certificates they trust, through which proxy."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import requests
from requests.adapters import HTTPAdapter

from webcrm_sync.core.errors import TryLater
from webcrm_sync.settings import PREFIX

_TIMEOUT = timedelta(seconds=30)


def trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """A verifying context: the system's roots (certifi's where it shows none) and `ca_bundle`."""
    context = ssl.create_default_context()
    if not context.get_ca_certs():  # macOS, slim containers
        context.load_verify_locations(certifi.where())
    if ca_bundle:
        context.load_verify_locations(ca_bundle)
    return context


def proxy_for(url: str) -> str | None:
    """The proxy that the environment or the system names for `url`, None = go straight."""
    parts = urlsplit(url)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def no_connection(host: str, error: Exception) -> TryLater:
    """What to say when `host` was not reached; names CA_BUNDLE where that is the cure."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return TryLater(
            f"The certificate of {host} is not trusted; put its root into {PREFIX}CA_BUNDLE.",
            code="CertificateNotTrusted",
        )
    return TryLater(f"No answer from {host} ({type(error).__name__}).", code="NoConnection")


class TrustingSession(requests.Session):
    """A requests session for msal: trusts `ca_bundle` too, never waits for ever.

    `verify` is given on each request, since REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE beat the
    session's own (Requests: `Session.merge_environment_settings`). A 429 or 5xx raises
    requests.HTTPError, so that msal neither reads nor remembers it.
    """

    def __init__(self, ca_bundle: Path | None) -> None:
        super().__init__()
        self._verify = str(ca_bundle) if ca_bundle else certifi.where()
        self.mount("https://", _TrustingAdapter(trust(ca_bundle)))

    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response:  # type: ignore[override]  # the same call with its options named once
        """The answer, verified and within the time-out."""
        kwargs |= {"verify": self._verify, "timeout": _TIMEOUT.total_seconds()}
        response = super().request(method, url, **kwargs)
        if response.status_code == requests.codes.too_many_requests or response.status_code >= 500:
            raise requests.HTTPError(f"status {response.status_code}", response=response)
        return response


class _TrustingAdapter(HTTPAdapter):
    """Hands every connection our context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
