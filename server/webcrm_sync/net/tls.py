"""The certificates that outgoing calls trust."""

from __future__ import annotations

import ssl
from pathlib import Path

import truststore

from webcrm_sync.core.errors import TryLater
from webcrm_sync.settings import PREFIX


def create_trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """A verifying context that trusts the system's roots and, in addition, those in `ca_bundle`."""
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle:
        context.load_verify_locations(ca_bundle)
    return context


def connection_error(host: str, error: Exception) -> TryLater:
    """The error for a `host` that was not reached; names CA_BUNDLE if its root is not trusted."""
    if _is_untrusted(error):
        return TryLater(
            f"The certificate of {host} is not trusted; put its root into {PREFIX}CA_BUNDLE.",
            code="CertificateNotTrusted",
        )
    return TryLater(f"No answer from {host} ({type(error).__name__}).", code="NoConnection")


def _is_untrusted(error: BaseException | None) -> bool:
    """True when a failed verification led to `error`.

    Its words differ by system, so only its type counts. httpcore hides it by `from None`, which
    leaves it in the context.
    """
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
