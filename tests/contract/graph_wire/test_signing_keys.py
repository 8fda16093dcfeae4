"""Entra's signing keys: read seldom, once at a time, waited for by nobody who need not."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contract.graph_wire.script import NOW, TENANT, Said, SmallEntra, settings_for
from webcrm_sync.core.errors import TryLater
from webcrm_sync.graph.signing_keys import SigningKeys, read_signing_keys

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
PRIVATE = jwt.algorithms.RSAAlgorithm.to_jwk(KEY, as_dict=True)
ISSUER = f"https://entra.example/{TENANT}/v2.0"


def line(name: Any, **others: Any) -> dict[str, Any]:
    return {**PUBLIC, "kid": name, "use": "sig", **others}


def number(value: int) -> str:
    content = value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **span: float) -> None:
        self.time += timedelta(**span)


class Desk:
    """Signing keys before an Entra that shows them, or does not."""

    def __init__(self, entra: SmallEntra, bundle: Path) -> None:
        self.watch, self.entra = Watch(), entra
        self.keys = SigningKeys(
            settings_for("http://127.0.0.1:9", entra.url, bundle), now=self.watch.now
        )
        self.before = len(entra.asked)

    def shows(self, *kids: str, **others: Any) -> None:
        self.entra.refuses = Said(200, {"keys": [line(kid) for kid in kids]}, **others)

    def is_away(self) -> None:
        self.entra.refuses = Said(503, {})

    @property
    def asked(self) -> int:
        return len(self.entra.asked) - self.before

    def rest(self) -> None:
        """Until no attempt is under way."""
        deadline = time.monotonic() + 5
        while self.keys._attempt is not None and time.monotonic() < deadline:
            time.sleep(0.005)


@pytest.fixture
def desk(entra: SmallEntra, small_entra: tuple[SmallEntra, Path]) -> Iterator[Desk]:
    made = Desk(entra, small_entra[1])
    yield made
    made.rest()


def test_a_known_key_is_there_at_once_while_the_keys_are_read(desk: Desk) -> None:
    desk.shows("k1")
    assert desk.keys.find_key("k1")
    desk.watch.pass_by(hours=25)
    begun, goes_on = Event(), Event()

    def stall() -> None:
        begun.set()
        goes_on.wait(10)

    desk.shows("k1", "k2", before=stall)
    with ThreadPoolExecutor(1) as pool:
        stranger = pool.submit(desk.keys.find_key, "unknown")
        assert begun.wait(5)
        started = time.monotonic()
        assert all(desk.keys.find_key("k1") for _ in range(50))
        assert [desk.keys.find_key(f"stranger {n}") for n in range(50)] == [None] * 50
        assert time.monotonic() - started < 0.5
        goes_on.set()
        assert stranger.result(5) is None
    assert desk.asked == 2
    assert desk.keys.find_key("k2")


def test_many_who_wait_for_the_first_keys_cost_one_question(desk: Desk) -> None:
    desk.shows("k1", before=lambda: time.sleep(0.2))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(desk.keys.find_key, ["k1", "k2"] * 8))
    assert [one is not None for one in found] == [True, False] * 8
    assert desk.asked == 1


def test_unknown_names_cost_one_question_in_half_a_minute(desk: Desk) -> None:
    desk.shows("k1")
    assert desk.keys.find_key("k1")
    for n in range(20):
        assert desk.keys.find_key(f"stranger {n}") is None
    assert desk.asked == 1
    desk.watch.pass_by(seconds=31)
    desk.shows("k1", "k2")
    assert desk.keys.find_key("k2")  # a new key is found by who brings its name
    assert desk.keys.find_key("stranger") is None
    assert desk.asked == 2


def test_an_entra_that_is_away_is_not_asked_by_everybody(desk: Desk) -> None:
    desk.is_away()
    for _ in range(20):
        with pytest.raises(TryLater) as found:
            desk.keys.find_key("k1")
        assert found.value.retry_at == NOW + timedelta(seconds=30)
    assert desk.asked == 1
    desk.watch.pass_by(seconds=31)
    desk.shows("k1")
    assert desk.keys.find_key("k1")


def test_known_keys_are_good_for_a_week_without_entra_and_no_longer(desk: Desk) -> None:
    desk.shows("k1")
    assert desk.keys.find_key("k1")
    desk.is_away()
    for _ in range(6):
        desk.watch.pass_by(days=1)
        assert desk.keys.find_key("k1")
        assert desk.keys.find_key("stranger") is None
        desk.rest()
    desk.watch.pass_by(days=1, seconds=1)
    with pytest.raises(TryLater):
        desk.keys.find_key("k1")
    assert desk.asked == 8


def test_a_key_that_entra_takes_away_is_good_for_a_day_at_most(desk: Desk) -> None:
    desk.shows("k1", "k2")
    assert desk.keys.find_key("k1")
    desk.shows("k2")
    desk.watch.pass_by(hours=23)
    assert desk.keys.find_key("k1")
    desk.watch.pass_by(hours=2)
    desk.keys.find_key("k1")
    desk.rest()
    assert desk.keys.find_key("k1") is None
    assert desk.keys.find_key("k2")


def test_a_clock_that_is_set_back_makes_no_key_last(desk: Desk) -> None:
    desk.shows("k1")
    assert desk.keys.find_key("k1")
    desk.watch.pass_by(days=-30)
    desk.shows("k2")
    assert desk.keys.find_key("k1") is None
    assert desk.asked == 2


@pytest.mark.parametrize("body", [{"keys": []}, {"keys": {}}, {}, {"keys": [None, 5, "x", []]}])
def test_a_list_without_a_key_takes_no_known_one_away(desk: Desk, body: Any) -> None:
    desk.shows("k1")
    assert desk.keys.find_key("k1")
    desk.entra.refuses = Said(200, body)
    desk.watch.pass_by(hours=25)
    assert desk.keys.find_key("k1")
    desk.rest()
    assert desk.keys.find_key("k1")


@pytest.mark.parametrize(
    "broken",
    [
        line("b", n=None),
        line("b", n="!!"),
        line("b", n=""),
        line("b", n=5),
        line("b", e="AA"),
        line("b", e=None),
        line("b", e="A" * 5000),
        line("b", n=number(2**65536 - 1)),
        line("b", n=number(rsa.generate_private_key(65537, 1024).public_key().public_numbers().n)),
        {**PRIVATE, "kid": "b"},
        line("b", kty="oct", k="c2VjcmV0"),
        line("b", kty="EC", crv="P-256"),
        line("b", use="enc"),
        line("b", alg="HS256"),
        line("b", alg="none"),
        line("b" * 2000),
        line(None),
        line(["b"]),
        line("b", issuer="https://entra.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        line("b", issuer=5),
        {"kid": "b"},
        [line("b")],
        None,
    ],
    ids=count(1),  # they hold keys, which are others in each process
)
def test_one_broken_key_spoils_no_other(broken: Any) -> None:
    good = [line("k1"), line("k2", issuer="https://entra.example/{tenantid}/v2.0")]
    for lines in ([broken, *good], [*good, broken]):
        assert set(read_signing_keys({"keys": lines}, issuer=ISSUER)) == {"k1", "k2"}


def test_the_first_key_of_a_name_counts() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    second = jwt.algorithms.RSAAlgorithm.to_jwk(other, as_dict=True)
    found = read_signing_keys({"keys": [line("k"), {**second, "kid": "k"}]})["k"]
    assert found.key.public_numbers() == KEY.public_key().public_numbers()
