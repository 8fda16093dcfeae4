"""The checks of the certificates in files, and of what ends soon."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime

from webcrm_sync.core.endings import Ending, ends_soon
from webcrm_sync.core.trouble_kinds import TroubleKind
from webcrm_sync.engine.operations.certificates import read_certificates, read_endings
from webcrm_sync.engine.operations.doctor.check import Check, Verdict, run_part
from webcrm_sync.graph.credential import read_certificate
from webcrm_sync.settings import PREFIX, Settings

_NAME = "certificates"
_NAMES = {
    TroubleKind.CLIENT_SECRET: f"{PREFIX}ENTRA_CLIENT_SECRET",
    TroubleKind.CLIENT_CERTIFICATE: f"{PREFIX}ENTRA_CLIENT_CERTIFICATE",
    TroubleKind.TLS_CERTIFICATE: f"{PREFIX}TLS_CERT",
}


def check_certificates(settings: Settings, now: datetime) -> Iterator[Check]:
    """The certificates that the settings name: readable, with their keys, and when they end."""
    yield from run_part(_NAME, lambda: _check_client(settings))
    yield from _check_tls(settings)
    for ending in read_endings(settings):
        yield _check_end(ending, now)
    if settings.ca_bundle:
        for one in read_certificates(settings.ca_bundle):
            name = f"a certificate in {PREFIX}CA_BUNDLE"
            if end := describe_end(name, one.not_valid_after_utc, now):
                yield end


def describe_end(name: str, at: datetime, now: datetime) -> Check | None:
    """A check of what has ended or ends soon, None = it lasts."""
    if at <= now:
        text = f"{name} ended on {at:%Y-%m-%d}: replace it now"
        return Check(_NAME, Verdict.FAILED, text)
    if ends_soon(at, now):
        text = f"{name} ends on {at:%Y-%m-%d}: replace it before"
        return Check(_NAME, Verdict.WARNING, text)
    return None


def _check_client(settings: Settings) -> Iterator[Check]:
    path = settings.entra_client_certificate
    if path is None:
        return
    name = f"{PREFIX}ENTRA_CLIENT_CERTIFICATE"
    if settings.entra_client_secret:
        text = f"{name} is not used, since {PREFIX}ENTRA_CLIENT_SECRET is set: remove one of them"
        yield Check(_NAME, Verdict.WARNING, text)
        return
    read_certificate(path)


def _check_tls(settings: Settings) -> Iterator[Check]:
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


def _no_password() -> str:
    """Keeps OpenSSL from asking at the terminal. Raises ValueError."""
    raise ValueError("the key has a password")


def _check_end(ending: Ending, now: datetime) -> Check:
    name = _NAMES[ending.kind]
    lasts = Check(_NAME, Verdict.OK, f"{name} lasts until {ending.at:%Y-%m-%d}")
    return describe_end(name, ending.at, now) or lasts
