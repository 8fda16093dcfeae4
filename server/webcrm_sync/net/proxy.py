"""Whose certificates an outgoing call trusts, and through which proxy it goes."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi


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
    named = {} if proxy_bypass(parts.netloc) else getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
