"""`/livez`, `/readyz`: what monitors and proxies are told, in bounded time, and never more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from support.heartbeats import all_alive, last_alive
from web.conftest import NOW, Watched
from webcrm_sync.core.jobs import Queue
from webcrm_sync.engine.context import Context
from webcrm_sync.store import companies
from webcrm_sync.store.encryption import Cipher
from webcrm_sync.web.app import create_app

#: The address of the mailbox, and what a vendor has said.
SECRETS = ("a@ours.example", "token 4711")


def client_of(context: Context, **settings: object) -> FlaskClient:
    """A client of an application with other settings."""
    changed = context.settings.model_copy(update=settings)
    return create_app(replace(context, settings=changed)).test_client()


def checks(client: FlaskClient) -> tuple[int, dict[str, str]]:
    """The status code of `/readyz`, and each check's result by its name."""
    answer = client.get("/readyz")
    assert answer.json
    assert all(secret not in answer.text for secret in SECRETS)
    for check in answer.json["checks"]:
        assert bool(check["reason"]) == (check["status"] != "ok"), check
    assert (answer.json["status"] == "ready") == (answer.status_code == 200)
    return answer.status_code, {c["name"]: c["status"] for c in answer.json["checks"]}


@pytest.fixture
def alive(watched: Watched) -> Context:
    """A company whose workers are alive."""
    all_alive(watched.context)
    return watched.context


@contextmanager
def locked(context: Context, table: str) -> Iterator[None]:
    """Let nobody read a table: a database that answers no more looks the same from here."""
    with context.database.begin() as tx:
        tx.connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


def test_a_process_that_serves_is_alive(client: FlaskClient) -> None:
    answer = client.get("/livez")
    assert answer.json
    assert (answer.status_code, answer.json["status"]) == (200, "ok")


def test_a_service_at_work_is_ready(alive: Context) -> None:
    names = ("database", "migrations", "worker", "disk", "key", "webcrm")
    assert checks(client_of(alive)) == (200, dict.fromkeys(names, "ok"))


def test_no_worker_has_ever_run(context: Context) -> None:
    status, found = checks(client_of(context))
    assert (status, found["worker"]) == (503, "failed")


def test_one_part_of_the_jobs_has_no_worker(alive: Context) -> None:
    last_alive(alive, {Queue.MAILBOXES, Queue.FURTHER_PAGES}, NOW - timedelta(minutes=2))
    status, found = checks(client_of(alive))
    assert (status, found["worker"]) == (503, "failed")


def test_a_database_of_an_earlier_or_a_later_version_is_not_ready(alive: Context) -> None:
    for revision in ("0015", "9999"):
        with alive.begin() as tx:
            set_revision = text("UPDATE alembic_version SET version_num = :revision")
            before = tx.connection.scalar(text("SELECT version_num FROM alembic_version"))
            tx.connection.execute(set_revision, {"revision": revision})
        try:
            status, found = checks(client_of(alive))
        finally:
            with alive.begin() as tx:
                tx.connection.execute(set_revision, {"revision": before})
        assert (status, found) == (503, {"database": "ok", "migrations": "failed"})


def test_a_disk_that_gets_full_is_a_warning_first(alive: Context, tmp_path: Path) -> None:
    client = client_of(alive, data_dir=tmp_path, alert_disk_free_mb=1e9)
    status, found = checks(client)
    assert (status, found["disk"]) == (200, "warning")


def test_a_key_that_opens_no_secret_is_a_warning(alive: Context) -> None:
    changed = {"secret_key": SecretStr("another"), "public_url": "https://sync.example"}
    settings = alive.settings.model_copy(update=changed)
    other = replace(alive, settings=settings, cipher=Cipher(["another"]))
    status, found = checks(create_app(other).test_client())
    assert (status, found["key"]) == (200, "warning")


def test_webcrms_trouble_takes_no_process_out_of_service(alive: Context) -> None:
    """Without the process, notifications and people's requests would be lost too."""
    with alive.begin() as tx:
        companies.update_company(tx, webcrm_trouble="401: token 4711", webcrm_attempts=3)
    status, found = checks(client_of(alive))
    assert (status, found["webcrm"]) == (200, "warning")


def test_a_database_that_does_not_answer_is_told_within_seconds(alive: Context) -> None:
    client = client_of(alive)
    started = time.monotonic()
    with locked(alive, "heartbeat"):
        for _ in range(2):
            assert checks(client) == (503, {"database": "failed"})
        assert client.get("/livez").status_code == 200
    assert 5 < time.monotonic() - started < 20, "each waits for the deadline, and no longer"


def test_many_who_ask_at_once_cost_one_look(alive: Context) -> None:
    client = client_of(alive)
    assert checks(client)[0] == 200
    with locked(alive, "heartbeat"):
        assert checks(client)[0] == 200, "the look of a moment ago"
