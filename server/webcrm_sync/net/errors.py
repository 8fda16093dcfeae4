"""A failed connection -> one of `core.errors`. Pure."""

from __future__ import annotations

from webcrm_sync.core.errors import TryLater
from webcrm_sync.net.certificate_faults import find_certificate_fault

NOT_TRUSTED = "CertificateNotTrusted"


def classify_connection_error(host: str, error: Exception) -> TryLater:
    """The error for a `host` that could not be reached.

    If its certificate is the reason, the code is NOT_TRUSTED and the message says what to do.
    """
    if fault := find_certificate_fault(error):
        text = f"The certificate of {host} {fault.words}; {fault.cure}."
        return TryLater(text, code=NOT_TRUSTED)
    return TryLater(f"No answer from {host} ({type(error).__name__}).", code="NoConnection")
