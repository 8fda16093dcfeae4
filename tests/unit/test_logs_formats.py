"""The log as JSON, one id for what belongs together, and one line while the database is away."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
import sqlalchemy
from procrastinate.exceptions import ConnectorException
from psycopg import errors

from webcrm_sync import logs

log = logging.getLogger("webcrm_sync.engine.history.timeline")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged. pytest's own handlers survive `configure`."""
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers[:] = []
    stream = io.StringIO()
    logs.configure(logging.INFO, stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:] = before


def test_json_holds_the_same_as_the_line_and_no_address(lines: io.StringIO) -> None:
    logs.use_format("json")
    facts = {"item": 7, "why": 'ann@example.com said "no"\n\u2028', "at": None, "level": "mine"}
    log.info("item_synced", extra=facts)
    (line,) = lines.getvalue().splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "INFO",
        "logger": log.name,
        "event": "item_synced",
        "item": 7,
        "why": '* said "no"\n\u2028',
        "at": None,
    }


def test_json_keeps_a_trace_on_the_line(lines: io.StringIO) -> None:
    logs.use_format("json")
    try:
        raise ValueError("for ann@example.com")
    except ValueError:
        log.exception("call_failed")
    (line,) = lines.getvalue().splitlines()
    assert "ValueError: for *" in json.loads(line)["trace"]


def test_what_belongs_together_has_one_id(lines: io.StringIO) -> None:
    with logs.correlated() as first:
        log.info("one")
        with ThreadPoolExecutor(1) as threads:
            threads.submit(logs.carried(log.info), "two").result()
        with logs.correlated(first) as again:
            assert again == first
    log.info("three")
    found = lines.getvalue().splitlines()
    assert [f"correlation={first}" in line for line in found] == [True, True, False]
    assert str(UUID(first)) == first


@pytest.mark.parametrize("given", [None, 7, "", "x\r\nEvil: 1", "1" * 500])
def test_only_an_id_is_taken_over(given: object) -> None:
    with logs.correlated(given) as correlation_id:
        assert str(UUID(correlation_id)) == correlation_id
        assert correlation_id != given


def connect() -> None:
    psycopg.connect("postgresql://u:hush@127.0.0.1:9/x", connect_timeout=2)


def read() -> None:
    sqlalchemy.create_engine("postgresql+psycopg://u:hush@127.0.0.1:9/x").connect()


def queue() -> None:
    try:
        connect()
    except psycopg.Error as error:
        raise ConnectorException from error


def shut_down() -> None:
    raise errors.AdminShutdown("terminating connection due to administrator command")


def fill_the_disk() -> None:
    raise errors.DiskFull('could not extend file "base/5/17118": No space left on device')


@pytest.mark.parametrize("use", [connect, read, queue, shut_down, fill_the_disk])
def test_a_database_that_is_away_is_one_line_without_a_trace(
    lines: io.StringIO, use: object
) -> None:
    assert callable(use)
    for _ in range(50):
        try:
            use()
        except Exception:
            log.exception("tick_failed", extra={"task": "tick"})
    logging.getLogger("psycopg.pool").warning("error connecting in %r", "pool-1")
    logging.getLogger("psycopg").warning("query cancellation interrupted (%s)", "DiskFull")
    (line,) = lines.getvalue().splitlines()
    assert "WARNING webcrm_sync.engine.history.timeline database_away why=" in line
    assert "Traceback" not in line
    assert "hush" not in line
    log.info("item_synced")
    assert lines.getvalue().count("\n") == 2


@pytest.mark.parametrize(
    "error", [ValueError("x"), errors.DeadlockDetected("x"), errors.QueryCanceled("x")]
)
def test_other_errors_keep_their_traces(lines: io.StringIO, error: Exception) -> None:
    for _ in range(2):
        try:
            raise error
        except Exception:
            log.exception("job_failed")
    assert lines.getvalue().count("Traceback") == 2
