"""The public keys of the signatures on people's tokens from Entra."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from webcrm_sync.core.errors import SyncError, TryLater
from webcrm_sync.graph.entra_http import EntraHttp
from webcrm_sync.settings import Settings

logger = logging.getLogger(__name__)

#: Keys are read again after this time (Microsoft Entra: signing key rollover).
_FRESH = timedelta(hours=24)
#: The shortest time between two attempts to read, after a success and after a failure.
_PAUSE = timedelta(seconds=30)
#: While Entra does not answer, the keys that it sent last stay valid for this time.
_VALID = timedelta(days=7)
#: The longest time that a request waits for an attempt that may bring its key.
_WAIT_S = 5.0
#: RSA keys of 2048 to 8192 bits (RFC 7518, 3.3: not less), and the length of their encoding.
_KEY_SIZES, _MAX_LENGTH = range(2048, 8193), 1400


class SigningKeys:
    """The tenant's public keys by `kid`. Thread-safe; one attempt at a time reads them."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        tenant = f"{settings.entra_authority}/{settings.entra_tenant_id}"
        self._url = f"{tenant}/discovery/v2.0/keys"
        self._issuer = f"{tenant}/v2.0"
        self._settings = settings
        self._now = now
        self._lock = Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._attempt: Event | None = None
        self._error = TryLater("Entra has not sent its keys yet.")

    def find_key(self, kid: str) -> jwt.PyJWK | None:
        """The key with this `kid`, None = there is no such key.

        A known key is returned at once, even while the keys are read again. For an unknown key,
        only the caller that starts the attempt waits for it; while no key is known, all callers
        wait. Raises TryLater if there is no valid key at all.
        """
        with self._lock:
            keys = self._valid_keys()
            key = keys.get(kid)
            is_due = self._attempt is None and self._is_due(is_known=key is not None)
            if is_due:
                self._attempt, self._tried_at = Event(), self._now()
            attempt = self._attempt
        if is_due and attempt:
            Thread(target=self._update, args=(attempt,), name="signing-keys", daemon=True).start()
        if key is not None:
            return key
        if attempt and (is_due or not keys):
            attempt.wait(_WAIT_S)
        return self._get_key(kid)

    def _get_key(self, kid: str) -> jwt.PyJWK | None:
        with self._lock:
            keys, tried_at = self._valid_keys(), self._tried_at
            if not keys:
                retry_at = tried_at and tried_at + _PAUSE
                raise TryLater(str(self._error), retry_at=retry_at, code=self._error.code)
            return keys.get(kid)

    def _valid_keys(self) -> Mapping[str, jwt.PyJWK]:
        return self._keys if _is_within(self._read_at, _VALID, self._now()) else {}

    def _is_due(self, *, is_known: bool) -> bool:
        now = self._now()
        is_served = is_known and _is_within(self._read_at, _FRESH, now)
        return not is_served and not _is_within(self._tried_at, _PAUSE, now)

    def _update(self, attempt: Event) -> None:
        try:
            keys = self._read()
        except SyncError as error:
            logger.warning("signing_keys_not_read", extra={"why": str(error)})
            with self._lock:
                self._error = TryLater(str(error), code=error.code)
        else:
            with self._lock:
                self._keys, self._read_at = keys, self._now()
        finally:
            with self._lock:
                self._attempt = None
            attempt.set()

    def _read(self) -> Mapping[str, jwt.PyJWK]:
        with closing(EntraHttp(self._settings, now=self._now)) as http:
            answer = http.get(self._url)
        if answer.status_code != httpx.codes.OK:
            raise TryLater(f"Entra answers with status {answer.status_code} instead of its keys.")
        return read_signing_keys(json.loads(answer.text), issuer=self._issuer)


def _is_within(since: datetime | None, span: timedelta, now: datetime) -> bool:
    """True less than `span` after `since`. A clock that was set back does not extend the span."""
    return since is not None and timedelta() <= now - since < span


def read_signing_keys(document: Any, *, issuer: str = "") -> Mapping[str, jwt.PyJWK]:
    """The RSA keys in a JWKS document, by `kid`, without the unusable ones.

    `issuer`: the only issuer whose keys count, if a key names one (Microsoft Entra: access tokens,
    validate the signing key issuer). Raises TryLater if no key is left.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    keys: dict[str, jwt.PyJWK] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and _is_usable(entry, issuer) and (key := _read_key(entry)):
            keys.setdefault(entry["kid"], key)
    if not keys:
        raise TryLater("Entra's keys cannot be read.", code="NoKeys")
    return keys


def _is_usable(entry: Mapping[str, Any], issuer: str) -> bool:
    """True for a public key for RS256 signatures by `issuer`."""
    key_issuer = entry.get("issuer", issuer)
    tenant = issuer.split("/")[-2] if issuer else ""
    return (
        isinstance(entry.get("kid"), str)
        and entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
        and "d" not in entry
        and isinstance(key_issuer, str)
        and (not issuer or key_issuer.replace("{tenantid}", tenant).lower() == issuer.lower())
    )


def _read_key(entry: Mapping[str, Any]) -> jwt.PyJWK | None:
    if any(len(str(entry.get(part))) > _MAX_LENGTH for part in ("n", "e", "kid")):
        return None
    try:
        key = jwt.PyJWK(dict(entry), algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError):
        return None
    is_valid = isinstance(key.key, RSAPublicKey) and key.key.key_size in _KEY_SIZES
    return key if is_valid else None
