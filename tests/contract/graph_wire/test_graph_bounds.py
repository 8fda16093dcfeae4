"""A Graph whose answers are too large, too slow, circular or malformed."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from functools import partial
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
    raised_by,
)
from support.hostile_server import answer_endlessly, head, hostile
from webcrm_sync.core.errors import Refused, SyncError, TryLater, Unclear
from webcrm_sync.core.outlook import Marking
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.net.bounds import Bounds
from webcrm_sync_sandbox.http_server import Server

Listing = Callable[[GraphClient], object]
LISTINGS: dict[str, Listing] = {
    "categories": lambda client: client.list_category_names("u"),
    "rules": lambda client: client.list_rules("u"),
    "sender rules": lambda client: client.list_sender_rules("u"),
    "folders": lambda client: client.find_child_folders("u", "inbox", "webCRM sync"),
    "mails": lambda client: client.list_folder_mails("u", "F"),
    "attachments": lambda client: client.list_attachments("u", "m"),
    "stamped": lambda client: client.find_stamped_mails("u", "s"),
    "subscriptions": lambda client: client.list_subscriptions(),
}
BATCHES: dict[str, Listing] = {
    "parents": lambda client: client.fetch_parent_ids("u", ["F", "G"]),
    "locations": lambda client: client.fetch_locations("u", ["m", "n"]),
    "heads": lambda client: client.fetch_heads("u", ["m", "n"]),
    "lists": lambda client: client.list_attachments_by_mail("u", ["m", "n"]),
    "folder": lambda client: client.fetch_folder("u", "F"),
    "marks": lambda client: client.mark_mails("u", [Marking("m", "v", ("a",), None)]),
}


def gzip_bomb(head: bytes = b'{"value": ["') -> Answer:
    packed = gzip.compress(head + b" " * 70_000_000 + b'"]}', 1)
    return Answer(200, packed, {"Content-Encoding": "gzip"})


def test_a_gzip_bomb_is_tried_later_and_leaves_a_write_unclear(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(gzip_bomb())
    for call in (partial(client.fetch_message, "u", "m"), partial(client.list_rules, "u")):
        found = raised_by(call)
        assert (type(found), found.code) == (TryLater, "AnswerTooLarge")
        assert str(found) == "Graph's answer is larger than 64 MB."
    assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is Unclear


def test_a_page_that_is_too_large_is_read_again_with_half_the_mails(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(gzip_bomb(), gzip_bomb(), Answer(body=EMPTY_PAGE))
    assert client.fetch_page("u", "F", None).is_last
    sizes = [one.headers["prefer"].partition("maxpagesize=")[2][:2] for one in graph.requests]
    assert sizes == ["50", "25", "12"]
    graph.will_answer(gzip_bomb())
    assert raised_by(client.fetch_page, "u", "F", None, size=2).code == "AnswerTooLarge"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"value": ' * 5_000 + b"1" + b"}" * 5_000,
        b'{"value": ' + b"9" * 5_000 + b"}",
        b'{"id": "\xe9"}',
        '{"id": "x"}'.encode("utf-16")[:-1],
        b'{"id": "x"}{"id": "y"}',
        b'{"id": "x"',
        b"\x00",
        b'"x"',
        b"null",
        b"\xef\xbb\xbf",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_an_answer_without_a_json_object_counts_as_lost(
    client: GraphClient, graph: ScriptedServer, body: bytes
) -> None:
    graph.will_answer(Answer(200, body))
    assert type(raised_by(client.fetch_message, "u", "m")) is TryLater
    assert type(raised_by(client.fetch_page, "u", "F", None)) is TryLater
    assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is Unclear


@pytest.mark.parametrize(
    "body",
    [
        b'{"value": [{"id": 1}, {"id": {}}]}',
        b'{"value": "x"}',
        b'{"value": {"id": "x"}}',
        b'{"value": [1, null, []]}',
        b'{"value": [{"id": "s", "expirationDateTime": "soon", "actions": 1}]}',
        b'{"value": [{"id": "s", "expirationDateTime": 5, "actions": []}]}',
        b'{"value": [{"id": "s", "expirationDateTime": "9999-99-99T00:00:00Z"}]}',
        b'{"value": ' * 5_000 + b"1" + b"}" * 5_000,
        b'{"id": "F", "totalItemCount": "many", "responses": 5}',
        b'{"id": "F", "totalItemCount": [1], "responses": [{"id": "1"}, 5]}',
        b'{"responses": [{"id": "1", "status": "soon"}, {"id": "2", "status": [1]}]}',
        b'{"responses": [{"id": "1", "status": NaN}, {"id": "2", "status": 302}]}',
        b'{"responses": [{"id": "1", "status": 429, "headers": {"Retry-After": [5]}}]}',
        b'{"responses": [{"id": "1", "status": 500, "headers": 5, "body": {"error": 5}}]}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_json_of_another_shape_raises_only_sync_errors(
    client: GraphClient, graph: ScriptedServer, body: bytes
) -> None:
    graph.will_answer(Answer(200, body))
    for name, call in (LISTINGS | BATCHES).items():
        try:
            call(client)
        except SyncError:
            continue
        except Exception as error:
            raise AssertionError(name) from error


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399, 600, 999])
def test_an_unexpected_status_is_never_a_success(
    client: GraphClient, graph: ScriptedServer, status: int
) -> None:
    with Server(foreign := ScriptedServer()) as other:
        graph.will_answer(Answer(status, {}, {"Location": f"{other.url}/v1.0/x"}))
        for call in (client.delete_mail, client.fetch_message):
            found = raised_by(call, "u", "m")
            assert type(found) is TryLater
            assert "WEBCRM_SYNC_GRAPH_URL" in str(found)
        assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is Unclear
        assert type(raised_by(client.save_attachment, "u", "m", "a", sink=io.BytesIO())) is TryLater
    assert foreign.requests == []


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("circle", [1, 2, 3])
def test_a_circular_listing_is_abandoned(
    client: GraphClient, graph: ScriptedServer, server: Server, name: str, circle: int
) -> None:
    link = f"{server.url}/v1.0/next?$skiptoken="
    graph.will_answer(
        *[Answer(body={"value": [], "@odata.nextLink": f"{link}{n % circle}"}) for n in range(9)]
    )
    found = raised_by(LISTINGS[name], client)
    assert (type(found), found.code) == (TryLater, "EndlessList")
    assert len(graph.requests) == circle + 1


@pytest.mark.parametrize(
    "link",
    [
        *("{}/v1.0/" + "x" * 40_000, "{}/v1.0/" + "x" * 70_000, "{}/v1.0/\n", "http://["),
        *("javascript:1", "//x", "/v1.0/x", "{}:99999/v1.0", "{}.evil.example/v1.0/x"),
        *(5, [], {"a": 1}),
    ],
    ids=lambda link: str(link)[:20],
)
def test_an_invalid_link_is_not_followed(
    client: GraphClient, graph: ScriptedServer, server: Server, link: Any
) -> None:
    filled = link.format(server.url) if isinstance(link, str) else link
    graph.will_answer(
        Answer(body={"value": [], "@odata.nextLink": filled}), Answer(body={"value": []})
    )
    for name, call in LISTINGS.items():
        graph.requests.clear()
        if isinstance(link, str):
            assert isinstance(raised_by(call, client), Refused | TryLater), name
        assert all(one.target.startswith("/v1.0/") for one in graph.requests)
        graph.will_answer(
            Answer(body={"value": [], "@odata.nextLink": filled}), Answer(body={"value": []})
        )


# -- attachments


def test_an_attachment_larger_than_announced_is_refused(
    client: GraphClient, graph: ScriptedServer
) -> None:
    for answer in (
        Answer(200, bytes(5_000_000)),
        Answer(200, gzip.compress(bytes(5_000_000)), {"Content-Encoding": "gzip"}),
    ):
        graph.will_answer(answer)
        sink = io.BytesIO()
        found = raised_by(client.save_attachment, "u", "m", "a", sink=sink, at_most=1_000_000)
        assert (type(found), found.code) == (Refused, "AnswerTooLarge")
        assert len(sink.getvalue()) <= 1_000_000
        client.save_attachment("u", "m", "a", sink=io.BytesIO(), at_most=5_000_000)


def test_a_slow_graph_cannot_exceed_a_calls_deadline(
    entra: SmallEntra, entra_and_bundle: tuple[SmallEntra, Path]
) -> None:
    bounds = Bounds(seconds=0.5, size=10_000)
    for begun in (b"HTTP/1.1 200 OK\r\nX: ", head("Content-Length: 9000")):
        with hostile(answer_endlessly(begun, b"x", every=0.05)) as server:
            settings = create_settings(server.url, entra.url, entra_and_bundle[1])
            client = GraphClient(settings, now=lambda: NOW, bounds=bounds)
            client.fetch_roles()  # gets a token, so that Graph alone takes time
            began = time.monotonic()
            found = raised_by(client.fetch_message, "u", "m")
            assert (type(found), str(found)) == (TryLater, "Graph's answer took longer than 0.5 s.")
            assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is Unclear
            assert type(raised_by(client.list_rules, "u")) is TryLater
            saved = raised_by(client.save_attachment, "u", "m", "a", sink=io.BytesIO(), at_most=1)
            assert isinstance(saved, TryLater | Refused)
            assert time.monotonic() - began < 4
            client.close()
