"""The sandbox's keys: generated once per process, since generating takes a tenth of a second."""

from __future__ import annotations

import secrets
from functools import cache

import trustme
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def signing_key() -> tuple[rsa.RSAPrivateKey, str]:
    """The key that every simulated Entra signs its tokens with, and the key's id."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key, secrets.token_urlsafe(16)


@cache
def certificate_authority() -> trustme.CA:
    """The certificate authority of the sandbox's servers."""
    return trustme.CA(organization_name="Sandbox")
