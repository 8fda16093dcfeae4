"""Checks an application's sign-in by certificate (Microsoft Entra: certificate credentials)."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa


class InvalidAssertion(Exception):
    """The assertion proves nothing about the application; the message says why."""


def check_assertion(
    assertion: str, certificates: Iterable[x509.Certificate], *, client_id: str, audience: str
) -> None:
    """Check an assertion against the certificates of its application. Raises InvalidAssertion."""
    try:
        head = jwt.get_unverified_header(assertion)
        known = {_thumbprint(c): c for c in certificates}
        key = known[head.get("x5t#S256", "").rstrip("=")].public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise jwt.InvalidKeyError("Entra takes RSA certificates only")
        claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=audience)
    except (jwt.PyJWTError, KeyError) as error:
        raise InvalidAssertion("Client assertion failed signature validation.") from error
    if not claims.get("iss") == claims.get("sub") == client_id:
        raise InvalidAssertion("Client assertion is not the app's own.")


def _thumbprint(certificate: x509.Certificate) -> str:
    digest = certificate.fingerprint(hashes.SHA256())
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
