"""The requests that the client sends, and where: real HTTP, msal and msgraph-sdk."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from contract.graph_wire.scripted_servers import (
    EMPTY_PAGE,
    MAIL,
    NOW,
    Answer,
    ScriptedServer,
    SmallEntra,
    create_settings,
    error_answer,
    raised_by,
)
from webcrm_sync.core.errors import Gone, TryLater, Unclear
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.net.proxy import find_proxy
from webcrm_sync.net.tls import create_trust
from webcrm_sync_sandbox.http_server import Server

# -- headers


def test_every_request_prefers_immutable_ids_and_has_its_own_id(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(Answer(body={"id": "F", "displayName": "x", "parentFolderId": "R"}))
    client.fetch_folder("u", "inbox")
    client.fetch_message("u", "m")
    client.list_attachments("u", "m")
    client.save_attachment("u", "m", "a", sink=io.BytesIO())
    assert len(graph.requests) == 4
    assert all('IdType="ImmutableId"' in one.headers["prefer"] for one in graph.requests)
    assert all(one.headers["authorization"].startswith("Bearer h") for one in graph.requests)
    assert len({one.headers["client-request-id"] for one in graph.requests}) == 4


def test_a_page_repeats_its_preferences_and_sends_the_link_unchanged(
    client: GraphClient, graph: ScriptedServer, server: Server
) -> None:
    link = f"{server.url}/v1.0/users('u')/messages/delta()?%24skiptoken=a%2Bb'(c)&x=%7E"
    graph.will_answer(Answer(body={"value": [], "@odata.nextLink": link}), Answer(body=EMPTY_PAGE))
    first = client.fetch_page("u", "F/1", None)
    client.fetch_page("u", "F/1", first.cursor, size=10)
    start, following = graph.requests
    assert start.target.startswith("/v1.0/users/u/mailFolders/F%2F1/messages/delta?$select=id%2C")
    assert "webcrmSync" in start.target
    assert "odata.maxpagesize=50" in start.headers["prefer"]
    assert server.url + following.target == link
    assert following.headers["prefer"] == (
        'IdType="ImmutableId", odata.maxpagesize=10, outlook.body-content-type="html"'
    )


# -- users


def test_a_user_is_found_by_an_address_that_is_no_principal_name(
    client: GraphClient, graph: ScriptedServer
) -> None:
    user = {
        "id": "u1",
        "displayName": "Sales",
        "mail": "Sales@example.com",
        "userPrincipalName": "s1@corp.example",
        "proxyAddresses": ["SMTP:Sales@example.com", "smtp:desk@example.com", "x500:/o=x"],
    }
    graph.will_answer(
        error_answer(404, "Request_ResourceNotFound"),
        Answer(body={"value": [user]}),
        Answer(body={"userPurpose": "shared"}),
    )
    found = client.find_user("o'desk@example.com")
    assert (found.user_id, found.address, found.is_shared) == ("u1", "sales@example.com", True)
    assert found.aliases == {"sales@example.com", "desk@example.com", "s1@corp.example", "/o=x"}
    assert "o%27%27desk%40example.com" in graph.requests[1].target


def test_an_unknown_user_is_gone(client: GraphClient, graph: ScriptedServer) -> None:
    graph.will_answer(error_answer(404, "Request_ResourceNotFound"), Answer(body={"value": []}))
    assert type(raised_by(client.find_user, "x@example.com")) is Gone


# -- foreign hosts


@pytest.mark.parametrize("elsewhere", ["other-port", "other-name", "login"])
def test_a_link_to_another_host_is_refused_before_anything_is_sent(
    client: GraphClient, graph: ScriptedServer, server: Server, elsewhere: str
) -> None:
    foreign = ScriptedServer()
    with Server(foreign) as other:
        here = server.url.removeprefix("http://")
        link = {
            "other-port": f"{other.url}/v1.0/delta",
            "other-name": f"http://localhost:{other.port}/v1.0/delta",
            "login": f"http://a:b@{here}/v1.0/delta",
        }[elsewhere]
        assert raised_by(client.fetch_page, "u", "F", link).code == "ForeignHost"
        graph.will_answer(Answer(body={"value": [], "@odata.nextLink": link}))
        for call in (client.list_category_names, client.list_rules):
            assert raised_by(call, "u").code == "ForeignHost"
    assert foreign.requests == []


def test_a_redirect_is_not_followed(client: GraphClient, graph: ScriptedServer) -> None:
    with Server(foreign := ScriptedServer()) as other:
        graph.will_answer(Answer(302, {}, {"Location": f"{other.url}/v1.0/x"}))
        assert type(raised_by(client.fetch_message, "u", "m")) is TryLater
        assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is Unclear
        assert "WEBCRM_SYNC_GRAPH_URL" in str(raised_by(client.list_rules, "u"))
    assert foreign.requests == []


# -- proxy


def test_the_environments_proxy_is_used_except_for_no_proxy(
    server: Server,
    graph: ScriptedServer,
    entra: SmallEntra,
    entra_and_bundle: tuple[SmallEntra, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "localhost")
    settings = create_settings("http://graph.example", entra.url, entra_and_bundle[1])
    client = GraphClient(settings, now=lambda: NOW)
    graph.will_answer(Answer(body={"id": "m"}))
    assert client.fetch_message("u", "m").graph_id == "m"
    assert graph.requests[0].target.startswith("http://graph.example/v1.0/users/u/messages/m")
    client.close()
    assert find_proxy("http://localhost:1/v1.0", create_trust(None)) is None


# -- load and size


def test_a_mailbox_never_has_more_than_two_requests_in_flight(
    client: GraphClient, graph: ScriptedServer
) -> None:
    lock, two, in_flight, most = threading.Lock(), threading.Barrier(2), 0, 0

    def arrive() -> None:
        nonlocal in_flight, most
        with lock:
            in_flight += 1
            most = max(most, in_flight)
        two.wait(10)  # raises unless two requests run together
        with lock:
            in_flight -= 1

    graph.will_answer(Answer(body={"id": "m"}, before=arrive))
    with ThreadPoolExecutor(9) as pool:
        done = list(pool.map(lambda n: client.fetch_message("U", f"m{n}"), range(8)))
    assert len(done) == 8
    assert most == 2


def test_an_attachment_arrives_in_pieces(client: GraphClient, graph: ScriptedServer) -> None:
    class Sink(io.BytesIO):
        largest = 0

        def write(self, piece: Any) -> int:
            self.largest = max(self.largest, len(piece))
            return super().write(piece)

    content = bytes(range(256)) * 20_000
    graph.will_answer(Answer(200, content, {"Content-Type": "application/octet-stream"}))
    sink = Sink()
    client.save_attachment("u", "m/1", "a+1", sink=sink)
    assert sink.getvalue() == content
    assert sink.largest < len(content) // 10
    assert graph.requests[0].target == "/v1.0/users/u/messages/m%2F1/attachments/a%2B1/$value"


def test_a_closed_client_can_be_closed_again(client: GraphClient) -> None:
    client.close()
    client.close()
