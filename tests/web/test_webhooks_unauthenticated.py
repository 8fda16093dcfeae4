"""A client without a secret causes hardly any work in the receiver."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from support.statements import statements_of
from web.conftest import CLIENT_STATE, SUBSCRIPTION, Watched
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.context import Context
from webcrm_sync.store import mailboxes

OLD = "/graph/notify"
_LARGEST = 256_000
#: Generous for a busy machine: each request takes some milliseconds.
_SOON_S = 0.5
GENUINE = {"subscriptionId": SUBSCRIPTION, "clientState": CLIENT_STATE}


def body_of(*notifications: object) -> bytes:
    """The body of a request with these notifications."""
    return json.dumps({"value": notifications}).encode()


def filled(opening: bytes, repeated: bytes, ending: bytes = b"") -> bytes:
    """A body of the largest size that is accepted, mostly one repeated text."""
    times = (_LARGEST - len(opening) - len(ending)) // len(repeated)
    return opening + repeated * times + ending


@pytest.fixture
def sent(watched: Watched) -> Iterator[list[str]]:
    """The statements that reach the database during the test."""
    with statements_of(watched.context.database.engine) as found:
        yield found


@pytest.fixture
def path(context: Context) -> str:
    """The path of new subscriptions."""
    return urlsplit(push_urls.notify_url(context)).path


def test_all_forged_notifications_of_a_request_cost_one_query(
    client: FlaskClient, sent: list[str]
) -> None:
    lines = [{"subscriptionId": str(UUID(int=n)), "clientState": "guessed"} for n in range(500)]
    client.post(
        OLD, data=body_of()
    )  # afterwards the receiver knows whether the old address is in use
    sent.clear()
    assert client.post(OLD, data=body_of(*lines)).status_code == 202
    assert len(sent) == 1


def test_an_address_with_a_wrong_secret_is_not_found_and_costs_no_query(
    client: FlaskClient, sent: list[str]
) -> None:
    for secret in ("guessed", "é", "x" * 2000, "%00", "..", "a b"):
        for place in ("notify", "lifecycle"):
            for query in ("", "?validationToken=reflected"):
                answer = client.post(f"/graph/{place}/{secret}{query}", data=body_of(GENUINE))
                assert answer.status_code == 404
                assert b"reflected" not in answer.data
    assert sent == []


def test_the_address_of_subscriptions_accepts_notifications(
    client: FlaskClient, watched: Watched, path: str
) -> None:
    assert client.post(path, data=body_of(GENUINE)).status_code == 202
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


@pytest.mark.parametrize("place", ["notify", "lifecycle"])
def test_both_addresses_answer_validation_requests(
    client: FlaskClient, path: str, place: str
) -> None:
    path = path.replace("notify", place)
    answer = client.post(f"{path}?validationToken=Validation%3A+a%20%3Cb%3E")
    assert (answer.status_code, answer.data) == (200, b"Validation: a <b>")
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.post(f"{path}?validationToken={'x' * 1025}").status_code == 400


def test_the_old_address_is_not_found_once_no_subscription_uses_it(
    client: FlaskClient, watched: Watched, sent: list[str]
) -> None:
    with watched.context.begin() as tx:
        mailboxes.set_folder(tx, watched.folder_id, subscription_address="of a newer one")
    sent.clear()
    answers = {client.post(OLD, data=body_of(GENUINE)).status_code for _ in range(5)}
    assert (answers, len(sent)) == ({404}, 1)
    assert client.post(f"{OLD}?validationToken=x").data == b"x"


GARBAGE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'{"value":{}}',
    b'{"value":"x"}',
    b'{"value":[null,1,"x",[]]}',
    b'{"value":[],"value":7}',
    filled(b"", b"["),
    filled(b"", b'{"value":'),
    filled(b'{"value":', b"[", b"7"),
    b'{"value":' + b"[" * 1900 + b"]" * 1900 + b"}",
    filled(b"", b"9"),
    filled(b"0.", b"9"),
    filled(b"1e", b"9"),
    filled(b'{"value":[', b"{},", b"{}]}"),
    filled(b'{"value":[', b"[],", b"[]]}"),
    filled(b'{"value":["', b"\\u0000", b'"]}'),
    filled(b"{", b'"value":[],', b'"value":[]}'),
    filled(b'{"value":[{', b'"a":1,', b'"subscriptionId":null}]}'),
    gzip.compress(body_of(GENUINE)),
    body_of(GENUINE).decode().encode("utf-7") + b"\xff",
    "value=x&value=y".encode("utf-16"),
]


def test_garbage_is_accepted_fast_without_a_query_or_a_log_line(
    client: FlaskClient, sent: list[str], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    for body in GARBAGE:
        for kind in ("application/json", "application/x-www-form-urlencoded", "no type at all"):
            began = perf_counter()
            answer = client.post(path, data=body, content_type=kind)
            assert (answer.status_code, answer.data) == (202, b"")
            assert perf_counter() - began < _SOON_S, body[:20]
    assert (sent, caplog.records) == ([], [])


def test_a_compressed_body_is_not_decompressed(
    client: FlaskClient, watched: Watched, path: str
) -> None:
    packed = gzip.compress(body_of(GENUINE))
    answer = client.post(path, data=packed, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 202
    assert watched.jobs() == []


def test_a_body_that_is_too_large_is_refused(
    client: FlaskClient, sent: list[str], path: str
) -> None:
    assert client.post(path, data=b" " * (_LARGEST + 1)).status_code == 413
    assert sent == []


@pytest.mark.parametrize("size", [0, 10 * _LARGEST])
def test_a_body_without_a_length_is_read_up_to_the_limit(
    client: FlaskClient, watched: Watched, path: str, size: int
) -> None:
    body = io.BytesIO(body_of(GENUINE)[:-1] + b" " * size + b"}")
    chunked = EnvironBuilder(path, method="POST").get_environ()
    chunked |= {"wsgi.input": body, "wsgi.input_terminated": True}
    _, status, _ = run_wsgi_app(client.application.wsgi_app, chunked)
    assert status == "202 ACCEPTED"
    assert body.tell() <= _LARGEST
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"] * (not size)


def test_every_method_but_post_is_refused(client: FlaskClient, sent: list[str], path: str) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert client.open(path, method=method).status_code == 405
    assert sent == []


def test_notifications_after_the_five_hundredth_are_not_read(
    client: FlaskClient, watched: Watched, path: str
) -> None:
    lines = [{"subscriptionId": str(UUID(int=n)), "clientState": "x"} for n in range(500)]
    client.post(path, data=body_of(*lines, GENUINE))
    assert watched.jobs() == []
    client.post(path, data=body_of(*lines[1:], GENUINE))
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_a_malformed_notification_is_never_looked_up(
    client: FlaskClient, sent: list[str], path: str
) -> None:
    others: list[dict[str, object]] = [
        {"subscriptionId": "s1"},
        {"subscriptionId": f" {SUBSCRIPTION}"},
        {"subscriptionId": f"{SUBSCRIPTION}\n"},
        {"subscriptionId": SUBSCRIPTION.replace("-", "")},
        {"subscriptionId": f"{{{SUBSCRIPTION}}}"},
        {"subscriptionId": SUBSCRIPTION.replace("7", "\u0667")},
        {"subscriptionId": [SUBSCRIPTION]},
        {"clientState": "x" * 129},
        {"clientState": 7},
        {"clientState": ""},
        {"clientState": None},
        {"clientState": [CLIENT_STATE]},
    ]
    for facts in others:
        assert client.post(path, data=body_of(GENUINE | facts)).status_code == 202
    assert sent == []


def test_a_secret_that_cannot_be_decrypted_is_logged_once_in_five_minutes(
    client: FlaskClient, watched: Watched, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with watched.context.begin() as tx:
        mailboxes.set_folder(tx, watched.folder_id, client_state="sealed with a lost key")
    for _ in range(20):
        assert client.post(path, data=body_of(GENUINE, GENUINE)).status_code == 202
    (record,) = caplog.records
    assert record.getMessage() == "notifications_cannot_be_checked"
    assert "WEBCRM_SYNC_SECRET_KEY" in vars(record)["what_to_do"]
    assert watched.jobs() == [f"keep:{watched.mailbox_id}"]
