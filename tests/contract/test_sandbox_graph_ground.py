"""The ground under the simulated services: server, journal, faults, clock."""

from __future__ import annotations

import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme

from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.faults import Faults, Kind
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.journal import UNKNOWN, Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment


class Echo:
    """A service that echoes each request and counts its actions."""

    def __init__(self) -> None:
        self.acted = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        self.acted += 1
        body = environ["wsgi.input"].read()
        environ[UNKNOWN] = environ["PATH_INFO"] == "/nowhere"
        start_response("404 Not Found" if environ[UNKNOWN] else "200 OK", [("X-Echo", "1")])
        facts = [environ["PATH_INFO"], environ["QUERY_STRING"], environ["REMOTE_PORT"], len(body)]
        return [json.dumps(facts).encode()]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def faults() -> Faults:
    return Faults(seed=1)


@pytest.fixture
def journal(clock: Clock) -> Journal:
    return Journal(clock)


@pytest.fixture
def client(echo: Echo, faults: Faults, journal: Journal) -> Iterator[httpx.Client]:
    app = journal.watch("echo", faults.over("echo", echo))
    with Server(app) as server, httpx.Client(base_url=server.url) as client:
        yield client


def test_a_connection_stays_open_and_bodies_arrive_complete(client: httpx.Client) -> None:
    first = client.post("/a%2Fb?x=%201", content=b"1" * 100_000).json()
    second = client.post("/c", content=iter([b"one", b"two"])).json()
    assert first[:2] == ["/a/b", "x=%201"]
    assert (first[3], second[3]) == (100_000, 6)
    assert first[2] == second[2], "another connection was opened"


def test_a_servers_url_is_known_before_it_starts_and_the_same_after_a_restart(echo: Echo) -> None:
    server = Server(echo)
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    with server:
        assert httpx.get(server.url).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    with server:
        assert httpx.get(server.url).status_code == 200


def test_stopping_closes_open_connections(echo: Echo) -> None:
    with Server(echo) as server, httpx.Client() as client:
        client.get(server.url)
        server.stop()
        with pytest.raises(httpx.TransportError):
            client.get(server.url)


def test_a_server_speaks_tls(echo: Echo) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with Server(echo, ssl_context=context) as server:
        assert server.url.startswith("https://localhost:")
        assert httpx.get(server.url, verify=trusting).status_code == 200


def test_a_refused_call_has_no_effect_and_a_lost_one_has(
    client: httpx.Client, echo: Echo, faults: Faults, journal: Journal
) -> None:
    faults.refuse("echo", limit=1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/")
    assert echo.acted == 0
    faults.lose("echo", limit=1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/")
    assert echo.acted == 1
    assert client.get("/").status_code == 200
    assert [e.status for e in journal.exchanges] == [0, 0, 200]


@pytest.mark.parametrize(
    ("wish", "header"),
    [
        (7, "7"),
        (2.128, "2.128"),
        (datetime(2026, 11, 23, 7, 35, tzinfo=UTC), "Mon, 23 Nov 2026 07:35:00 GMT"),
        (None, None),
    ],
)
def test_a_throttled_call_has_a_retry_after_in_each_known_form(
    client: httpx.Client, faults: Faults, wish: int | float | datetime | None, header: str | None
) -> None:
    faults.throttle("echo", retry_after=wish)
    answer = client.get("/")
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == header


def test_a_fault_hits_the_exact_call_counted_over_all_services(
    client: httpx.Client, faults: Faults
) -> None:
    faults.at(2, Kind.UNAVAILABLE)
    assert [client.get("/").status_code for _ in range(3)] == [200, 503, 200]
    assert faults.calls == 3


def test_a_fault_hits_only_the_chosen_service_and_calls(
    client: httpx.Client, faults: Faults
) -> None:
    faults.unavailable("other")
    faults.throttle("echo", when=lambda method, path: method == "POST" and path == "/x")
    assert client.get("/x").status_code == 200
    assert client.post("/y").status_code == 200
    assert client.post("/x").status_code == 429
    faults.clear()
    assert client.post("/x").status_code == 200


def test_a_rate_hits_some_calls_and_the_same_ones_for_a_seed(echo: Echo) -> None:
    def outcome(seed: int) -> list[int]:
        faults = Faults(seed)
        faults.unavailable(rate=0.5)
        with Server(faults.over("echo", echo)) as server, httpx.Client() as client:
            return [client.get(server.url).status_code for _ in range(20)]

    assert outcome(3) == outcome(3)
    assert set(outcome(3)) == {200, 503}


def test_the_journal_records_exchanges_and_unknown_calls(
    client: httpx.Client, journal: Journal
) -> None:
    client.post("/a?b=1", content=b"hello", headers={"X-Mine": "yes"})
    client.get("/nowhere")
    said = journal.exchanges[0]
    assert (said.method, said.path, said.query, said.request_body) == (
        "POST",
        "/a",
        "b=1",
        b"hello",
    )
    assert said.request_headers["x-mine"] == "yes"
    assert said.response_headers["x-echo"] == "1"
    assert [e.path for e in journal.unknown] == ["/nowhere"]
    assert journal.count("echo", method="POST") == 1
    assert journal.count("other") == 0
    journal.clear()
    assert not journal.exchanges
    assert not journal.unknown


def test_a_journal_without_bodies_stays_small(clock: Clock, echo: Echo) -> None:
    journal = Journal(clock, limit=2, keep_bodies=False)
    with Server(journal.watch("echo", echo)) as server, httpx.Client() as client:
        for _ in range(3):
            client.post(server.url, content=b"big")
    assert [e.request_body + e.response_body for e in journal.exchanges] == [b"", b""]


def test_a_client_that_disconnects_early_is_not_logged(
    echo: Echo, capfd: pytest.CaptureFixture[str]
) -> None:
    with Server(echo) as server:
        with httpx.Client() as client, client.stream("GET", server.url):
            pass
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url.replace("http:", "https:"))
        assert httpx.get(server.url).status_code == 200
    assert capfd.readouterr().err == ""


def test_the_clock_can_be_advanced_from_any_thread(clock: Clock) -> None:
    before = clock.now()
    pushers = [
        threading.Thread(target=clock.advance, args=(timedelta(hours=1),)) for _ in range(10)
    ]
    for pusher in pushers:
        pusher.start()
    for pusher in pushers:
        pusher.join()
    assert timedelta(hours=10) <= clock.now() - before < timedelta(hours=10, minutes=5)
