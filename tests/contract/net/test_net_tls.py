"""Certificates and proxies of outgoing calls, on a thread and on an event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from webcrm_sync.net.bounds import Bounds
from webcrm_sync.net.errors import classify_connection_error
from webcrm_sync.net.transports import (
    AsyncBoundedTransport,
    BoundedTransport,
    async_transport,
    sync_transport,
)
from webcrm_sync_sandbox.http_server import Server

BOUNDS = Bounds(seconds=20, size=100_000)
Get = Callable[[str, Path | None], httpx.Response]


def on_a_thread(url: str, ca_bundle: Path | None) -> httpx.Response:
    bounded = BoundedTransport(sync_transport(url, ca_bundle), BOUNDS)
    with httpx.Client(transport=bounded) as client:
        return client.get(url)


def on_a_loop(url: str, ca_bundle: Path | None) -> httpx.Response:
    async def get() -> httpx.Response:
        bounded = AsyncBoundedTransport(async_transport(url, ca_bundle), BOUNDS)
        async with httpx.AsyncClient(transport=bounded) as client:
            return await client.get(url)

    return asyncio.run(get())


both = pytest.mark.parametrize("get", [on_a_thread, on_a_loop])


@contextmanager
def served_by(authority: trustme.CA, requests: list[str]) -> Iterator[str]:
    """The address of a server whose certificate `authority` has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def app(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
        requests.append(environ["RAW_URI"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    with Server(app, ssl_context=context) as server:
        yield server.url


def root_file(authority: trustme.CA, folder: Path, name: str) -> Path:
    authority.cert_pem.write_to_path(str(folder / name))
    return folder / name


@both
def test_roots_of_the_bundle_are_trusted_in_addition_to_the_systems(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems, bundles, foreign = trustme.CA(), trustme.CA(), trustme.CA()
    monkeypatch.setenv("SSL_CERT_FILE", str(root_file(systems, tmp_path, "system.pem")))
    bundle = root_file(bundles, tmp_path, "bundle.pem")
    for authority, ca_bundle, is_trusted in (
        (systems, None, True),
        (systems, bundle, True),
        (bundles, bundle, True),
        (bundles, None, False),
        (foreign, bundle, False),
    ):
        requests: list[str] = []
        with served_by(authority, requests) as url:
            if is_trusted:
                assert get(url, ca_bundle).text == "hello"
            else:
                with pytest.raises(httpx.ConnectError) as found:
                    get(url, ca_bundle)
                error = classify_connection_error("crm.example", found.value)
                assert error.code == "CertificateNotTrusted"
                assert "WEBCRM_SYNC_CA_BUNDLE" in str(error)
        assert len(requests) == is_trusted


@both
def test_a_trusted_certificate_of_another_host_is_refused(get: Get, tmp_path: Path) -> None:
    authority = trustme.CA()
    bundle = root_file(authority, tmp_path, "ca.pem")
    requests: list[str] = []
    with served_by(authority, requests) as url, pytest.raises(httpx.ConnectError):
        get(url.replace("localhost", "127.0.0.1"), bundle)
    assert requests == []


@both
def test_a_proxy_reached_by_https_is_verified_by_the_same_roots(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    bundle = root_file(authority, tmp_path, "ca.pem")
    requests: list[str] = []
    with served_by(authority, requests) as url:
        monkeypatch.setenv("http_proxy", url)
        assert get("http://crm.example/x", bundle).text == "hello"
        with pytest.raises(httpx.TransportError):
            get("http://crm.example/x", None)
    assert requests == ["http://crm.example/x"]


def test_a_refused_connection_does_not_blame_the_certificate() -> None:
    error = classify_connection_error("crm.example", httpx.ConnectError("refused"))
    assert (error.code, str(error)) == (
        "NoConnection",
        "No answer from crm.example (ConnectError).",
    )
