"""A transaction never gets a connection that the database has closed."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from support.processes import until
from webcrm_sync.store.database import USED, Database, libpq_url

_OURS = text("SELECT pg_backend_pid()")
_COUNT = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
_OTHERS = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'"""


def backend(database: Database) -> int:
    """The id of the server process behind a transaction."""
    with database.begin() as tx:
        return int(tx.connection.execute(_OURS).scalar_one())


def is_alive(database: Database, pid: int) -> bool:
    """True while the server process of a connection runs."""
    with database.begin() as tx:
        return bool(tx.connection.execute(_COUNT, {"pid": pid}).scalar_one())


def test_a_connection_is_reused(database: Database) -> None:
    assert backend(database) == backend(database)


def test_connections_that_the_database_closed_are_replaced(
    database: Database, fresh_database: str
) -> None:
    with ExitStack() as stack:
        before = {
            stack.enter_context(database.begin()).connection.execute(_OURS).scalar_one()
            for _ in range(3)
        }
    with psycopg.connect(libpq_url(fresh_database)) as other:
        other.execute(_OTHERS)
    with ExitStack() as stack:
        after = {
            stack.enter_context(database.begin()).connection.execute(_OURS).scalar_one()
            for _ in range(3)
        }
    assert len(after) == 3
    assert not before & after


def test_the_last_user_closes_the_connections(database: Database, fresh_database: str) -> None:
    before = backend(database)
    with closing(Database(fresh_database, now=lambda: datetime.now(UTC))) as other:
        assert backend(other) == before
    assert backend(database) == before
    alone = f"{fresh_database}{'&' if '?' in fresh_database else '?'}application_name=alone"
    with closing(Database(alone, now=lambda: datetime.now(UTC))) as last:
        own = backend(last)
        assert is_alive(database, own)
    until(lambda: not is_alive(database, own), "the end of the connection")


def test_a_connection_that_was_closed_on_our_side_is_replaced(database: Database) -> None:
    before = backend(database)
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
    assert driver is not None
    driver.close()
    assert backend(database) != before


def test_a_silently_lost_connection_is_detected_after_a_while(
    database: Database,
) -> None:
    before = backend(database)
    event.listen(database.engine, "checkin", _make_old)
    with database.engine.connect() as connection:
        lost = connection.connection.driver_connection
        assert lost is not None
    event.remove(database.engine, "checkin", _make_old)  # others share this engine
    ours, theirs = socket.socketpair()
    os.dup2(ours.fileno(), lost.fileno())
    ours.close()
    with ThreadPoolExecutor(1) as beyond:
        beyond.submit(_answer_by_its_end, theirs)
        assert backend(database) != before


def _make_old(_: object, record: ConnectionPoolEntry) -> None:
    record.info[USED] = -60.0


def _answer_by_its_end(theirs: socket.socket) -> None:
    """As a firewall that has forgotten the connection: quiet until something is sent."""
    with theirs:
        theirs.settimeout(30)
        theirs.recv(1)


@pytest.mark.parametrize(
    ("url", "limited"),
    [
        ("postgresql://h/d", "postgresql://h/d?connect_timeout=10"),
        ("postgres://u:p%3Fx@h", "postgresql://u:p%3Fx@h?connect_timeout=10"),
        ("postgresql://u:p?x@h/d", "postgresql://u:p?x@h/d?connect_timeout=10"),
        ("postgresql:///d?host=/s", "postgresql:///d?host=/s&connect_timeout=10"),
        ("postgresql://h/d?connect_timeout=3", "postgresql://h/d?connect_timeout=3"),
    ],
)
def test_a_silent_host_is_given_up_unless_the_url_says_when(url: str, limited: str) -> None:
    assert libpq_url(url) == limited
    assert libpq_url(limited) == limited


def test_a_database_that_takes_the_call_and_stays_silent_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://w@127.0.0.1:{silent.getsockname()[1]}/d?connect_timeout=2"
        with (
            closing(Database(url, now=lambda: datetime.now(UTC))) as database,
            pytest.raises(OperationalError, match="timeout"),
            database.begin(1),
        ):
            pass
