"""Encryption of secrets in the database, and the key that encrypts them."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

#: Equal in every installation, so that every machine derives the same key. scrypt makes guessing a
#: passphrase costly (RFC 7914; here 16 MB and about 50 ms, once).
_SALT = b"webcrm-sync secrets at rest, 1"
_COST = {"n": 2**14, "r": 8, "p": 1}
#: Bytes of a signature.
SIGNATURE = 16


class WrongKey(Exception):
    """No key in WEBCRM_SYNC_SECRET_KEY decrypts a secret in the database."""

    def __init__(self) -> None:
        super().__init__(
            "A secret in the database cannot be decrypted with WEBCRM_SYNC_SECRET_KEY. "
            "Put the key that encrypted it behind the new one, separated by a comma."
        )


class Cipher:
    """Encrypts with the first of its keys, decrypts with any. A key is any passphrase."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("WEBCRM_SYNC_SECRET_KEY: a key is empty")
        self._keys = [_derive(key) for key in keys]
        self._fernet = MultiFernet([Fernet(key) for key in self._keys])
        self._first = Fernet(self._keys[0])
        self._signing_key = hmac.digest(self._keys[0], b"signatures", "sha256")

    def encrypt(self, text: str) -> str:
        """`text` as a printable token that only these keys decrypt; different at every call."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """The text of a token. Raises WrongKey if no key decrypts it."""
        try:
            return self._fernet.decrypt(token).decode()
        except InvalidToken as error:
            raise WrongKey from error

    def derive_secrets(self, purpose: str) -> tuple[str, ...]:
        """One URL-safe secret for `purpose` per key, in their order.

        It is derived, so the database stores none, and it does not reveal its key (RFC 2104: HMAC).
        """
        digests = [hmac.digest(key, purpose.encode(), "sha256") for key in self._keys]
        return tuple(base64.urlsafe_b64encode(digest[:24]).decode() for digest in digests)

    def encrypt_again(self, token: str) -> str:
        """A token of the same text by the first key. Raises WrongKey."""
        return self.encrypt(self.decrypt(token))

    @property
    def has_earlier_keys(self) -> bool:
        """True if there are keys after the first one, which only decrypt."""
        return len(self._keys) > 1

    def is_encrypted_with_first_key(self, token: str) -> bool:
        """True if the first key decrypts the token, which then needs no earlier key."""
        try:
            self._first.decrypt(token)
        except InvalidToken:
            return False
        return True

    def sign(self, data: bytes) -> bytes:
        """A signature of `data` by the first key, for data that a client soon sends back."""
        return hmac.digest(self._signing_key, data, "sha256")[:SIGNATURE]

    def is_signature(self, signature: bytes, data: bytes) -> bool:
        """True if `sign` made this signature of `data`."""
        return hmac.compare_digest(signature, self.sign(data))


@cache
def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(_SALT, 32, **_COST).derive(key.encode()))


def read_or_create_key(data_dir: Path) -> str:
    """The key in the existing directory `data_dir`, created at the first call."""
    return read_or_create_secret(data_dir / "secret.key")


def read_or_create_secret(path: Path) -> str:
    """The secret in the file `path`, created at the first call, readable by its owner only (0600).

    Processes that call at the same time all get the same, whole secret.
    """
    with suppress(FileNotFoundError):
        return path.read_text("ascii")
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text("ascii")
