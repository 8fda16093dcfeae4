"""How calls leave for webCRM: whom they trust, and what a missing answer means."""

from __future__ import annotations

import ssl

import httpx

from webcrm_sync.core.errors import SyncError, TryLater, Unclear
from webcrm_sync.settings import Settings

#: Nothing was sent yet when one of these is raised.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


def lost(error: httpx.HTTPError, *, is_write: bool) -> SyncError:
    """What a missing answer means: only a write that may have been sent is unclear."""
    code = type(error).__name__
    if isinstance(error, _NOT_SENT):
        return TryLater("webCRM cannot be reached", code=code)
    lost = "The connection to webCRM broke before it answered"
    return Unclear(lost, code=code) if is_write else TryLater(lost, code=code)


def trusted(settings: Settings) -> ssl.SSLContext:
    """The system's roots, and CA_BUNDLE besides them."""
    context = ssl.create_default_context()
    if settings.ca_bundle:
        context.load_verify_locations(settings.ca_bundle)
    return context
