"""The keys that Entra signs people's tokens with."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import jwt

from webcrm_sync.core.errors import TryLater
from webcrm_sync.graph.outgoing import EntraHttp
from webcrm_sync.settings import Settings

#: Keys are read again this often (Microsoft Entra: signing key rollover).
_FRESH = timedelta(hours=24)
#: For keys that are not known, however many are asked for.
_PAUSE = timedelta(seconds=30)


class SigningKeys:
    """The tenant's public keys by `kid`, remembered for a day. Thread-safe."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        tenant = f"{settings.entra_authority}/{settings.entra_tenant_id}"
        self._url = f"{tenant}/discovery/v2.0/keys"
        self._http = EntraHttp(settings, now=now)
        self._now = now
        self._lock = threading.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._read_at: datetime | None = None

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that name; they are read again, once, when it is not among the known.

        Raises TryLater when Entra does not answer.
        """
        with self._lock:
            age = self._now() - self._read_at if self._read_at else _FRESH
            if age >= _FRESH or (kid not in self._keys and age >= _PAUSE):
                self._keys = self._read()
                self._read_at = self._now()
            return self._keys.get(kid)

    def _read(self) -> Mapping[str, jwt.PyJWK]:
        answer = self._http.get(self._url)
        if answer.status_code != httpx.codes.OK:
            raise TryLater(f"Entra answers with status {answer.status_code} instead of its keys.")
        return signing_keys(json.loads(answer.text))


def signing_keys(document: Any) -> Mapping[str, jwt.PyJWK]:
    """The RSA keys in a JWKS document by `kid`; others are left out.

    Raises TryLater when it is no such document.
    """
    lines = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(lines, list):
        raise TryLater("Entra's keys cannot be read.")
    return {
        line["kid"]: jwt.PyJWK(line, algorithm="RS256")
        for line in lines
        if isinstance(line, dict) and line.get("kty") == "RSA" and isinstance(line.get("kid"), str)
    }
