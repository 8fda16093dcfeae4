"""A Graph client that calls a scripted Graph and a small Entra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.graph_wire.scripted_servers import (
    NOW,
    ScriptedServer,
    SmallEntra,
    create_settings,
    serve_entra,
)
from webcrm_sync.graph.client import GraphClient
from webcrm_sync_sandbox.http_server import Server


@pytest.fixture(scope="module")
def entra_and_bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallEntra, Path]]:
    with serve_entra(tmp_path_factory.mktemp("entra")) as found:
        yield found


@pytest.fixture
def entra(entra_and_bundle: tuple[SmallEntra, Path]) -> Iterator[SmallEntra]:
    yield entra_and_bundle[0]
    entra_and_bundle[0].forced_answer = None


@pytest.fixture
def graph() -> ScriptedServer:
    return ScriptedServer()


@pytest.fixture
def server(graph: ScriptedServer) -> Iterator[Server]:
    with Server(graph) as running:
        yield running


@pytest.fixture
def client(
    server: Server, entra: SmallEntra, entra_and_bundle: tuple[SmallEntra, Path]
) -> Iterator[GraphClient]:
    client = GraphClient(
        create_settings(server.url, entra.url, entra_and_bundle[1]), now=lambda: NOW
    )
    yield client
    client.close()
