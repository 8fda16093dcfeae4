"""`/metrics`: figures behind a token, without anything about a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import text
from werkzeug.test import TestResponse

from support.heartbeats import all_alive
from web.conftest import NOW, Watched
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.operations import tallies
from webcrm_sync.net.tally import TALLY
from webcrm_sync.web.app import create_app

TOKEN = "a-token-of-the-monitor"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _nothing_is_counted() -> Iterator[None]:
    """Other tests of this process count too."""
    TALLY.take()
    yield
    TALLY.take()


def client_of(watched: Watched, token: str | None = TOKEN) -> FlaskClient:
    """A client of an application with this token."""
    secret = SecretStr(token) if token else None
    settings = watched.context.settings.model_copy(update={"metrics_token": secret})
    return create_app(replace(watched.context, settings=settings)).test_client()


def figures(client: FlaskClient) -> dict[str, float]:
    """Each sample's value by its name with its labels."""
    answer = client.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    assert "@" not in answer.text, "an address"
    return {
        " ".join((s.name.removeprefix("webcrm_sync_"), *s.labels.values())): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }


def test_only_the_token_opens_the_figures(watched: Watched) -> None:
    client = client_of(watched)
    for wrong in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer ü"):
        assert client.get("/metrics", headers={"Authorization": wrong}).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=HEADERS).status_code == 200
    assert client_of(watched, token=None).get("/metrics", headers=HEADERS).status_code == 404


def detail(answer: TestResponse) -> str:
    """The sentence of an error."""
    problem: dict[str, str] = answer.get_json()
    return problem["detail"]


def test_each_refusal_says_what_to_do(watched: Watched) -> None:
    client = client_of(watched)
    assert detail(client.get("/metrics")) == (
        "Send WEBCRM_SYNC_METRICS_TOKEN as `Authorization: Bearer TOKEN`."
    )
    without = client_of(watched, token=None).get("/metrics", headers=HEADERS)
    assert detail(without) == "Set WEBCRM_SYNC_METRICS_TOKEN to have the figures here."
    with watched.context.begin() as tx:
        tx.connection.execute(text("ALTER TABLE company RENAME TO away"))
    try:
        away = client.get("/metrics", headers=HEADERS)
    finally:
        with watched.context.begin() as tx:
            tx.connection.execute(text("ALTER TABLE away RENAME TO company"))
    assert away.status_code == 503
    assert detail(away) == (
        "The figures could not be read within 9 s. The database does not answer."
    )


@pytest.mark.parametrize(
    ("method", "path", "sentence"),
    [
        ("GET", "/nowhere", "There is nothing at this address."),
        ("GET", "/api/v1/nowhere", "There is nothing at this address."),
        ("POST", "/metrics", "This address does not take this method: see the header Allow."),
        ("PUT", "/help", "This address does not take this method: see the header Allow."),
        ("POST", "/graph/notify/x", "There is nothing at this address."),
    ],
)
def test_no_refusal_speaks_in_the_words_of_the_framework(
    watched: Watched, method: str, path: str, sentence: str
) -> None:
    assert detail(client_of(watched).open(path, method=method)) == sentence


def test_the_figures_of_a_company(watched: Watched) -> None:
    all_alive(watched.context)
    with watched.context.begin() as tx:
        tx.connection.execute(
            text("UPDATE item SET state = 'matched', state_at = :then"),
            {"then": NOW - timedelta(hours=1)},
        )
        tx.connection.execute(text("UPDATE mailbox SET trouble = 'The mailbox is full.'"))
    found = figures(client_of(watched))
    expected = {
        "mailboxes": 1,
        "mailboxes_in_trouble": 1,
        "mails_open under_way": 1,
        "mails_open parked": 0,
        "oldest_mail_seconds": 3600,
        "read_delay_seconds": 0,
        "folders": 1,
        "folders_without_push": 0,
        "subscription_ends_seconds": 2 * 24 * 3600,
        "webcrm_paused": 0,
        "webcrm_calls_left": 240,
        "jobs sync waiting": 0,
        "jobs webcrm running": 0,
        "heartbeat_age_seconds clock": 0,
        "troubles mailbox warning": 1,
        "alerts_open": 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert len(found) < 80, "few figures, however large the company is"


def test_calls_are_counted_over_all_processes(watched: Watched) -> None:
    client = client_of(watched)
    path = re.sub(r"^.*?//[^/]+", "", push_urls.notify_url(watched.context))
    assert client.post(path, json={"value": []}).status_code == 202
    assert client.post(f"{path}x", json={"value": []}).status_code == 404
    for outcome, number in (("200", 2), ("none", 1)):
        TALLY.count("graph", outcome, number)
    tallies.save(watched.context)  # as another process does
    TALLY.count("graph", "200")
    found = figures(client)
    assert found["calls_total graph 200"] == 3
    assert found["calls_total graph none"] == 1
    assert found["notification_requests_total 202"] == 1
    assert found["notification_requests_total 404"] == 1


def test_what_cannot_be_stored_is_counted_later(watched: Watched) -> None:
    TALLY.count("webcrm", "200")
    broken = replace(watched.context, company_id=4711)  # which no row may belong to
    with pytest.raises(Exception, match="fk_tally_company_id"):
        tallies.save(broken)
    assert figures(client_of(watched))["calls_total webcrm 200"] == 1
