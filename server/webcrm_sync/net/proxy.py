"""Finds the proxy for an outgoing call."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx


def find_proxy(url: str, trust: ssl.SSLContext) -> httpx.Proxy | None:
    """The proxy that the environment or the system names for `url`, None = none.

    `trust`: verifies the certificate of an https proxy.
    """
    parts = urlsplit(url)
    proxies = {} if proxy_bypass(parts.netloc) else getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address:
        return None
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    if proxy.url.scheme == "https":  # httpcore refuses a context for the other schemes
        proxy.ssl_context = trust
    return proxy
