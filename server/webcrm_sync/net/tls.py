"""The certificates that outgoing calls trust."""

from __future__ import annotations

import ssl
from pathlib import Path

import truststore


def create_trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """A verifying context that trusts the system's roots and, in addition, those in `ca_bundle`."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle:
        context.load_verify_locations(ca_bundle)
    return context
