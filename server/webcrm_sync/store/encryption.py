"""Secrets at rest: sealed before they enter the database, and the key that seals them."""

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

#: The same for every installation, so that every machine derives the same key. A passphrase is
#: made costly to guess by scrypt (RFC 7914; its cost here: 16 MB and about 50 ms, once).
_SALT = b"webcrm-sync secrets at rest, 1"
_COST = {"n": 2**14, "r": 8, "p": 1}


#: Bytes of a signature.
SIGNATURE = 16


class SealBroken(Exception):
    """Something sealed cannot be opened with any of the keys in WEBCRM_SYNC_SECRET_KEY."""

    def __init__(self) -> None:
        super().__init__(
            "A secret in the database cannot be opened with WEBCRM_SYNC_SECRET_KEY. "
            "Put the key that sealed it behind the new one, separated by a comma."
        )


class Seal:
    """Seals with the first of its keys and opens with each of them; a key is any passphrase."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("WEBCRM_SYNC_SECRET_KEY: a key is empty")
        self._keys = [_derive(key) for key in keys]
        self._fernet = MultiFernet([Fernet(key) for key in self._keys])
        self._first = Fernet(self._keys[0])
        self._signing_key = hmac.digest(self._keys[0], b"signatures", "sha256")

    def seal(self, text: str) -> str:
        """`text` as a printable token that only these keys open; another one at every call."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        Raises SealBroken when no key opens it.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SealBroken from error

    def derived(self, purpose: str) -> tuple[str, ...]:
        """A secret for `purpose` made of each key, in their order; fit for an address.

        It needs no place in the database, and tells nothing of its key (RFC 2104: HMAC).
        """
        digests = [hmac.digest(key, purpose.encode(), "sha256") for key in self._keys]
        return tuple(base64.urlsafe_b64encode(digest[:24]).decode() for digest in digests)

    def renew(self, sealed: str) -> str:
        """The same text, sealed with the first key.

        Raises SealBroken when no key opens it.
        """
        return self.seal(self.open(sealed))

    @property
    def has_earlier_keys(self) -> bool:
        """True while keys are kept behind the first one."""
        return len(self._keys) > 1

    def is_first(self, sealed: str) -> bool:
        """True when the first key opens it: no key behind that one is needed."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def sign(self, data: bytes) -> bytes:
        """A signature of `data` by the first key, for what leaves us and comes back soon."""
        return hmac.digest(self._signing_key, data, "sha256")[:SIGNATURE]

    def is_signature(self, signature: bytes, data: bytes) -> bool:
        """True when `sign` made this signature of `data`."""
        return hmac.compare_digest(signature, self.sign(data))


@cache
def _derive(key: str) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(_SALT, 32, **_COST).derive(key.encode()))


def read_or_make_key(data_dir: Path) -> str:
    """The key kept in `data_dir`, made at the first call; the directory must be there."""
    return read_or_make_secret(data_dir / "secret.key")


def read_or_make_secret(path: Path) -> str:
    """The secret in the file `path`, made at the first call, for its owner only (0600).

    Processes that call at once all get the same secret, and none sees half of one.
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
