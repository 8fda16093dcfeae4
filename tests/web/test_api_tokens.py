"""A token is taken only when every one of its claims is right."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from webcrm_sync.graph.keys import signing_keys
from webcrm_sync.settings import Settings
from webcrm_sync.web.tokens import SignedIn, TokenRefused, read_token

TENANT = "6f1d2c3b-0000-4000-8000-00000000000a"
CLIENT = "c1c1c1c1-0000-4000-8000-00000000000b"
PERSON = "0a0a0a0a-0000-4000-8000-00000000000c"
AUTHORITY = "https://entra.example"
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHERS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SETTINGS = Settings(
    entra_authority=AUTHORITY,
    entra_tenant_id=TENANT,
    entra_client_id=CLIENT,
    entra_client_secret=SecretStr("hush"),
    webcrm_token=SecretStr("hush"),
)


def keys() -> Mapping[str, jwt.PyJWK]:
    public = jwt.algorithms.RSAAlgorithm.to_jwk(OURS.public_key(), as_dict=True)
    return signing_keys({"keys": [{**public, "kid": "k1", "use": "sig"}, {"kty": "EC"}]})


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token, with changes; None takes a claim away."""
    now = int(time.time())
    good = {
        "aud": CLIENT,
        "iss": f"{AUTHORITY}/{TENANT}/v2.0",
        "tid": TENANT,
        "oid": PERSON,
        "ver": "2.0",
        "scp": "openid access_as_user",
        "preferred_username": "kim@nordwind.example",
        "name": "Kim Nordwind",
        "nbf": now,
        "exp": now + 3600,
    }
    return {k: v for k, v in (good | changes).items() if v is not None}


def signed(payload: dict[str, Any], *, key: Any = OURS, kid: str = "k1") -> str:
    return jwt.encode(payload, key, algorithm="RS256", headers={"kid": kid})


def read(token: str) -> SignedIn:
    return read_token(token, SETTINGS, keys().get)


def test_a_good_token_tells_who_it_is() -> None:
    assert read(signed(claims())) == SignedIn(PERSON, "kim@nordwind.example", "Kim Nordwind")


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://graph.microsoft.com"},
        {"aud": f"api://{CLIENT}"},
        {"aud": [CLIENT, "https://graph.microsoft.com"]},
        {"iss": f"https://sts.windows.net/{TENANT}/"},
        {"iss": f"https://elsewhere.example/{TENANT}/v2.0"},
        {"tid": "6f1d2c3b-0000-4000-8000-0000000000ff"},
        {"ver": "1.0"},
        {"scp": "Mail.Read"},
        {"scp": "access_as_user_too"},
        {"scp": None, "roles": ["access_as_user"]},
        {"oid": None},
        {"oid": ""},
        {"tid": None},
        {"exp": 1_700_000_000},
        {"nbf": 4_000_000_000},
        {"exp": None},
        {"nbf": None},
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough_to_be_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        read(signed(claims(**changes)))


def test_a_token_of_another_tenant_with_everything_else_in_order_is_refused() -> None:
    other = "6f1d2c3b-0000-4000-8000-0000000000ff"
    with pytest.raises(TokenRefused, match="tid"):
        read(signed(claims(tid=other, iss=f"{AUTHORITY}/{other}/v2.0")))


def test_a_token_signed_by_somebody_else_is_refused() -> None:
    for kid in ("k1", "k2"):
        with pytest.raises(TokenRefused):
            read(signed(claims(), key=OTHERS, kid=kid))


def test_a_token_that_is_not_signed_or_signed_with_our_public_key_is_refused() -> None:
    public = OURS.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for algorithm in ("none", "HS256"):
        head = _part({"alg": algorithm, "typ": "JWT", "kid": "k1"})
        body = f"{head}.{_part(claims())}"
        mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        tail = "" if algorithm == "none" else _text(mac.sign(body.encode(), public))
        with pytest.raises(TokenRefused):
            read(f"{body}.{tail}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ä.ö.ü", "." * 40])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        read(token)


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
