"""The application's certificate: a PEM file with its private key."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from webcrm_sync.core.errors import LoginRefused
from webcrm_sync.settings import PREFIX

_NAME = f"{PREFIX}ENTRA_CLIENT_CERTIFICATE"
_CODE = "invalid_certificate"


def read_certificate(path: Path) -> str:
    """The text of the file. Raises LoginRefused, which says what the file must hold."""
    try:
        pem = path.read_bytes()
        key, certificate = load_pem_private_key(pem, None), load_pem_x509_certificate(pem)
        text = pem.decode()
    except (OSError, ValueError, TypeError):  # TypeError: the key has a password
        raise LoginRefused(
            f"{_NAME} must be a PEM file that holds the private key, without a password, and the"
            " certificate.",
            code=_CODE,
        ) from None
    if not isinstance(key, RSAPrivateKey):
        # Entra takes no other algorithm (Microsoft identity platform: certificate credentials).
        raise LoginRefused(f"{_NAME} must hold an RSA key of at least 2048 bits.", code=_CODE)
    if key.public_key() != certificate.public_key():
        raise LoginRefused(f"{_NAME} holds the key of another certificate.", code=_CODE)
    return text
