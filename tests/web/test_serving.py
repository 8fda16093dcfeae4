"""The HTTP server: the requests it reads and refuses, its answers, limits and shutdown."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest
import trustme

from support.processes import until
from support.served import Served, served
from support.slow_clients import KINDS, TLS_KINDS, Kind, is_closed, stalled
from webcrm_sync.logs import LineFormatter
from webcrm_sync.web.serving.limits import Lane, Limits
from webcrm_sync.web.serving.listening import tls_context
from webcrm_sync.web.serving.open_connections import OpenConnections

QUICK = Limits(
    handshake_s=0.5,
    head_s=0.5,
    body_s=0.5,
    answer_s=0.5,
    idle_s=0.1,
    linger_s=0.2,
    grace_s=0.5,
    check_s=0.05,
)
LANES = (
    Lane("health", ("/healthz",), threads=1, body_bytes=100),
    Lane("others", ("/",), threads=2, body_bytes=1000, waiting=2),
)
GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = ("/large", "/api/v1/openapi.json")


class App:
    """Answers with the request's environment as JSON.

    Paths in `LARGE` get a large answer; `/held` waits for `release`.
    """

    def __init__(self) -> None:
        self.entered, self.release = threading.Event(), threading.Event()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/held":
            self.entered.set()
            self.release.wait(10)
        if environ["PATH_INFO"] == "/broken":
            raise KeyError("nobody's business")
        received = {n: v for n, v in environ.items() if isinstance(v, str)}
        received["body"] = environ["wsgi.input"].read().decode("latin-1")
        named = environ.get("HTTP_ANSWER_WITH", "none").encode("latin-1").decode()
        start("200 OK", [("Content-Type", "application/json"), ("Named", named)])
        size = 3_000_000 if environ["PATH_INFO"] in LARGE else 0
        return [b" " * size, json.dumps(received).encode()]


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def server(app: App) -> Iterator[Served]:
    with served(app, lanes=LANES, limits=QUICK) as running:
        yield running


def send(server: Served, *parts: bytes) -> bytes:
    """The server's answer to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        return b"".join(iter(lambda: client.recv(65536), b""))


def assert_all_are_closed(server: Served, kinds: list[Kind]) -> None:
    """Let clients of each kind stall; the server closes them all."""
    with ExitStack() as held:
        clients = {
            (kind.name, number): client
            for kind in kinds
            for number, client in enumerate(
                held.enter_context(stalled(kind, server.port, count=2, beat_s=0.1))
            )
        }
        with suppress(AssertionError):
            until(lambda: all(map(is_closed, clients.values())), "all to be closed", patience_s=5)
        assert [name for (name, _), client in clients.items() if not is_closed(client)] == []


def test_a_stalled_client_loses_its_connection(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert_all_are_closed(server, KINDS)
    lines = [LineFormatter().format(record) for record in caplog.records]
    assert len([line for line in lines if "slow_clients_closed" in line]) == 1
    assert not any("127.0.0.1" in line for line in lines if "web_listens" not in line)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(ca: trustme.CA, tmp_path: Path) -> ssl.SSLContext:
    issued = ca.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    context = tls_context(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert context
    return context


def test_with_tls_a_stalled_client_loses_its_connection_and_delays_nobody(
    app: App, ca: trustme.CA, tls: ssl.SSLContext
) -> None:
    trusting = ssl.create_default_context()
    ca.configure_trust(trusting)
    with (
        served(app, lanes=LANES, limits=QUICK, tls=tls) as server,
        stalled(TLS_KINDS[1], server.port),
        httpx.Client(verify=trusting, base_url=f"https://localhost:{server.port}") as client,
    ):
        for _ in range(2):
            received = client.post("/healthz", content=b"hello").json()
            assert (received["wsgi.url_scheme"], received["body"]) == ("https", "hello")
        assert len(client.get("/large").content) > 3_000_000
        assert_all_are_closed(server, TLS_KINDS)


def test_with_tls_the_last_answer_has_its_full_time(
    app: App, ca: trustme.CA, tls: ssl.SSLContext
) -> None:
    trusting = ssl.create_default_context()
    ca.configure_trust(trusting)
    limits = replace(QUICK, answer_s=10)
    with (
        served(app, lanes=LANES, limits=limits, tls=tls) as server,
        trusting.wrap_socket(socket.socket(), server_hostname="localhost") as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(b"GET /large HTTP/1.1\r\nConnection: close\r\n\r\n")
        time.sleep(4 * limits.linger_s)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert len(answer) > 3_000_000


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET + b"X: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (GET + b"X: y\r\n" * 6_000 + b"\r\n", 431),
        (b"GET /" + b"a" * 40_000, 431),
        (GET + b"X: " + b"y" * 40_000, 431),
        (POST + b"Content-Length: 1001\r\n\r\n", 413),
        (b"POST /healthz HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413),
        (b"POST //healthz HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413),
        (b"POST /%2F%68ealthz HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413),
        (POST + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n", 413),
        (CHUNKED + b"3e9\r\n" + b"a" * 1001, 413),
        (CHUNKED + b"1;" + b"x" * 40_000, 413),
        (CHUNKED + b"0\r\n" + b"X: y\r\n" * 6_000, 431),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
        (CHUNKED + b"zz\r\n", 400),
        (POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi", 400),
        (CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), 400),
        (GET + b"Host: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ],
)
def test_a_request_that_is_too_large_or_not_http_is_refused_with_a_problem(
    server: Served, sent: bytes, status: int
) -> None:
    head, _, body = send(server, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close" in head
    assert json.loads(body)["status"] == status


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (GET + b"X-A: 1\r\nX-A: 2\r\n\r\n", {"HTTP_X_A": "1,2"}),
        (GET + b"X_A: 1\r\n\r\n", {"HTTP_X_A": None}),
        (b"GET /%C3%B8/a%2Fb?c=%20 HTTP/1.1\r\n\r\n", {"PATH_INFO": "/\xc3\xb8/a/b"}),
        (b"GET /a?b?c HTTP/1.1\r\n\r\n", {"PATH_INFO": "/a", "QUERY_STRING": "b?c"}),
        (b"GET http://y/a?b HTTP/1.1\r\nHost: y\r\n\r\n", {"PATH_INFO": "/a"}),
        (b"GET //y/a HTTP/1.1\r\n\r\n", {"PATH_INFO": "//y/a"}),
        (POST + b"Content-Length: 5\r\n\r\nhello", {"body": "hello", "CONTENT_LENGTH": "5"}),
        (
            POST
            + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: u\r\n\r\n",
            {"body": "hello", "CONTENT_LENGTH": "5", "HTTP_T": None},
        ),
        (GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", {"REQUEST_METHOD": "GET"}),
        (GET + b"X-Forwarded-Proto: https\r\n\r\n", {"wsgi.url_scheme": "http"}),
    ],
)
def test_a_request_reaches_the_application_as_it_was_sent(
    server: Served, sent: bytes, expected: dict[str, str | None]
) -> None:
    cut = [sent[start : start + 7] for start in range(0, len(sent), 7)]
    for parts in ([sent], cut):
        head, _, body = send(server, *parts).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: ")
        received = json.loads(body)
        assert {name: received.get(name) for name in expected} == expected


def test_requests_of_one_connection_are_answered_in_their_order(server: Served) -> None:
    requests = b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % n for n in range(12))
    last = b"HEAD /last HTTP/1.1\r\nConnection: close\r\n\r\n"
    answers = send(server, requests + last).split(b"HTTP/1.1 200 OK\r\n")[1:]
    paths = [json.loads(a.partition(b"\r\n\r\n")[2])["PATH_INFO"] for a in answers[:-1]]
    assert paths == [f"/{n}" for n in range(12)]
    assert answers[-1].endswith(b"Connection: close\r\n\r\n")


def test_a_client_that_expects_100_continue_gets_it(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hi")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_a_broken_application_answers_500_and_the_log_says_why(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    answer = httpx.get(f"http://127.0.0.1:{server.port}/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "try_later")
    assert "nobody's business" not in answer.text
    assert [r.message for r in caplog.records if r.exc_info] == ["request_failed"]


@pytest.mark.parametrize("path", ["/", "/healthz"])
def test_an_answer_that_cannot_be_sent_is_500_and_keeps_no_connection(
    server: Served, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    url = f"http://127.0.0.1:{server.port}{path}"
    answer = httpx.get(url, headers={b"Answer-With": "ołówek".encode()}, timeout=5)
    assert answer.status_code == 500
    assert [r.message for r in caplog.records if r.exc_info] == ["request_failed"]


class Broken:
    """A connection whose deadlines cannot be checked."""

    address, is_in_work, since = "", False, 0.0

    def __init__(self) -> None:
        self.is_aborted = False

    def stop(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Remember the call."""
        self.is_aborted = True

    def check_deadlines(self, now: float) -> None:
        """Fail."""
        raise AttributeError(now)


def test_a_faulty_connection_is_closed_and_the_others_are_checked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    connections, broken = OpenConnections(Limits()), [Broken(), Broken()]
    for one in broken:
        connections.admit(one)
    connections.check_deadlines(1.0)
    assert ([one.is_aborted for one in broken], len(connections)) == ([True, True], 0)
    assert {r.message for r in caplog.records if r.exc_info} == {"connection_failed"}


def test_a_full_lane_answers_503_and_no_other_lane_waits(app: App) -> None:
    held = Kind("held", b"GET /held HTTP/1.1\r\n\r\n")
    with served(app, lanes=LANES) as server, stalled(held, server.port, count=4):
        url = f"http://127.0.0.1:{server.port}"
        answers: list[httpx.Response] = []
        until(lambda: _answer(url, answers) == 503, "the lane to be full", patience_s=5)
        assert answers[-1].headers["Retry-After"] == "2"
        assert httpx.get(f"{url}/healthz").status_code == 200
        app.release.set()
        until(lambda: _answer(url, answers) == 200, "the lane to be free", patience_s=5)


def _answer(url: str, answers: list[httpx.Response]) -> int:
    try:
        answers.append(httpx.get(url, timeout=0.3))
    except httpx.TimeoutException:  # the request now waits in the lane
        return 0
    return answers[-1].status_code


def test_when_all_connections_are_taken_the_slowest_are_closed(app: App) -> None:
    few = Limits(connections=40)
    with (
        served(app, lanes=LANES, limits=few) as server,
        stalled(Kind("held", b"GET /held HTTP/1.1\r\n\r\n"), server.port, count=1) as (held,),
        stalled(Kind("silent"), server.port, count=60) as silent,
    ):
        assert httpx.get(f"http://127.0.0.1:{server.port}/healthz").status_code == 200
        assert [is_closed(c) for c in silent[:16]] == [True] * 16
        assert not any(map(is_closed, silent[-20:]))
        app.release.set()
        assert held.recv(0) == b""
        assert not is_closed(held)


def test_the_bodies_of_all_clients_together_are_bounded(app: App) -> None:
    tight = Limits(held_bytes=10_000)
    body = Kind("most of a body", POST + b"Content-Length: 1000\r\n\r\n" + b" " * 900)
    with (
        served(app, lanes=LANES, limits=tight) as server,
        stalled(body, server.port, count=30) as clients,
    ):
        until(lambda: sum(map(is_closed, clients)) >= 19, "some to be closed", patience_s=5)
        assert sum(map(is_closed, clients)) < 30


def test_a_server_that_stops_answers_only_running_requests(app: App) -> None:
    with (
        served(app, lanes=LANES, limits=Limits()) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as held,
        stalled(Kind("silent"), server.port, count=3) as silent,
    ):
        held.sendall(b"GET /held HTTP/1.1\r\n\r\n")
        assert app.entered.wait(5)
        until(lambda: _refuses(server.stop, server.port), "the port to be closed", patience_s=5)
        until(lambda: all(map(is_closed, silent)), "the silent clients to be closed", patience_s=5)
        app.release.set()
        answer = b"".join(iter(lambda: held.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"\r\nConnection: close\r\n" in answer
        server.thread.join(5)
        assert not server.thread.is_alive()


def _refuses(stop: object, port: int) -> bool:
    assert callable(stop)
    stop()
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


def test_a_request_that_outlasts_the_grace_period_does_not_delay_the_stop(app: App) -> None:
    with (
        served(app, lanes=LANES, limits=QUICK) as server,
        stalled(Kind("held", b"GET /held HTTP/1.1\r\n\r\n"), server.port, count=1),
    ):
        server.stop()
        server.thread.join(5)
        assert not server.thread.is_alive()
    app.release.set()
