"""One call over real HTTP stays within its bounds, on a thread and on an event loop."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from support.hostile_server import Answer, answer_endlessly, answer_with, head, hostile, whole
from webcrm_sync.net.bounds import AnswerTooLarge, Bounds
from webcrm_sync.net.transports import (
    AsyncBoundedTransport,
    BoundedTransport,
    async_transport,
    sync_transport,
)
from webcrm_sync_sandbox.http_server import Server

Get = Callable[[str, Bounds], httpx.Response]
CHUNKED = head("Content-Type: application/json", "Transfer-Encoding: chunked")
ENDLESS = head("Content-Type: application/json", "Connection: close")
GZIP = "Content-Encoding: gzip"
BOMB = gzip.compress(bytes(30_000_000))
QUICK = Bounds(seconds=0.4, size=10_000)
PATIENT = Bounds(seconds=20, size=100_000)


def get_on_a_thread(url: str, bounds: Bounds) -> httpx.Response:
    with httpx.Client(
        transport=BoundedTransport(sync_transport(url, None), bounds), timeout=5
    ) as client:
        return client.get(url)


def get_on_a_loop(url: str, bounds: Bounds) -> httpx.Response:
    async def get() -> httpx.Response:
        bounded = AsyncBoundedTransport(async_transport(url, None), bounds)
        async with httpx.AsyncClient(transport=bounded, timeout=5) as client:
            return await client.get(url)

    return asyncio.run(get())


both = pytest.mark.parametrize("get", [get_on_a_thread, get_on_a_loop])


def empty_gzip_blocks() -> tuple[bytes, bytes]:
    """The start of a gzip stream, and a block that continues it without content."""
    press = zlib.compressobj(wbits=31)
    return press.flush(zlib.Z_FULL_FLUSH), b"\x00\x00\x00\xff\xff" * 100


@both
@pytest.mark.parametrize(
    "answer",
    [
        answer_endlessly(b"HTTP/1.1 200 OK\r\nX: ", b"x", every=0.05),
        answer_endlessly(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", every=0.05),
        answer_endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=0.05),
        answer_endlessly(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        answer_endlessly(head("Content-Length: 9000"), b"x", every=0.05),
        answer_endlessly(CHUNKED, b"1\r\nx\r\n", every=0.05),
        answer_endlessly(CHUNKED + b"1;", b"x", every=0.05),
        answer_endlessly(CHUNKED + b"0\r\n", b"X: y\r\n", every=0.05),
        answer_endlessly(
            head("Content-Length: 9000", GZIP) + empty_gzip_blocks()[0],
            empty_gzip_blocks()[1][:5],
            every=0.05,
        ),
        answer_with(head("Content-Length: 5"), every=9),
        answer_with(b"", every=9),
    ],
    ids=[
        *("a header byte by byte", "headers one by one", "1xx for ever", "hints for ever"),
        *("a body byte by byte", "chunks byte by byte", "a chunk's extension", "trailers"),
        *("gzip byte by byte", "no body", "nothing"),
    ],
)
def test_a_call_ends_at_its_deadline_whatever_the_server_sends(get: Get, answer: Answer) -> None:
    with hostile(answer) as server:
        began = time.monotonic()
        with pytest.raises(httpx.TransportError):
            get(server.url, QUICK)
        assert time.monotonic() - began < 2


@both
@pytest.mark.parametrize(
    "answer",
    [
        answer_with(whole(b"x" * 100_001)),
        answer_with(whole(BOMB, GZIP)),
        answer_with(whole(BOMB, "Content-Encoding: X-GZIP")),
        answer_with(whole(gzip.compress(BOMB), "Content-Encoding: gzip, gzip")),
        answer_endlessly(ENDLESS, b"x" * 1000),
        answer_endlessly(CHUNKED, b"3e8\r\n" + b"x" * 1000 + b"\r\n"),
        answer_endlessly(
            ENDLESS.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
            + empty_gzip_blocks()[0],
            empty_gzip_blocks()[1],
        ),
        answer_endlessly(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 1000 + b"\r\n"),
        answer_endlessly(b"HTTP/1.1 ", b"2" * 1000),
    ],
    ids=[
        *("one byte more", "gzip", "another name of gzip", "gzip in gzip", "endless"),
        *("endless chunks", "endless gzip of nothing", "endless headers", "an endless status"),
    ],
)
def test_an_answer_that_is_too_large_is_not_kept_in_memory(get: Get, answer: Answer) -> None:
    with hostile(answer) as server:
        tracemalloc.start()
        with pytest.raises(httpx.RequestError):
            get(server.url, PATIENT)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 8_000_000


@both
@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "compress", "gzip, br", "x" * 999])
def test_only_gzip_is_decompressed(get: Get, coding: str) -> None:
    with hostile(answer_with(whole(b"\x00" * 99, f"Content-Encoding: {coding}"))) as server:
        with pytest.raises(httpx.DecodingError):
            get(server.url, PATIENT)
        assert b"Accept-Encoding: gzip\r\n" in server.requests[0] + b"\r\n"


@both
@pytest.mark.parametrize(
    "answer",
    [
        answer_with(whole(gzip.compress(b"{}" * 999)[:-9], GZIP)),
        answer_with(whole(b"{}", GZIP)),
        answer_with(whole(b"\x1f\x8b", GZIP)),
        answer_with(head("Content-Length: 9", "Connection: close") + b"{}"),
        answer_with(head("Content-Length: 2", "Content-Length: 3") + b"{}"),
        answer_with(head("Content-Length: -2") + b"{}"),
        answer_with(CHUNKED + b"2\r\n{}\r\nrubbish\r\n\r\n"),
        answer_with(CHUNKED + b"fffffffffffffffff\r\n{}"),
        answer_with(b"<html>"),
        answer_with(b"\x00" * 50_000 + b"\r\n\r\n"),
        answer_with(
            head(status="200 \xff".encode("latin-1").decode("latin-1"))[:-2] + b"x: \x00\r\n\r\n"
        ),
    ],
    ids=[
        *("gzip cut short", "no gzip", "half a gzip head", "too short", "two lengths"),
        *("a negative length", "rubbish for a chunk", "a huge chunk", "no HTTP", "zeros", "a NUL"),
    ],
)
def test_a_malformed_answer_raises_a_request_error(get: Get, answer: Answer) -> None:
    def speak_and_leave(connection: socket.socket, request: bytes) -> None:
        answer(connection, request)
        connection.close()

    with hostile(speak_and_leave) as server, pytest.raises(httpx.RequestError):
        get(server.url, PATIENT)


@both
@pytest.mark.parametrize(
    "answer",
    [
        whole(b"{}" * 50_000),
        whole(gzip.compress(b"{}" * 50_000), GZIP),
        whole(gzip.compress(b"{}" * 50_000) + b"rubbish", GZIP),
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
        + b"".join(b"1\r\n%c\r\n" % c for c in gzip.compress(b"{}" * 50_000))
        + b"0\r\n\r\n",
    ],
    ids=["plain", "gzip", "rubbish behind a gzip", "gzip byte by byte"],
)
def test_an_answer_within_its_bounds_arrives_complete(get: Get, answer: bytes) -> None:
    with hostile(answer_with(answer)) as server:
        assert get(server.url, PATIENT).content == b"{}" * 50_000


@both
def test_an_answer_without_a_body_may_have_any_coding(get: Get) -> None:
    answer = head("Content-Encoding: br", status="204 No Content")
    with hostile(answer_with(answer)) as server:
        assert get(server.url, PATIENT).content == b""


def test_no_cookie_is_stored() -> None:
    answer = whole(b"{}", "Set-Cookie: a=b", "Set-Cookie: c=d; Path=/")
    with hostile(answer_with(answer)) as server:
        bounded = BoundedTransport(sync_transport(server.url, None), PATIENT)
        with httpx.Client(transport=bounded) as client:
            client.get(server.url)
            client.get(server.url)
            assert list(client.cookies.jar) == []
    assert all(b"ookie" not in request for request in server.requests)


def test_a_slowly_read_request_ends_at_its_deadline() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    bounded = BoundedTransport(sync_transport(url, None), QUICK)
    began = time.monotonic()
    client = httpx.Client(transport=bounded, timeout=5)
    with taken, client, pytest.raises(httpx.TransportError):
        client.post(url, content=bytes(50_000_000))
    assert time.monotonic() - began < 2


def test_a_connection_is_reused_by_the_next_call(tmp_path: Path) -> None:
    """Over TLS, whose stream replaces the plain one."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    callers: set[str] = set()

    def app(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
        callers.add(environ["REMOTE_PORT"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 9000]

    with Server(app, ssl_context=context) as server:
        bounded = BoundedTransport(sync_transport(server.url, tmp_path / "ca.pem"), QUICK)
        with httpx.Client(transport=bounded) as client:
            for _ in range(3):
                assert len(client.get(server.url).content) == 9000
            time.sleep(QUICK.seconds)
            assert client.get(server.url).status_code == 200
    assert len(callers) == 1


def test_the_error_says_what_was_too_large() -> None:
    for size, bounds, message in (
        (99, Bounds(5, 98), "is larger than 98 bytes"),
        (4_000_000, Bounds(5, 3 * 1024 * 1024), "is larger than 3 MB"),
    ):
        too_large = pytest.raises(AnswerTooLarge, match=message)
        with hostile(answer_with(whole(bytes(size)))) as server, too_large:
            get_on_a_thread(server.url, bounds)


def test_the_environments_proxy_is_used_within_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for variable, scheme in (("http_proxy", "http"), ("all_proxy", "http")):
        with hostile(answer_with(whole(b"{}"))) as proxy:
            monkeypatch.setenv(variable, proxy.url.removeprefix("http://"))
            assert get_on_a_thread(f"{scheme}://crm.example/x", PATIENT).content == b"{}"
            assert proxy.requests[0].startswith(b"GET http://crm.example/x HTTP/1.1")
        monkeypatch.delenv(variable)
    for url in ("http://crm.example", "https://crm.example"):
        with hostile(answer_endlessly(b"HTTP/1.1 200 OK\r\nX: ", b"x", every=0.05)) as proxy:
            monkeypatch.setenv(f"{url.partition(':')[0]}_proxy", proxy.url)
            began = time.monotonic()
            for get in (get_on_a_thread, get_on_a_loop):
                with pytest.raises(httpx.TransportError):
                    get(url, QUICK)
            assert time.monotonic() - began < 4
