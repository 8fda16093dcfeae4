"""The errors for Graph's failed, malformed and lost answers, over HTTP."""

from __future__ import annotations

import base64
import io
from datetime import datetime, timedelta

import pytest

from contract.graph_wire.scripted_servers import (
    MAIL,
    NOW,
    Answer,
    ScriptedServer,
    SmallEntra,
    error_answer,
    raised_by,
)
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

# -- errors


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error_answer(403, "ErrorAccessDenied"), AccessLost),
        (error_answer(404, "MailboxNotEnabledForRESTAPI"), AccessLost),
        (error_answer(404, "ErrorItemNotFound"), Gone),
        (error_answer(410, "SyncStateNotFound"), CursorExpired),
        (error_answer(400, "ErrorInvalidIdMalformed"), Refused),
        (error_answer(503, "ServiceUnavailable"), TryLater),
        (Answer(502, b"<html>", {"Content-Type": "text/html"}), TryLater),
        (Answer(500, b""), TryLater),
        (Answer(200, b"<html>sign in</html>", {"Content-Type": "text/html"}), TryLater),
        (Answer(200, b'{"half'), TryLater),
        (Answer(200, b"[]"), TryLater),
        (Answer(0), TryLater),
    ],
)
def test_raw_typed_and_streamed_calls_raise_the_same_errors(
    client: GraphClient, graph: ScriptedServer, answer: Answer, kind: type[SyncError]
) -> None:
    graph.will_answer(answer)
    assert type(raised_by(client.fetch_page, "u", "F", None)) is kind
    if answer.body != b"[]":  # the SDK reads a list as an empty object
        assert type(raised_by(client.fetch_folder, "u", "F")) is kind
    if answer.status != 200:
        assert type(raised_by(client.save_attachment, "u", "m", "a", sink=io.BytesIO())) is kind
    assert "sales@example.com" not in str(raised_by(client.fetch_page, "u", "F", None))


def test_the_error_keeps_the_request_id_for_support(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(error_answer(400, "ErrorInvalidIdMalformed", request_id="r-1"))
    for call in (client.fetch_message, client.fetch_folder):
        found = raised_by(call, "u", "x")
        assert (found.code, found.request_id) == ("ErrorInvalidIdMalformed", "r-1")


@pytest.mark.parametrize(
    ("retry_after", "retry_at"),
    [
        ("7", NOW + timedelta(seconds=7)),
        ("2.128", NOW + timedelta(seconds=2.128)),
        ("Fri, 20 Nov 2026 10:05:00 GMT", NOW + timedelta(minutes=5)),
        (None, None),
    ],
)
def test_a_429_keeps_its_retry_after_and_is_not_repeated(
    client: GraphClient, graph: ScriptedServer, retry_after: str | None, retry_at: datetime | None
) -> None:
    graph.will_answer(
        error_answer(
            429, "ApplicationThrottled", **({"Retry_After": retry_after} if retry_after else {})
        )
    )
    for call in (client.fetch_message, client.fetch_folder, client.create_folder):
        graph.requests.clear()
        args = ("u", "x", "name")[: 3 if call == client.create_folder else 2]
        found = raised_by(call, *args)
        assert isinstance(found, TryLater)
        assert found.retry_at == retry_at
        assert len(graph.requests) == 1


@pytest.mark.parametrize(
    "answer", [Answer(0), error_answer(503, "x"), error_answer(504, "x"), Answer(200, b"{")]
)
def test_a_post_whose_answer_is_lost_is_unclear_and_not_repeated(
    client: GraphClient, graph: ScriptedServer, answer: Answer
) -> None:
    graph.will_answer(answer)
    assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is Unclear
    assert len(graph.requests) == 1
    assert type(raised_by(client.create_folder, "u", "F", "x")) is Unclear
    assert len(graph.requests) == 2


def test_a_refused_connection_is_tried_later_even_for_a_write(
    client: GraphClient, server: Server
) -> None:
    server.stop()
    assert type(raised_by(client.create_sent_mail, "u", "F", MAIL)) is TryLater


# -- 401 and claims


def test_a_401_is_repeated_once_with_a_new_token(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(
        error_answer(401, "InvalidAuthenticationToken"), Answer(201, {"id": "m", "isDraft": False})
    )
    assert client.create_sent_mail("u", "F", MAIL).graph_id == "m"
    first, second = (one.headers["authorization"] for one in graph.requests)
    assert first != second


def test_a_second_401_is_access_lost(client: GraphClient, graph: ScriptedServer) -> None:
    graph.will_answer(error_answer(401, "InvalidAuthenticationToken"))
    assert type(raised_by(client.save_attachment, "u", "m", "a", sink=io.BytesIO())) is AccessLost
    assert len(graph.requests) == 2


def test_a_claims_challenge_reaches_entra_as_json(
    client: GraphClient, graph: ScriptedServer, entra: SmallEntra
) -> None:
    claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    encoded = base64.b64encode(claims.encode()).decode().rstrip("=")
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{encoded}"'
    graph.will_answer(
        error_answer(401, "InvalidAuthenticationToken", WWW_Authenticate=challenge),
        Answer(body={"id": "m"}),
    )
    assert client.fetch_message("u", "m").graph_id == "m"
    assert len(graph.requests) == 2
    (sent,) = entra.last_form["claims"]
    assert '"nbf"' in sent
    assert '"CP1"' in sent.upper()
