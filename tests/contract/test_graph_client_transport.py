"""The Graph client on the wire: real HTTP, real msal, real msgraph-sdk, a server by script."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contract.graph_script import Said, Scripted, SmallEntra, entra_over_tls, error, settings_for
from webcrm_sync.core.errors import (
    AccessLost,
    Conflict,
    CursorExpired,
    Gone,
    Refused,
    SyncError,
    TryLater,
    Unclear,
)
from webcrm_sync.core.outlook import Marked, Marking, SentMail
from webcrm_sync.graph.client import GraphClient
from webcrm_sync.graph.outgoing import proxy_for
from webcrm_sync.sandbox.serving import Server

#: The SDK's generated modules warn about classes of their own, while they are imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:msgraph"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:kiota"),
]
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
MAIL = SentMail(
    message_id="<m1@crm.example>",
    subject="Offer",
    body="x",
    body_is_html=False,
    sender_name="",
    sender_address="sales@example.com",
    recipient_name="",
    recipient_address="buyer@customer.example",
    sent_at=NOW,
    categories=(),
    stamp="ms1-m-7",
)
EMPTY_PAGE: dict[str, Any] = {"value": [], "@odata.deltaLink": "x"}


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


def caught(call: Any, *args: Any, **named: Any) -> SyncError:
    with pytest.raises(SyncError) as found:
        call(*args, **named)
    return found.value


def marking(graph_id: str) -> Marking:
    return Marking(graph_id, "CK", ("Synced",), None)


# -- what every request carries


def test_every_request_asks_for_immutable_ids_and_can_be_traced(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(Said(body={"id": "F", "displayName": "x", "parentFolderId": "R"}))
    client.folder("u", "inbox")
    client.message("u", "m")
    client.attachments("u", "m")
    client.save_attachment("u", "m", "a", sink=io.BytesIO())
    assert len(graph.asked) == 4
    assert all('IdType="ImmutableId"' in one.headers["prefer"] for one in graph.asked)
    assert all(one.headers["authorization"].startswith("Bearer h") for one in graph.asked)
    assert len({one.headers["client-request-id"] for one in graph.asked}) == 4


def test_a_page_repeats_its_preferences_and_sends_the_link_as_it_came(
    client: GraphClient, graph: Scripted, server: Server
) -> None:
    link = f"{server.url}/v1.0/users('u')/messages/delta()?%24skiptoken=a%2Bb'(c)&x=%7E"
    graph.says(Said(body={"value": [], "@odata.nextLink": link}), Said(body=EMPTY_PAGE))
    first = client.page("u", "F/1", None)
    client.page("u", "F/1", first.cursor, size=10)
    start, following = graph.asked
    assert start.target.startswith("/v1.0/users/u/mailFolders/F%2F1/messages/delta?$select=id%2C")
    assert "webcrmSync" in start.target
    assert "odata.maxpagesize=50" in start.headers["prefer"]
    assert server.url + following.target == link
    assert following.headers["prefer"] == (
        'IdType="ImmutableId", odata.maxpagesize=10, outlook.body-content-type="html"'
    )


# -- users


def test_a_user_is_found_by_an_address_that_is_no_principal_name(
    client: GraphClient, graph: Scripted
) -> None:
    user = {
        "id": "u1",
        "displayName": "Sales",
        "mail": "Sales@example.com",
        "userPrincipalName": "s1@corp.example",
        "proxyAddresses": ["SMTP:Sales@example.com", "smtp:desk@example.com", "x500:/o=x"],
    }
    graph.says(
        error(404, "Request_ResourceNotFound"),
        Said(body={"value": [user]}),
        Said(body={"userPurpose": "shared"}),
    )
    found = client.user("o'desk@example.com")
    assert (found.user_id, found.address, found.is_shared) == ("u1", "sales@example.com", True)
    assert found.aliases == {"sales@example.com", "desk@example.com", "s1@corp.example"}
    assert "o%27%27desk%40example.com" in graph.asked[1].target


def test_nobody_is_gone(client: GraphClient, graph: Scripted) -> None:
    graph.says(error(404, "Request_ResourceNotFound"), Said(body={"value": []}))
    assert type(caught(client.user, "x@example.com")) is Gone


# -- where the token may go


@pytest.mark.parametrize("elsewhere", ["other-port", "other-name", "login"])
def test_a_link_to_another_host_is_refused_before_anything_is_sent(
    client: GraphClient, graph: Scripted, server: Server, elsewhere: str
) -> None:
    foreign = Scripted()
    with Server(foreign) as other:
        here = server.url.removeprefix("http://")
        link = {
            "other-port": f"{other.url}/v1.0/delta",
            "other-name": f"http://localhost:{other.port}/v1.0/delta",
            "login": f"http://a:b@{here}/v1.0/delta",
        }[elsewhere]
        assert caught(client.page, "u", "F", link).code == "ForeignHost"
        graph.says(Said(body={"value": [], "@odata.nextLink": link}))
        for call in (client.category_names, client.rules):
            assert caught(call, "u").code == "ForeignHost"
    assert foreign.asked == []


def test_a_redirect_is_not_followed(client: GraphClient, graph: Scripted) -> None:
    with Server(foreign := Scripted()) as other:
        graph.says(Said(302, {}, {"Location": f"{other.url}/v1.0/x"}))
        assert type(caught(client.message, "u", "m")) is Refused
        assert type(caught(client.folder, "u", "inbox")) is Refused
    assert foreign.asked == []


# -- what answers mean


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (error(403, "ErrorAccessDenied"), AccessLost),
        (error(404, "MailboxNotEnabledForRESTAPI"), AccessLost),
        (error(404, "ErrorItemNotFound"), Gone),
        (error(410, "SyncStateNotFound"), CursorExpired),
        (error(400, "ErrorInvalidIdMalformed"), Refused),
        (error(503, "ServiceUnavailable"), TryLater),
        (Said(502, b"<html>", {"Content-Type": "text/html"}), TryLater),
        (Said(500, b""), TryLater),
        (Said(200, b"<html>sign in</html>", {"Content-Type": "text/html"}), TryLater),
        (Said(200, b'{"half'), TryLater),
        (Said(200, b"[]"), TryLater),
        (Said(0), TryLater),
    ],
)
def test_raw_typed_and_streamed_calls_read_trouble_alike(
    client: GraphClient, graph: Scripted, said: Said, kind: type[SyncError]
) -> None:
    graph.says(said)
    assert type(caught(client.page, "u", "F", None)) is kind
    if said.body != b"[]":  # the SDK reads a list as an empty object
        assert type(caught(client.folder, "u", "F")) is kind
    if said.status != 200:
        assert type(caught(client.save_attachment, "u", "m", "a", sink=io.BytesIO())) is kind
    assert "sales@example.com" not in str(caught(client.page, "u", "F", None))


def test_the_request_id_is_kept_for_the_support_case(client: GraphClient, graph: Scripted) -> None:
    graph.says(error(400, "ErrorInvalidIdMalformed", request_id="r-1"))
    for call in (client.message, client.folder):
        found = caught(call, "u", "x")
        assert (found.code, found.request_id) == ("ErrorInvalidIdMalformed", "r-1")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("7", NOW + timedelta(seconds=7)),
        ("2.128", NOW + timedelta(seconds=2.128)),
        ("Fri, 20 Nov 2026 10:05:00 GMT", NOW + timedelta(minutes=5)),
        (None, None),
    ],
)
def test_a_429_says_when_in_each_of_its_forms_and_is_sent_once(
    client: GraphClient, graph: Scripted, told: str | None, meant: datetime | None
) -> None:
    graph.says(error(429, "ApplicationThrottled", **({"Retry_After": told} if told else {})))
    for call in (client.message, client.folder, client.create_folder):
        graph.asked.clear()
        args = ("u", "x", "name")[: 3 if call == client.create_folder else 2]
        found = caught(call, *args)
        assert isinstance(found, TryLater)
        assert found.retry_at == meant
        assert len(graph.asked) == 1


@pytest.mark.parametrize("said", [Said(0), error(503, "x"), error(504, "x"), Said(200, b"{")])
def test_a_post_whose_answer_is_lost_is_unclear_and_not_repeated(
    client: GraphClient, graph: Scripted, said: Said
) -> None:
    graph.says(said)
    assert type(caught(client.create_sent, "u", "F", MAIL)) is Unclear
    assert len(graph.asked) == 1
    assert type(caught(client.create_folder, "u", "F", "x")) is Unclear
    assert len(graph.asked) == 2


def test_a_refused_connection_means_that_nothing_happened(
    client: GraphClient, server: Server
) -> None:
    server.stop()
    assert type(caught(client.create_sent, "u", "F", MAIL)) is TryLater


# -- 401 and claims


def test_a_401_is_answered_once_with_a_fresh_token(client: GraphClient, graph: Scripted) -> None:
    graph.says(error(401, "InvalidAuthenticationToken"), Said(201, {"id": "m", "isDraft": False}))
    assert client.create_sent("u", "F", MAIL).graph_id == "m"
    first, second = (one.headers["authorization"] for one in graph.asked)
    assert first != second


def test_a_401_that_stays_is_lost_access(client: GraphClient, graph: Scripted) -> None:
    graph.says(error(401, "InvalidAuthenticationToken"))
    assert type(caught(client.save_attachment, "u", "m", "a", sink=io.BytesIO())) is AccessLost
    assert len(graph.asked) == 2


def test_a_claims_challenge_reaches_entra_as_json(
    client: GraphClient, graph: Scripted, entra: SmallEntra
) -> None:
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    told = base64.b64encode(claims.encode()).decode().rstrip("=")
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{told}"'
    graph.says(
        error(401, "InvalidAuthenticationToken", WWW_Authenticate=challenge), Said(body={"id": "m"})
    )
    assert client.message("u", "m").graph_id == "m"
    assert len(graph.asked) == 2
    (sent,) = entra.last_form["claims"]
    assert '"nbf"' in sent
    assert '"CP1"' in sent.upper()


# -- the way out


def test_the_environments_proxy_is_taken_unless_it_is_told_not_to(
    server: Server,
    graph: Scripted,
    entra: SmallEntra,
    small_entra: tuple[SmallEntra, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", server.url.removeprefix("http://"))
    monkeypatch.setenv("no_proxy", "localhost")
    settings = settings_for("http://graph.example", entra.url, small_entra[1])
    client = GraphClient(settings, now=lambda: NOW)
    graph.says(Said(body={"id": "m"}))
    assert client.message("u", "m").graph_id == "m"
    assert graph.asked[0].target.startswith("http://graph.example/v1.0/users/u/messages/m")
    client.close()
    assert proxy_for("http://localhost:1/v1.0") is None


# -- batches

#: Status, body, headers.
Line = tuple[int, dict[str, Any], dict[str, str]]


def batch_answer(*answers: Line) -> Said:
    lines = [
        {"id": str(n), "status": status, "headers": headers, "body": body}
        for n, (status, body, headers) in enumerate(answers, 1)
    ]
    return Said(body={"responses": lines[::-1]})


def failed(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code}}


def test_marking_is_one_chain_whose_lines_fail_for_themselves(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(
        batch_answer(
            (200, {"id": "a", "changeKey": "CK2", "categories": ["synced"]}, {}),
            (412, failed("ErrorIrresolvableConflict"), {}),
            (429, failed("TooManyRequests"), {"retry-after": "2.5"}),
            (424, {}, {}),
        )
    )
    marked = client.mark("u/1", [marking(one) for one in "abcde"])
    assert marked[0] == Marked("a", "CK2")
    kinds = [type(one.trouble) for one in marked]
    assert kinds == [type(None), Conflict, TryLater, TryLater, TryLater]
    assert isinstance(marked[2].trouble, TryLater)
    assert marked[2].trouble.retry_at == NOW + timedelta(seconds=2.5)
    (asked,) = graph.asked
    assert asked.target == "/v1.0/$batch"
    lines = asked.json["requests"]
    assert [line.get("dependsOn") for line in lines] == [None, ["1"], ["2"], ["3"], ["4"]]
    assert lines[1] == {
        "id": "2",
        "method": "PATCH",
        "url": "/users/u%2F1/messages/b",
        "dependsOn": ["1"],
        "body": {"categories": ["Synced"]},
        "headers": {
            "Prefer": 'IdType="ImmutableId"',
            "If-Match": 'W/"CK"',
            "Content-Type": "application/json",
        },
    }


def test_categories_that_were_not_taken_are_a_conflict(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(batch_answer((200, {"id": "a", "changeKey": "CK2", "categories": ["x"]}, {})))
    assert type(client.mark("u", [marking("a")])[0].trouble) is Conflict


def test_a_mailbox_without_room_for_our_property_can_be_told(
    client: GraphClient, graph: Scripted
) -> None:
    body = {"error": {"code": "ErrorQuotaExceeded", "message": "Cannot get ID from name."}}
    graph.says(batch_answer((403, body, {})))
    trouble = client.mark("u", [marking("a")])[0].trouble
    assert (type(trouble), trouble and trouble.code) == (Refused, "ErrorQuotaExceeded")


def test_a_batch_of_marks_whose_answer_is_lost_may_be_sent_again(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(Said(0))
    assert type(caught(client.mark, "u", [marking("a")])) is TryLater
    assert client.mark("u", []) == []


def test_locations_take_one_round_trip_while_nothing_is_missing(
    client: GraphClient, graph: Scripted
) -> None:
    line: Line = (200, {"id": "x", "parentFolderId": "F", "changeKey": "C", "categories": []}, {})
    graph.says(batch_answer(*[line] * 20))
    found = client.locations("u", [f"m{n}" for n in range(20)])
    assert len(graph.asked) == 1
    assert all(one and one.folder_id == "F" for one in found.values())


def test_what_a_missing_copy_cut_off_is_asked_again_three_at_a_time(
    client: GraphClient, graph: Scripted
) -> None:
    here: Line = (200, {"id": "x", "parentFolderId": "F", "changeKey": "C", "categories": []}, {})
    gone: Line = (404, failed("ErrorItemNotFound"), {})
    cut: Line = (424, {}, {})
    graph.says(batch_answer(here, gone, *[cut] * 4), batch_answer(gone, here, gone), Said(
        body=batch_answer(here).body))  # fmt: skip
    found = client.locations("u", list("abcdef"))
    assert [key for key, one in found.items() if one is None] == ["b", "c", "e"]
    assert [len(one.json["requests"]) for one in graph.asked] == [6, 3, 1]
    assert not any("dependsOn" in line for one in graph.asked[1:] for line in one.json["requests"])


def test_parents_of_three_folders_are_one_round_trip_missing_ones_included(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(
        batch_answer(
            (200, {"id": "a", "parentFolderId": "R"}, {}), (404, failed("ErrorItemNotFound"), {})
        )
    )
    assert client.parents("u", ["a", "b"]) == {"a": "R", "b": None}
    (asked,) = graph.asked
    assert not any("dependsOn" in line for line in asked.json["requests"])


# -- load and size


def test_a_mailbox_never_has_more_than_three_requests_in_flight(
    client: GraphClient, graph: Scripted
) -> None:
    lock, three, in_flight, most = threading.Lock(), threading.Barrier(3), 0, 0

    def arrive() -> None:
        nonlocal in_flight, most
        with lock:
            in_flight += 1
            most = max(most, in_flight)
        three.wait(10)  # breaks unless three are in flight together
        with lock:
            in_flight -= 1

    graph.says(Said(body={"id": "m"}, before=arrive))
    with ThreadPoolExecutor(9) as pool:
        done = list(pool.map(lambda n: client.message("U", f"m{n}"), range(9)))
    assert len(done) == 9
    assert most == 3


def test_an_attachment_arrives_in_pieces(client: GraphClient, graph: Scripted) -> None:
    class Sink(io.BytesIO):
        largest = 0

        def write(self, piece: Any) -> int:
            self.largest = max(self.largest, len(piece))
            return super().write(piece)

    content = bytes(range(256)) * 20_000
    graph.says(Said(200, content, {"Content-Type": "application/octet-stream"}))
    sink = Sink()
    client.save_attachment("u", "m/1", "a+1", sink=sink)
    assert sink.getvalue() == content
    assert sink.largest < len(content) // 10
    assert graph.asked[0].target == "/v1.0/users/u/messages/m%2F1/attachments/a%2B1/$value"


def test_a_closed_client_can_be_closed_again(client: GraphClient) -> None:
    client.close()
    client.close()
