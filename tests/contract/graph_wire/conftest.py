"""A Graph client that speaks to a server by script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.graph_wire.script import NOW, Scripted, SmallEntra, entra_over_tls, settings_for
from webcrm_sync.graph.client import GraphClient
from webcrm_sync_sandbox.http_server import Server


@pytest.fixture(scope="module")
def small_entra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallEntra, Path]]:
    with entra_over_tls(tmp_path_factory.mktemp("entra")) as found:
        yield found


@pytest.fixture
def entra(small_entra: tuple[SmallEntra, Path]) -> Iterator[SmallEntra]:
    yield small_entra[0]
    small_entra[0].refuses = None


@pytest.fixture
def graph() -> Scripted:
    return Scripted()


@pytest.fixture
def server(graph: Scripted) -> Iterator[Server]:
    with Server(graph) as running:
        yield running


@pytest.fixture
def client(
    server: Server, entra: SmallEntra, small_entra: tuple[SmallEntra, Path]
) -> Iterator[GraphClient]:
    made = GraphClient(settings_for(server.url, entra.url, small_entra[1]), now=lambda: NOW)
    yield made
    made.close()
