"""Entra's signing keys: how often they are read, who waits, how long they stay valid."""

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

from contract.graph_wire.scripted_servers import NOW, TENANT, Answer, SmallEntra, create_settings
from webcrm_sync.core.errors import TryLater
from webcrm_sync.graph.signing_keys import SigningKeys, read_signing_keys

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
PRIVATE = jwt.algorithms.RSAAlgorithm.to_jwk(KEY, as_dict=True)
ISSUER = f"https://entra.example/{TENANT}/v2.0"


def create_entry(name: Any, **others: Any) -> dict[str, Any]:
    return {**PUBLIC, "kid": name, "use": "sig", **others}


def encode_number(value: int) -> str:
    content = value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class FakeClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        self.time += timedelta(**span)


class KeySetup:
    """SigningKeys with its clock and its Entra."""

    def __init__(self, entra: SmallEntra, bundle: Path) -> None:
        self.clock, self.entra = FakeClock(), entra
        self.keys = SigningKeys(
            create_settings("http://127.0.0.1:9", entra.url, bundle), now=self.clock.now
        )
        self.before = len(entra.requests)

    def publish(self, *kids: str, **others: Any) -> None:
        self.entra.forced_answer = Answer(
            200, {"keys": [create_entry(kid) for kid in kids]}, **others
        )

    def go_away(self) -> None:
        self.entra.forced_answer = Answer(503, {})

    @property
    def request_count(self) -> int:
        return len(self.entra.requests) - self.before

    def wait_for_attempt(self) -> None:
        """Returns when no attempt is running."""
        deadline = time.monotonic() + 5
        while self.keys._attempt is not None and time.monotonic() < deadline:
            time.sleep(0.005)


@pytest.fixture
def setup(entra: SmallEntra, entra_and_bundle: tuple[SmallEntra, Path]) -> Iterator[KeySetup]:
    setup = KeySetup(entra, entra_and_bundle[1])
    yield setup
    setup.wait_for_attempt()


def test_a_known_key_is_returned_at_once_while_the_keys_are_read(setup: KeySetup) -> None:
    setup.publish("k1")
    assert setup.keys.find_key("k1")
    setup.clock.advance(hours=25)
    started_reading, resume = Event(), Event()

    def stall() -> None:
        started_reading.set()
        resume.wait(10)

    setup.publish("k1", "k2", before=stall)
    with ThreadPoolExecutor(1) as pool:
        stranger = pool.submit(setup.keys.find_key, "unknown")
        assert started_reading.wait(5)
        started = time.monotonic()
        assert all(setup.keys.find_key("k1") for _ in range(50))
        assert [setup.keys.find_key(f"stranger {n}") for n in range(50)] == [None] * 50
        assert time.monotonic() - started < 0.5
        resume.set()
        assert stranger.result(5) is None
    assert setup.request_count == 2
    assert setup.keys.find_key("k2")


def test_many_callers_share_the_first_read(setup: KeySetup) -> None:
    setup.publish("k1", before=lambda: time.sleep(0.2))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(setup.keys.find_key, ["k1", "k2"] * 8))
    assert [one is not None for one in found] == [True, False] * 8
    assert setup.request_count == 1


def test_unknown_names_cause_one_read_in_half_a_minute(setup: KeySetup) -> None:
    setup.publish("k1")
    assert setup.keys.find_key("k1")
    for n in range(20):
        assert setup.keys.find_key(f"stranger {n}") is None
    assert setup.request_count == 1
    setup.clock.advance(seconds=31)
    setup.publish("k1", "k2")
    assert setup.keys.find_key("k2")  # a request with its name finds a new key
    assert setup.keys.find_key("stranger") is None
    assert setup.request_count == 2


def test_an_unavailable_entra_is_asked_once_in_half_a_minute(setup: KeySetup) -> None:
    setup.go_away()
    for _ in range(20):
        with pytest.raises(TryLater) as found:
            setup.keys.find_key("k1")
        assert found.value.retry_at == NOW + timedelta(seconds=30)
    assert setup.request_count == 1
    setup.clock.advance(seconds=31)
    setup.publish("k1")
    assert setup.keys.find_key("k1")


def test_known_keys_stay_valid_for_a_week_without_entra(setup: KeySetup) -> None:
    setup.publish("k1")
    assert setup.keys.find_key("k1")
    setup.go_away()
    for _ in range(6):
        setup.clock.advance(days=1)
        assert setup.keys.find_key("k1")
        assert setup.keys.find_key("stranger") is None
        setup.wait_for_attempt()
    setup.clock.advance(days=1, seconds=1)
    with pytest.raises(TryLater):
        setup.keys.find_key("k1")
    assert setup.request_count == 8


def test_a_removed_key_stays_valid_for_a_day_at_most(setup: KeySetup) -> None:
    setup.publish("k1", "k2")
    assert setup.keys.find_key("k1")
    setup.publish("k2")
    setup.clock.advance(hours=23)
    assert setup.keys.find_key("k1")
    setup.clock.advance(hours=2)
    setup.keys.find_key("k1")
    setup.wait_for_attempt()
    assert setup.keys.find_key("k1") is None
    assert setup.keys.find_key("k2")


def test_a_clock_that_is_set_back_extends_no_key(setup: KeySetup) -> None:
    setup.publish("k1")
    assert setup.keys.find_key("k1")
    setup.clock.advance(days=-30)
    setup.publish("k2")
    assert setup.keys.find_key("k1") is None
    assert setup.request_count == 2


@pytest.mark.parametrize("body", [{"keys": []}, {"keys": {}}, {}, {"keys": [None, 5, "x", []]}])
def test_a_list_without_keys_removes_no_known_key(setup: KeySetup, body: Any) -> None:
    setup.publish("k1")
    assert setup.keys.find_key("k1")
    setup.entra.forced_answer = Answer(200, body)
    setup.clock.advance(hours=25)
    assert setup.keys.find_key("k1")
    setup.wait_for_attempt()
    assert setup.keys.find_key("k1")


@pytest.mark.parametrize(
    "broken",
    [
        create_entry("b", n=None),
        create_entry("b", n="!!"),
        create_entry("b", n=""),
        create_entry("b", n=5),
        create_entry("b", e="AA"),
        create_entry("b", e=None),
        create_entry("b", e="A" * 5000),
        create_entry("b", n=encode_number(2**65536 - 1)),
        create_entry(
            "b",
            n=encode_number(rsa.generate_private_key(65537, 1024).public_key().public_numbers().n),
        ),
        {**PRIVATE, "kid": "b"},
        create_entry("b", kty="oct", k="c2VjcmV0"),
        create_entry("b", kty="EC", crv="P-256"),
        create_entry("b", use="enc"),
        create_entry("b", alg="HS256"),
        create_entry("b", alg="none"),
        create_entry("b" * 2000),
        create_entry(None),
        create_entry(["b"]),
        create_entry("b", issuer="https://entra.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
        create_entry("b", issuer=5),
        {"kid": "b"},
        [create_entry("b")],
        None,
    ],
    ids=count(1),  # the keys differ between processes, so they cannot be ids
)
def test_a_broken_key_does_not_hide_the_others(broken: Any) -> None:
    good = [create_entry("k1"), create_entry("k2", issuer="https://entra.example/{tenantid}/v2.0")]
    for lines in ([broken, *good], [*good, broken]):
        assert set(read_signing_keys({"keys": lines}, issuer=ISSUER)) == {"k1", "k2"}


def test_the_first_key_with_a_name_counts() -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    second = jwt.algorithms.RSAAlgorithm.to_jwk(other, as_dict=True)
    found = read_signing_keys({"keys": [create_entry("k"), {**second, "kid": "k"}]})["k"]
    assert found.key.public_numbers() == KEY.public_key().public_numbers()
