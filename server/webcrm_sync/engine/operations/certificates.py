"""When the application's secret and the certificates of the settings end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from webcrm_sync.core.troubles import Ending, TroubleKind
from webcrm_sync.settings import Settings


def read_endings(settings: Settings) -> Iterator[Ending]:
    """What ends, and when. The end of a client secret is known only if the settings tell it."""
    if settings.entra_client_secret_expires and settings.entra_client_secret:
        yield Ending(TroubleKind.CLIENT_SECRET, settings.entra_client_secret_expires)
    files = {
        TroubleKind.CLIENT_CERTIFICATE: settings.entra_client_certificate,
        TroubleKind.TLS_CERTIFICATE: settings.tls_cert,
    }
    if settings.entra_client_secret:  # which is used instead of the certificate
        del files[TroubleKind.CLIENT_CERTIFICATE]
    for kind, path in files.items():
        if path and (at := _first_end(path)):
            yield Ending(kind, at)


def _first_end(path: Path) -> datetime | None:
    """The earliest end in a file of certificates, None = `doctor` says what is wrong with it."""
    try:
        certificates = load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    return min(certificate.not_valid_after_utc for certificate in certificates)
