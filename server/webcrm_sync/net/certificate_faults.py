"""Why the certificate of a server is refused. Pure."""

from __future__ import annotations

import ssl
from enum import Enum

from webcrm_sync.settings import PREFIX


class CertificateFault(Enum):
    """What is wrong with a certificate, and what its user can do."""

    EXPIRED = "has expired", "its owner must renew it, unless the clock of this machine is wrong"
    OTHER_NAME = "is for another name", "check the address"
    UNKNOWN_ROOT = "is not trusted", f"put its root into {PREFIX}CA_BUNDLE"

    def __init__(self, words: str, cure: str) -> None:
        self.words = words
        self.cure = cure


#: OpenSSL's numbers of refused certificates (OpenSSL: x509_vfy.h); other systems have none.
_BY_CODE = {
    10: CertificateFault.EXPIRED,
    62: CertificateFault.OTHER_NAME,
    64: CertificateFault.OTHER_NAME,  # an address instead of a name
}


def find_certificate_fault(error: BaseException | None) -> CertificateFault | None:
    """The fault if a failed verification led to `error`, None = something else did.

    httpcore raises its own error `from None`, which leaves the verification's in the context.
    """
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _BY_CODE.get(error.verify_code, CertificateFault.UNKNOWN_ROOT)
        error = error.__cause__ or error.__context__
    return None
