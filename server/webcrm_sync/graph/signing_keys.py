"""The keys that Entra signs people's tokens with."""

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

#: Keys are read again this often (Microsoft Entra: signing key rollover).
_FRESH = timedelta(hours=24)
#: Between two attempts, however many ask and whatever became of the first.
_PAUSE = timedelta(seconds=30)
#: While Entra cannot be asked, the keys of its last answer are good for this long.
_KEPT = timedelta(days=7)
#: So long a request waits for an attempt that may bring its key.
_PATIENCE_S = 5.0
#: RSA keys of 2048 to 8192 bits (RFC 7518, 3.3: not less), and the digits that write them.
_SIZES, _LONGEST = range(2048, 8193), 1400


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
        self._trouble = TryLater("Entra has not told its keys yet.")

    def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that name, None = there is none.

        A known one is there at once, also while they are read again. One that is not known is
        waited for by who began the attempt, and by everybody only while no key is known at all.
        Raises TryLater while Entra has told none, or none for days.
        """
        with self._lock:
            keys = self._good()
            known = keys.get(kid)
            is_due = self._attempt is None and self._is_due(is_known=known is not None)
            if is_due:
                self._attempt, self._tried_at = Event(), self._now()
            attempt = self._attempt
        if is_due and attempt:
            Thread(target=self._try, args=(attempt,), name="signing-keys", daemon=True).start()
        if known is not None:
            return known
        if attempt and (is_due or not keys):
            attempt.wait(_PATIENCE_S)
        return self._told(kid)

    def _told(self, kid: str) -> jwt.PyJWK | None:
        with self._lock:
            keys, tried_at = self._good(), self._tried_at
            if not keys:
                again = tried_at and tried_at + _PAUSE
                raise TryLater(str(self._trouble), retry_at=again, code=self._trouble.code)
            return keys.get(kid)

    def _good(self) -> Mapping[str, jwt.PyJWK]:
        """The keys that are not too old to be believed."""
        return self._keys if _is_within(self._read_at, _KEPT, self._now()) else {}

    def _is_due(self, *, is_known: bool) -> bool:
        now = self._now()
        is_enough = is_known and _is_within(self._read_at, _FRESH, now)
        return not is_enough and not _is_within(self._tried_at, _PAUSE, now)

    def _try(self, attempt: Event) -> None:
        try:
            keys = self._read()
        except SyncError as error:
            logger.warning("signing_keys_not_read", extra={"why": str(error)})
            with self._lock:
                self._trouble = TryLater(str(error), code=error.code)
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
    """True less than `span` after `since`; a clock that was set back makes nothing last longer."""
    return since is not None and timedelta() <= now - since < span


def read_signing_keys(document: Any, *, issuer: str = "") -> Mapping[str, jwt.PyJWK]:
    """The RSA keys in a JWKS document by `kid`; what is none of ours, or broken, is left out.

    `issuer`: whose keys they are, where a key says so (Microsoft Entra: access tokens, validate
    the signing key issuer). Raises TryLater when there is none.
    """
    lines = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, jwt.PyJWK] = {}
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and _is_ours(line, issuer) and (key := _key(line)):
            found.setdefault(line["kid"], key)
    if not found:
        raise TryLater("Entra's keys cannot be read.", code="NoKeys")
    return found


def _is_ours(line: Mapping[str, Any], issuer: str) -> bool:
    """True for a public key that signs by RS256, in the name of `issuer`."""
    told = line.get("issuer", issuer)
    tenant = issuer.split("/")[-2] if issuer else ""
    return (
        isinstance(line.get("kid"), str)
        and line.get("kty") == "RSA"
        and line.get("use", "sig") == "sig"
        and line.get("alg", "RS256") == "RS256"
        and "d" not in line
        and isinstance(told, str)
        and (not issuer or told.replace("{tenantid}", tenant).lower() == issuer.lower())
    )


def _key(line: Mapping[str, Any]) -> jwt.PyJWK | None:
    if any(len(str(line.get(part))) > _LONGEST for part in ("n", "e", "kid")):
        return None
    try:
        key = jwt.PyJWK(dict(line), algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError):
        return None
    is_good = isinstance(key.key, RSAPublicKey) and key.key.key_size in _SIZES
    return key if is_good else None
