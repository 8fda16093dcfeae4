"""A Graph that answers with too much, too slowly, in circles, or with what is no answer."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contract.graph_wire.script import (
    EMPTY_PAGE,
    MAIL,
    NOW,
    Said,
    Scripted,
    SmallEntra,
    caught,
    settings_for,
)
from contract.hostile import head, hostile, says_for_ever
from webcrm_sync.core.errors import Refused, SyncError, TryLater, Unclear
from webcrm_sync.core.outlook import Marking
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.net.bounds import Bounds
from webcrm_sync_sandbox.http_server import Server

Listing = Callable[[GraphClient], object]
LISTINGS: dict[str, Listing] = {
    "categories": lambda client: client.category_names("u"),
    "rules": lambda client: client.rules("u"),
    "sender rules": lambda client: client.sender_rules("u"),
    "folders": lambda client: client.children("u", "inbox", "webCRM sync"),
    "mails": lambda client: client.listing("u", "F"),
    "attachments": lambda client: client.attachments("u", "m"),
    "stamped": lambda client: client.find_stamped("u", "s"),
    "subscriptions": lambda client: client.subscriptions(),
}
BATCHES: dict[str, Listing] = {
    "parents": lambda client: client.parents("u", ["F", "G"]),
    "locations": lambda client: client.locations("u", ["m", "n"]),
    "heads": lambda client: client.heads("u", ["m", "n"]),
    "lists": lambda client: client.attachment_lists("u", ["m", "n"]),
    "folder": lambda client: client.folder("u", "F"),
    "marks": lambda client: client.mark("u", [Marking("m", "v", ("a",), None)]),
}


def bomb(head: bytes = b'{"value": ["') -> Said:
    packed = gzip.compress(head + b" " * 70_000_000 + b'"]}', 1)
    return Said(200, packed, {"Content-Encoding": "gzip"})


def test_a_bomb_is_put_off_and_a_write_that_met_it_is_unclear(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(bomb())
    for call in (partial(client.message, "u", "m"), partial(client.rules, "u")):
        found = caught(call)
        assert (type(found), found.code) == (TryLater, "AnswerTooLarge")
        assert str(found) == "Graph's answer is larger than 64 MB."
    assert type(caught(client.create_sent, "u", "F", MAIL)) is Unclear


def test_a_page_that_is_too_large_comes_with_half_the_mails(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(bomb(), bomb(), Said(body=EMPTY_PAGE))
    assert client.page("u", "F", None).is_last
    sizes = [one.headers["prefer"].partition("maxpagesize=")[2][:2] for one in graph.asked]
    assert sizes == ["50", "25", "12"]
    graph.says(bomb())
    assert caught(client.page, "u", "F", None, size=2).code == "AnswerTooLarge"


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
def test_what_is_no_json_object_is_a_lost_answer(
    client: GraphClient, graph: Scripted, body: bytes
) -> None:
    graph.says(Said(200, body))
    assert type(caught(client.message, "u", "m")) is TryLater
    assert type(caught(client.page, "u", "F", None)) is TryLater
    assert type(caught(client.create_sent, "u", "F", MAIL)) is Unclear


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
def test_json_of_another_shape_raises_nothing_of_its_own(
    client: GraphClient, graph: Scripted, body: bytes
) -> None:
    graph.says(Said(200, body))
    for name, call in (LISTINGS | BATCHES).items():
        try:
            call(client)
        except SyncError:
            continue
        except Exception as error:
            raise AssertionError(name) from error


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399, 600, 999])
def test_a_status_that_is_no_answer_is_never_a_success(
    client: GraphClient, graph: Scripted, status: int
) -> None:
    with Server(foreign := Scripted()) as other:
        graph.says(Said(status, {}, {"Location": f"{other.url}/v1.0/x"}))
        for call in (client.delete, client.message):
            found = caught(call, "u", "m")
            assert type(found) is TryLater
            assert "WEBCRM_SYNC_GRAPH_URL" in str(found)
        assert type(caught(client.create_sent, "u", "F", MAIL)) is Unclear
        assert type(caught(client.save_attachment, "u", "m", "a", sink=io.BytesIO())) is TryLater
    assert foreign.asked == []


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("circle", [1, 2, 3])
def test_a_listing_that_leads_in_a_circle_is_given_up(
    client: GraphClient, graph: Scripted, server: Server, name: str, circle: int
) -> None:
    link = f"{server.url}/v1.0/next?$skiptoken="
    graph.says(
        *[Said(body={"value": [], "@odata.nextLink": f"{link}{n % circle}"}) for n in range(9)]
    )
    found = caught(LISTINGS[name], client)
    assert (type(found), found.code) == (TryLater, "EndlessList")
    assert len(graph.asked) == circle + 1


@pytest.mark.parametrize(
    "link",
    [
        *("{}/v1.0/" + "x" * 40_000, "{}/v1.0/" + "x" * 70_000, "{}/v1.0/\n", "http://["),
        *("javascript:1", "//x", "/v1.0/x", "{}:99999/v1.0", "{}.evil.example/v1.0/x"),
        *(5, [], {"a": 1}),
    ],
    ids=lambda link: str(link)[:20],
)
def test_a_link_that_is_no_address_is_not_followed(
    client: GraphClient, graph: Scripted, server: Server, link: Any
) -> None:
    filled = link.format(server.url) if isinstance(link, str) else link
    graph.says(Said(body={"value": [], "@odata.nextLink": filled}), Said(body={"value": []}))
    for name, call in LISTINGS.items():
        graph.asked.clear()
        if isinstance(link, str):
            assert isinstance(caught(call, client), Refused | TryLater), name
        assert all(one.target.startswith("/v1.0/") for one in graph.asked)
        graph.says(Said(body={"value": [], "@odata.nextLink": filled}), Said(body={"value": []}))


# -- attachments


def test_an_attachment_ends_at_its_announced_size(client: GraphClient, graph: Scripted) -> None:
    for said in (
        Said(200, bytes(5_000_000)),
        Said(200, gzip.compress(bytes(5_000_000)), {"Content-Encoding": "gzip"}),
    ):
        graph.says(said)
        sink = io.BytesIO()
        found = caught(client.save_attachment, "u", "m", "a", sink=sink, at_most=1_000_000)
        assert (type(found), found.code) == (Refused, "AnswerTooLarge")
        assert len(sink.getvalue()) <= 1_000_000
        client.save_attachment("u", "m", "a", sink=io.BytesIO(), at_most=5_000_000)


def test_a_dripping_graph_holds_a_call_no_longer_than_its_time(
    entra: SmallEntra, small_entra: tuple[SmallEntra, Path]
) -> None:
    bounds = Bounds(seconds=0.5, size=10_000)
    for begun in (b"HTTP/1.1 200 OK\r\nX: ", head("Content-Length: 9000")):
        with hostile(says_for_ever(begun, b"x", every=0.05)) as server:
            settings = settings_for(server.url, entra.url, small_entra[1])
            client = GraphClient(settings, now=lambda: NOW, bounds=bounds)
            client.roles()  # a token, so that the time is Graph's alone
            began = time.monotonic()
            found = caught(client.message, "u", "m")
            assert (type(found), str(found)) == (TryLater, "Graph's answer took longer than 0.5 s.")
            assert type(caught(client.create_sent, "u", "F", MAIL)) is Unclear
            assert type(caught(client.rules, "u")) is TryLater
            saved = caught(client.save_attachment, "u", "m", "a", sink=io.BytesIO(), at_most=1)
            assert isinstance(saved, TryLater | Refused)
            assert time.monotonic() - began < 4
            client.close()
