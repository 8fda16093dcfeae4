"""A Graph client that calls the simulated Graph and Entra."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.graph_client.examples import EntraApp
from contract.graph_wire.scripted_servers import create_settings
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.settings import Settings
from webcrm_sync_sandbox.clock import Clock
from webcrm_sync_sandbox.entra import Entra
from webcrm_sync_sandbox.faults import Faults
from webcrm_sync_sandbox.graph.app import Graph
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.outlook import Outlook, SimMailbox


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def entra_app(clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EntraApp]:
    entra = Entra(clock, folder=tmp_path_factory.mktemp("entra"))
    with Server(entra, ssl_context=entra.ssl_context) as server:
        entra.url = server.url
        app = entra.add_app()
        yield EntraApp(entra, app.client_id, app.secret)


@pytest.fixture
def faults() -> Faults:
    return Faults(seed=1)


@pytest.fixture
def outlook(clock: Clock) -> Outlook:
    return Outlook(clock)


@pytest.fixture
def sales(outlook: Outlook) -> SimMailbox:
    return outlook.add_mailbox("sales@example.com", "Sales", aliases=("offers@example.com",))


@pytest.fixture
def graph(outlook: Outlook, clock: Clock, entra_app: EntraApp) -> Iterator[Graph]:
    graph = Graph(outlook, clock, tokens=entra_app.entra)
    yield graph
    graph.close()


@pytest.fixture
def settings(graph: Graph, faults: Faults, entra_app: EntraApp) -> Iterator[Settings]:
    with Server(faults.over("graph", graph)) as server:
        yield create_settings(
            server.url,
            entra_app.entra.url,
            entra_app.entra.ca_pem,
            entra_tenant_id=entra_app.entra.tenant_id,
            entra_client_id=entra_app.client_id,
            entra_client_secret=entra_app.secret,
        )


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Iterator[GraphClient]:
    client = GraphClient(settings, now=clock.now)
    yield client
    client.close()
