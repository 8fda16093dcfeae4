"""What comes back over the wire, by script: each answer that a good day does not bring."""

from __future__ import annotations

import base64
import io
from datetime import datetime, timedelta

import pytest

from contract.graph_wire.script import MAIL, NOW, Said, Scripted, SmallEntra, caught, error
from webcrm_sync.core.errors import (
    AccessLost,
    CursorExpired,
    Gone,
    Refused,
    SyncError,
    TryLater,
    Unclear,
)
from webcrm_sync.graph.client import GraphClient
from webcrm_sync_sandbox.http_server import Server

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
