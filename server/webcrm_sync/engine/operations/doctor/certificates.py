"""The checks of the certificates in files, and of what ends soon."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates

from webcrm_sync.engine.operations.doctor.check import Check, Verdict, run_part
from webcrm_sync.graph.credential import read_certificate
from webcrm_sync.settings import PREFIX, Settings

_NAME = "certificates"
#: So long before its end a certificate is a warning.
_SOON = timedelta(days=30)


def check_certificates(settings: Settings, now: datetime) -> Iterator[Check]:
    """The certificates that the settings name: readable, with their keys, and when they end."""
    yield from run_part(_NAME, lambda: _check_client(settings, now))
    if settings.entra_client_secret and settings.entra_client_secret_expires:
        name = f"{PREFIX}ENTRA_CLIENT_SECRET"
        yield _check_moment(name, settings.entra_client_secret_expires, now)
    yield from _check_tls(settings, now)
    if settings.ca_bundle:
        for one in _read(settings.ca_bundle):
            name = f"a certificate in {PREFIX}CA_BUNDLE"
            if end := describe_end(name, one.not_valid_after_utc, now):
                yield end


def describe_end(name: str, at: datetime, now: datetime) -> Check | None:
    """A check of what has ended or ends soon, None = it lasts."""
    if at <= now:
        text = f"{name} ended on {at:%Y-%m-%d}: replace it now"
        return Check(_NAME, Verdict.FAILED, text)
    if at <= now + _SOON:
        text = f"{name} ends on {at:%Y-%m-%d}: replace it before"
        return Check(_NAME, Verdict.WARNING, text)
    return None


def _check_client(settings: Settings, now: datetime) -> Iterator[Check]:
    path = settings.entra_client_certificate
    if path is None:
        return
    name = f"{PREFIX}ENTRA_CLIENT_CERTIFICATE"
    if settings.entra_client_secret:
        text = f"{name} is not used, since {PREFIX}ENTRA_CLIENT_SECRET is set: remove one of them"
        yield Check(_NAME, Verdict.WARNING, text)
        return
    read_certificate(path)
    yield from _check_end(name, _read(path), now)


def _check_tls(settings: Settings, now: datetime) -> Iterator[Check]:
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            settings.tls_cert, settings.tls_key, password=_no_password
        )
    except (OSError, ValueError) as error:
        is_pair = "KEY_VALUES_MISMATCH" in str(error)
        reason = (
            "the key belongs to another certificate"
            if is_pair
            else "one of the files is no PEM file, or the key has a password"
        )
        text = f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY cannot be used: {reason}"
        yield Check(_NAME, Verdict.FAILED, text)
        return
    yield from _check_end(f"{PREFIX}TLS_CERT", _read(settings.tls_cert), now)


def _no_password() -> str:
    """Keeps OpenSSL from asking at the terminal. Raises ValueError."""
    raise ValueError("the key has a password")


def _check_end(name: str, certificates: list[Certificate], now: datetime) -> Iterator[Check]:
    """The first certificate of a file is the server's or the application's own."""
    yield _check_moment(name, certificates[0].not_valid_after_utc, now)


def _check_moment(name: str, at: datetime, now: datetime) -> Check:
    lasts = Check(_NAME, Verdict.OK, f"{name} lasts until {at:%Y-%m-%d}")
    return describe_end(name, at, now) or lasts


def _read(path: Path) -> list[Certificate]:
    """The certificates in a PEM file; empty for a file without one."""
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return []
