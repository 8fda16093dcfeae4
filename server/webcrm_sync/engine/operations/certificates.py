"""The certificates in the files of the settings, and when what the settings name ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates

from webcrm_sync.core.endings import Ending
from webcrm_sync.core.trouble_kinds import TroubleKind
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
        if path and (at := _first_end(read_certificates(path))):
            yield Ending(kind, at)


def read_certificates(path: Path) -> Sequence[Certificate]:
    """The certificates in a PEM file; empty for a file without one, which `doctor` names."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return ()


def _first_end(certificates: Sequence[Certificate]) -> datetime | None:
    """The first end of them all: each of a chain is needed."""
    return min((one.not_valid_after_utc for one in certificates), default=None)
