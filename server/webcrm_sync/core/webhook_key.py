"""The key by which messages to a webhook are signed, from the secret in the settings. Pure."""

from __future__ import annotations

import base64
import binascii

#: A secret with this prefix is written in base64 (Standard Webhooks: signature scheme).
_ENCODED = "whsec_"
#: A shorter key could be guessed. Standard Webhooks asks for 24 bytes of a new one.
_LEAST_BYTES = 16


def webhook_key(secret: str) -> bytes:
    """The key's bytes. Raises ValueError if the secret is no base64 as it says, or too short."""
    key = secret.encode()
    if secret.startswith(_ENCODED):
        try:
            key = base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
        except binascii.Error:
            raise ValueError(f"what follows {_ENCODED} is no base64") from None
    if len(key) < _LEAST_BYTES:
        raise ValueError(f"has fewer than {_LEAST_BYTES} bytes")
    return key
