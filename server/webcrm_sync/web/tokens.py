"""Validates the access tokens that the add-in gets from Entra.

Source of the checks: Microsoft Entra: access tokens, "Validate tokens". A person is identified by
(tid, oid), never by an address.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any

import jwt

from webcrm_sync.settings import Settings

FindKey = Callable[[str], jwt.PyJWK | None]

#: The only scope of the API.
SCOPE = "access_as_user"
#: The largest difference between two clocks.
_LEEWAY = timedelta(seconds=60)
_REQUIRED = ["exp", "nbf", "iss", "aud", "tid", "oid", "ver", "scp", "azp"]
#: Tokens of Entra have 2 to 4 kB; servers accept headers of 8 kB.
_MAX_LENGTH, _MAX_HEADER_LENGTH = 8192, 2048
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
#: How many valid tokens are cached: more than the people whom a process serves at a time.
_CACHE_SIZE = 2000


class TokenRefused(Exception):
    """The token is invalid. The message is one word for the log that says why."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in person. `address` and `name` are for display only: Entra does not verify them."""

    user_id: str
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class _ValidToken:
    """A token that `key` has verified. `until`: its `exp`."""

    person: SignedIn
    kid: str
    key: jwt.PyJWK
    until: float


class TokenReader:
    """Reads tokens, and caches the valid ones by digest: a pane sends its token with each request.

    A cached token is valid until its `exp`, and only while Entra still publishes the key that
    verified it. Thread-safe.
    """

    def __init__(self, settings: Settings, find_key: FindKey) -> None:
        self._settings = settings
        self._find_key = find_key
        self._valid: OrderedDict[bytes, _ValidToken] = OrderedDict()
        self._lock = Lock()

    def read(self, token: str) -> SignedIn:
        """The person whom a token names. Raises TokenRefused; TryLater without Entra's keys."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        with self._lock:
            cached = self._valid.get(digest)
        if cached and time.time() < cached.until and self._find_key(cached.kid) is cached.key:
            return cached.person
        valid = _verify(token, self._settings, self._find_key)
        with self._lock:
            self._valid[digest] = valid
            self._valid.move_to_end(digest)
            if len(self._valid) > _CACHE_SIZE:
                self._valid.popitem(last=False)
        return valid.person


def _verify(token: str, settings: Settings, find_key: FindKey) -> _ValidToken:
    """The verified token, for the API's scope in the own tenant. Raises TokenRefused."""
    try:
        kid = _key_id(token)
        key = find_key(kid)
        if key is None:
            raise TokenRefused("key")
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=settings.entra_client_id,
            leeway=_LEEWAY,
            options={"require": _REQUIRED},
        )
        _check_claims(claims, settings)
        until = float(claims["exp"])
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise TokenRefused(type(error).__name__) from None
    person = SignedIn(
        user_id=_text(claims, "oid"),
        address=_text(claims, "preferred_username"),
        name=_text(claims, "name"),
    )
    return _ValidToken(person, kid, key, until)


def _key_id(token: str) -> str:
    """The key's id in the token's header. Raises TokenRefused.

    Ignores keys that the header contains or links to. Refuses a header with critical extensions,
    since this product implements none (RFC 7515: crit).
    """
    form = _FORM.fullmatch(token) if len(token) <= _MAX_LENGTH else None
    if form is None or len(form[1]) > _MAX_HEADER_LENGTH:
        raise TokenRefused("form")
    header = jwt.get_unverified_header(token)
    if header.get("alg") != "RS256":
        raise TokenRefused("alg")
    if "crit" in header:
        raise TokenRefused("crit")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise TokenRefused("kid")
    return kid


def _check_claims(claims: Mapping[str, Any], settings: Settings) -> None:
    """Check the claims that PyJWT does not check. Raises TokenRefused.

    `azp` is the client that requested the token. It must be the add-in, which has the same
    registration as the service; other clients with this scope are refused. `idtyp` marks the
    token of an application instead of a person, if Entra is configured to set it.
    """
    tenant = _text(claims, "tid")
    checks = {
        "tid": tenant.lower() == settings.entra_tenant_id.lower(),
        "ver": _text(claims, "ver") == "2.0",
        "iss": _text(claims, "iss") == f"{settings.entra_authority}/{tenant}/v2.0",
        "aud": claims.get("aud") == settings.entra_client_id,
        "azp": _text(claims, "azp").lower() == settings.entra_client_id.lower(),
        "idtyp": claims.get("idtyp", "user") == "user",
        "scp": SCOPE in _text(claims, "scp").split(),
        "oid": bool(_text(claims, "oid")),
    }
    for name, is_valid in checks.items():
        if not is_valid:
            raise TokenRefused(name)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
