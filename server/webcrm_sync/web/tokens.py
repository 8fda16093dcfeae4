"""Who speaks to us: the token that Outlook's add-in got from Entra, held to every check.

Microsoft Entra: access tokens, "Validate tokens". The person is (tid, oid), never an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt

from webcrm_sync.settings import Settings

#: The one scope of ours that the add-in asks for.
SCOPE = "access_as_user"
#: Two clocks may differ this much.
_LEEWAY = timedelta(seconds=60)
_REQUIRED = ["exp", "nbf", "iss", "aud", "tid", "oid", "ver", "scp"]


class TokenRefused(Exception):
    """The token is not one that we take; the message says why, in one word, for the log."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person as Entra vouches for. `address`, `name`: to be shown, never to be trusted."""

    user_id: str
    address: str
    name: str


def read_token(
    token: str, settings: Settings, key_of: Callable[[str], jwt.PyJWK | None]
) -> SignedIn:
    """The person behind a token for our own scope in our own tenant. Raises TokenRefused."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = key_of(kid) if isinstance(kid, str) else None
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
    except jwt.PyJWTError as error:
        raise TokenRefused(type(error).__name__) from error
    _check(claims, settings)
    return SignedIn(
        user_id=_text(claims, "oid"),
        address=_text(claims, "preferred_username"),
        name=_text(claims, "name"),
    )


def _check(claims: Mapping[str, Any], settings: Settings) -> None:
    """What PyJWT does not look at. Raises TokenRefused."""
    tenant = _text(claims, "tid")
    if tenant.lower() != settings.entra_tenant_id.lower():
        raise TokenRefused("tid")
    if _text(claims, "ver") != "2.0":
        raise TokenRefused("ver")
    if _text(claims, "iss") != f"{settings.entra_authority}/{tenant}/v2.0":
        raise TokenRefused("iss")
    if claims.get("aud") != settings.entra_client_id:
        raise TokenRefused("aud")
    if SCOPE not in _text(claims, "scp").split():
        raise TokenRefused("scp")
    if not _text(claims, "oid"):
        raise TokenRefused("oid")


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""
