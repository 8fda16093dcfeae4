"""The addresses on which the server listens, and its message when it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from webcrm_sync.web.serving.listening import CannotListen, bind_sockets, tls_context


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "localhost:0", "[::1]:0", "0.0.0.0:0", "[::]:0"])
def test_the_server_binds_the_address_of_the_setting(listen: str) -> None:
    sockets = bind_sockets(listen)
    assert {one.getsockname()[1] > 0 for one in sockets} == {True}
    for one in sockets:
        one.close()


@pytest.mark.parametrize("listen", ["192.0.2.1:8000", "no.such.host.example:80", "localhost:99999"])
def test_an_address_that_cannot_be_bound_gives_one_sentence(listen: str) -> None:
    with pytest.raises(CannotListen, match=f"^LISTEN={listen} is not possible: .*\\.$"):
        bind_sockets(listen)


def test_a_port_in_use_gives_one_sentence() -> None:
    (taken,) = bind_sockets("127.0.0.1:0")
    with taken:
        taken.listen()
        with pytest.raises(CannotListen, match="Address already in use"):
            bind_sockets(f"127.0.0.1:{taken.getsockname()[1]}")


def test_an_unreadable_certificate_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for path in (tmp_path / "no.pem", tmp_path / "none.pem"):
        with pytest.raises(CannotListen, match="TLS_CERT and TLS_KEY cannot be used: "):
            tls_context(path, path)
