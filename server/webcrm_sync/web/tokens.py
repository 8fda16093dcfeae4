"""Who speaks to us: the token that Outlook's add-in got from Entra, held to every check.

Microsoft Entra: access tokens, "Validate tokens". The person is (tid, oid), never an address.
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

#: The one scope of ours that the add-in asks for.
SCOPE = "access_as_user"
#: Two clocks may differ this much.
_LEEWAY = timedelta(seconds=60)
_REQUIRED = ["exp", "nbf", "iss", "aud", "tid", "oid", "ver", "scp", "azp"]
#: Entra's tokens have 2 to 4 kB; servers take headers of 8 kB.
_LONGEST, _LONGEST_HEAD = 8192, 2048
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
#: Good tokens that are remembered: more people than a process serves at a time.
_REMEMBERED = 2000


class TokenRefused(Exception):
    """The token is not one that we take; the message says why, in one word, for the log."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person as Entra vouches for. `address`, `name`: to be shown, never to be trusted."""

    user_id: str
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A token that was found good by this key; `until` its end by its own word."""

    person: SignedIn
    kid: str
    key: jwt.PyJWK
    until: float


class TokenReader:
    """Reads tokens, and remembers the good ones by their digest: a pane sends its own each time.

    A remembered token is taken until its `exp` at the latest, and only while Entra's key is the
    very one that it was checked by. Thread-safe.
    """

    def __init__(self, settings: Settings, key_of: FindKey) -> None:
        self._settings = settings
        self._key_of = key_of
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._lock = Lock()

    def read(self, token: str) -> SignedIn:
        """The person behind a token. Raises TokenRefused, and TryLater without Entra's keys."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        with self._lock:
            known = self._known.get(digest)
        if known and time.time() < known.until and self._key_of(known.kid) is known.key:
            return known.person
        found = _check_all(token, self._settings, self._key_of)
        with self._lock:
            self._known[digest] = found
            self._known.move_to_end(digest)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found.person


def _check_all(token: str, settings: Settings, key_of: FindKey) -> _Known:
    """A token for our own scope in our own tenant. Raises TokenRefused."""
    try:
        kid = _kid(token)
        key = key_of(kid)
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
        _check(claims, settings)
        until = float(claims["exp"])
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise TokenRefused(type(error).__name__) from None
    person = SignedIn(
        user_id=_text(claims, "oid"),
        address=_text(claims, "preferred_username"),
        name=_text(claims, "name"),
    )
    return _Known(person, kid, key, until)


def _kid(token: str) -> str:
    """The name of the key in the head of what has the form of a token. Raises TokenRefused.

    Other keys that the head may bring or point at are not looked at; what it calls critical is
    nothing that we know (RFC 7515: crit).
    """
    form = _FORM.fullmatch(token) if len(token) <= _LONGEST else None
    if form is None or len(form[1]) > _LONGEST_HEAD:
        raise TokenRefused("form")
    head = jwt.get_unverified_header(token)
    if head.get("alg") != "RS256":
        raise TokenRefused("alg")
    if "crit" in head:
        raise TokenRefused("crit")
    kid = head.get("kid")
    if not isinstance(kid, str):
        raise TokenRefused("kid")
    return kid


def _check(claims: Mapping[str, Any], settings: Settings) -> None:
    """What PyJWT does not look at. Raises TokenRefused.

    `azp` is who asked for the token: the add-in, which is the same registration as we are; another
    application that may ask for our scope is not it. `idtyp` tells an application's own token,
    where Entra is asked to set it.
    """
    tenant = _text(claims, "tid")
    wanted = {
        "tid": tenant.lower() == settings.entra_tenant_id.lower(),
        "ver": _text(claims, "ver") == "2.0",
        "iss": _text(claims, "iss") == f"{settings.entra_authority}/{tenant}/v2.0",
        "aud": claims.get("aud") == settings.entra_client_id,
        "azp": _text(claims, "azp").lower() == settings.entra_client_id.lower(),
        "idtyp": claims.get("idtyp", "user") == "user",
        "scp": SCOPE in _text(claims, "scp").split(),
        "oid": bool(_text(claims, "oid")),
    }
    for name, is_right in wanted.items():
        if not is_right:
            raise TokenRefused(name)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
