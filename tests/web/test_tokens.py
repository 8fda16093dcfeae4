"""A token is valid only if its signature, its header and all of its claims are."""

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

from webcrm_sync.graph.signing_keys import read_signing_keys
from webcrm_sync.settings import Settings
from webcrm_sync.web.tokens import SignedIn, TokenReader, TokenRefused

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
    return read_signing_keys({"keys": [{**public, "kid": "k1", "use": "sig"}, {"kty": "EC"}]})


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a valid token, with changes; None removes a claim."""
    now = int(time.time())
    valid = {
        "aud": CLIENT,
        "iss": f"{AUTHORITY}/{TENANT}/v2.0",
        "tid": TENANT,
        "oid": PERSON,
        "azp": CLIENT,
        "ver": "2.0",
        "scp": "openid access_as_user",
        "preferred_username": "kim@nordwind.example",
        "name": "Kim Nordwind",
        "nbf": now,
        "exp": now + 3600,
    }
    return {k: v for k, v in (valid | changes).items() if v is not None}


def signed(payload: dict[str, Any], *, key: Any = OURS, kid: str = "k1") -> str:
    return jwt.encode(payload, key, algorithm="RS256", headers={"kid": kid})


def read(token: str) -> SignedIn:
    return TokenReader(SETTINGS, keys().get).read(token)


def test_a_valid_token_names_the_person() -> None:
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
        {"azp": None},
        {"azp": "c1c1c1c1-0000-4000-8000-0000000000ff"},
        {"azp": None, "appid": CLIENT},
        {"azp": [CLIENT]},
        {"idtyp": "app"},
        {"idtyp": "app", "roles": ["access_as_user"]},
        {"idtyp": "device"},
        {"idtyp": None, "scp": "", "roles": ["access_as_user"]},
        {"scp": ["access_as_user"]},
        {"scp": "ACCESS_AS_USER"},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": [1]},
        {"nbf": {}},
        {"oid": 5},
        {"tid": [TENANT]},
        {"aud": CLIENT.upper()},
        {"ver": 2.0},
    ],
    ids=str,
)
def test_a_token_with_one_wrong_claim_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused):
        read(signed(claims(**changes)))


def test_a_token_that_is_valid_in_another_tenant_is_refused() -> None:
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


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "RS256"},
        {"alg": "RS256", "kid": None},
        {"alg": "RS256", "kid": ["k1"]},
        {"alg": "RS256", "kid": "k1", "crit": ["exp"]},
        {"alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": False},
        {"alg": "rs256", "kid": "k1"},
        {"alg": "RS512", "kid": "k1"},
        {"alg": "PS256", "kid": "k1"},
        {"alg": ["RS256"], "kid": "k1"},
        {"alg": "RS256", "kid": "k1", "x": "y" * 3000},
        {"kid": "k1"},
        [],
        "RS256",
    ],
    ids=lambda head: str(head)[:60],
)
def test_a_header_that_entra_does_not_make_is_refused(head: Any) -> None:
    body = f"{_part(head)}.{_part(claims())}"
    sign = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign
    with pytest.raises(TokenRefused):
        read(f"{body}.{_text(sign(body.encode(), OURS))}")


def test_a_key_in_the_header_is_ignored() -> None:
    own = jwt.algorithms.RSAAlgorithm.to_jwk(OTHERS.public_key(), as_dict=True)
    for more in ({"jwk": own}, {"jku": "http://127.0.0.1:9/k"}, {"x5u": "http://127.0.0.1:9/c"}):
        with pytest.raises(TokenRefused):
            read(jwt.encode(claims(), OTHERS, algorithm="RS256", headers={"kid": "k1", **more}))


@pytest.mark.parametrize(
    "token",
    [
        *(
            "",
            "x",
            "a.b.c",
            "ä.ö.ü",
            "." * 40,
            "e30.e30.e30",
            "e30=.e30.e30",
            "e30.e30",
            "e3 0.e30.e30",
        ),
        "W1tbW1tbW1tbW1tb.e30.e30",
        base64.urlsafe_b64encode(b"[" * 1500).decode() + ".e30.e30",
        "e30." + "e" * 9000 + ".e30",
    ],
    ids=lambda token: token[:16],
)
def test_a_text_that_is_not_a_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        read(token)


# -- cached tokens


class CachingReader:
    """A token reader whose keys can change."""

    def __init__(self) -> None:
        self.keys = dict(keys())
        self.reader = TokenReader(SETTINGS, self.find_key)
        self.lookups = 0

    def find_key(self, kid: str) -> jwt.PyJWK | None:
        self.lookups += 1
        return self.keys.get(kid)


def test_a_cached_token_is_refused_once_its_key_is_gone_or_replaced() -> None:
    caching, token = CachingReader(), signed(claims())
    assert caching.reader.read(token) == caching.reader.read(token)
    assert caching.lookups == 2  # the reader looks up the key each time, cached or not
    other = jwt.algorithms.RSAAlgorithm.to_jwk(OTHERS.public_key(), as_dict=True)
    for later in ({}, dict(read_signing_keys({"keys": [{**other, "kid": "k1"}]}))):
        caching.keys = later
        with pytest.raises(TokenRefused):
            caching.reader.read(token)
    caching.keys = dict(keys())
    assert caching.reader.read(token).user_id == PERSON


def test_a_cached_token_expires() -> None:
    caching = CachingReader()
    ending = signed(claims(exp=int(time.time()) - 58))  # the clocks may differ by a minute
    assert caching.reader.read(ending).user_id == PERSON
    time.sleep(3)
    with pytest.raises(TokenRefused, match="Expired"):
        caching.reader.read(ending)


def test_a_cached_token_is_recognised_by_all_of_its_characters() -> None:
    caching, token = CachingReader(), signed(claims())
    caching.reader.read(token)
    head, body, tail = token.split(".")
    for changed in (f"{head}.{_part(claims(oid='another'))}.{tail}", token[:-9] + "AAAAAAAAA"):
        with pytest.raises(TokenRefused):
            caching.reader.read(changed)
    with pytest.raises(TokenRefused):
        caching.reader.read(f"{head}.{body}.")


def _part(value: Any) -> str:
    return _text(json.dumps(value).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
