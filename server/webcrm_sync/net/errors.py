"""A failed connection -> one of `core.errors`. Pure."""

from __future__ import annotations

import ssl

from webcrm_sync.core.errors import TryLater
from webcrm_sync.settings import PREFIX

NOT_TRUSTED = "CertificateNotTrusted"


def classify_connection_error(host: str, error: Exception) -> TryLater:
    """The error for a `host` that could not be reached.

    If its certificate is the reason, the code is NOT_TRUSTED and the message names CA_BUNDLE.
    """
    if _is_untrusted(error):
        return TryLater(
            f"The certificate of {host} is not trusted; put its root into {PREFIX}CA_BUNDLE.",
            code=NOT_TRUSTED,
        )
    return TryLater(f"No answer from {host} ({type(error).__name__}).", code="NoConnection")


def _is_untrusted(error: BaseException | None) -> bool:
    """True if a failed verification led to `error`.

    Only the type counts, since the message differs by system. httpcore raises its own error `from
    None`, which leaves the verification's in the context.
    """
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
