"""One line to webCRM for every process: one call at a time, within its limit, people first.

PostgreSQL's lock manager is the queue (ADR 25). Whoever may call holds `_CALLING`, a lock of its
session: no transaction is open during the call, and the lock ends with the process that holds it.
Those who wait get it in the order of their arrival. People also hold `_PEOPLE`, shared, from their
arrival on; a job that gets its turn while somebody holds it goes to the end of the line.

webCRM takes 250 requests in a sliding minute per application token (api.webcrm.com). Parallel
calls fail by the vendor's own account (GitHub webCRMdotcom/ErpIntegrations, README).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Row, create_engine, text
from sqlalchemy.exc import DBAPIError

from webcrm_sync.core.errors import TryLater
from webcrm_sync.net.deadline import seconds_left
from webcrm_sync.store.database import Tx, sqlalchemy_url
from webcrm_sync.store.shared_engine import SharedEngine

#: A little below the vendor's limit, since a request may arrive a moment later than it was sent.
LIMIT, WINDOW = 240, timedelta(seconds=60)
#: Calls of each minute that jobs leave to people.
FOR_PEOPLE = 10
#: A job gives way to people for this long at most, or they could stop all filing.
_GIVES_WAY_S = 2.0
#: The shortest and the longest pause before the next try.
_SHORTEST_S, _LONGEST_S = 0.005, 1.0
#: After waiting this long, look whether the one who calls still can.
_PATIENCE = timedelta(seconds=3)
#: webCRM may still be busy for this long with the call of a process that was killed.
_ABANDONED_S = 1.0
#: The first keys of the advisory locks; the second is the company.
_CALLING, _PEOPLE = 7205760, 7205761

#: The database notices within 2 s that the machine at the other end is gone (PostgreSQL: 19.3.2).
#: Time-outs that an administrator has set for short statements do not hold for waiting in line.
_OPTIONS = {
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "1",
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": f"{_PATIENCE / timedelta(milliseconds=1):.0f}",
}

_ANNOUNCE = text("SELECT pg_advisory_lock_shared(:people, :company)")
_WAIT = text("SELECT pg_advisory_lock(:calling, :company)")
_LEAVE = text("SELECT pg_advisory_unlock_all()")
#: One row: the seconds until the minute has room (0 = now), whether a call before was left without
#: an end, whether people wait, and the id of the call, which is recorded when none of these is so.
_BEGIN = text("""
    WITH old AS (
        DELETE FROM webcrm_call WHERE company_id = :company
        AND at <= clock_timestamp() - :window AND ends_by <= clock_timestamp()
    ), recent AS (
        SELECT at FROM webcrm_call WHERE company_id = :company
        AND at > clock_timestamp() - :window ORDER BY at DESC LIMIT :limit
    ), room AS (
        SELECT CASE WHEN count(*) < :limit THEN 0
               ELSE extract(epoch FROM min(at) + :window - clock_timestamp()) END AS wait_s
        FROM recent
    ), seen AS MATERIALIZED (
        SELECT wait_s,
            EXISTS (SELECT 1 FROM webcrm_call
                    WHERE company_id = :company AND ends_by > clock_timestamp()) AS is_left,
            :yields AND NOT pg_try_advisory_xact_lock(:people, :company) AS is_second
        FROM room
    ), begun AS (
        INSERT INTO webcrm_call (company_id, at, ends_by)
        SELECT :company, clock_timestamp(), clock_timestamp() + :longest FROM seen
        WHERE wait_s <= 0 AND NOT is_left AND NOT is_second RETURNING id
    )
    SELECT wait_s, is_left, is_second, (SELECT id FROM begun) AS call_id FROM seen""")
_END = text("UPDATE webcrm_call SET ends_by = clock_timestamp() WHERE id = :call_id")
#: Ends the session of a process that holds the line, has been silent for a while and makes no call,
#: or one that takes longer than it can: it was stopped.
_END_OVERDUE = text("""
    SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND classid = :calling AND objid = :company AND objsubid = 2
    AND state_change < clock_timestamp() - :patience
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND granted AND pid <> pg_backend_pid()
    AND NOT EXISTS (
        SELECT 1 FROM webcrm_call WHERE company_id = :company AND ends_by > clock_timestamp())""")
_FORGET_LEFT = text("""
    UPDATE webcrm_call SET ends_by = clock_timestamp()
    WHERE company_id = :company AND ends_by > clock_timestamp()""")
_COUNT = text("""SELECT count(*) FROM webcrm_call
    WHERE company_id = :company AND at > clock_timestamp() - :window""")


class Caller(Enum):
    """Whose question a process brings to webCRM."""

    PERSON = "person"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Usage:
    """The calls of the last minute, and how many fit into one."""

    calls: int
    limit: int = LIMIT

    @property
    def left(self) -> int:
        """The calls that may be made at this moment."""
        return max(0, self.limit - self.calls)


def read_usage(tx: Tx) -> Usage:
    """The calls to webCRM in the last minute, of all processes."""
    found = tx.connection.execute(_COUNT, {"company": tx.company_id, "window": WINDOW})
    return Usage(found.scalar_one())


class WebCrmLine:
    """The place of one process in the line. Thread-safe."""

    def __init__(
        self,
        url: str,
        company_id: int,
        *,
        caller: Caller = Caller.JOB,
        limit: int = LIMIT,
        window: timedelta = WINDOW,
    ) -> None:
        self._keys = {"company": company_id, "calling": _CALLING, "people": _PEOPLE}
        self._is_person = caller is Caller.PERSON
        self._limit = limit if self._is_person else limit - FOR_PEOPLE
        self._window = window
        self._shared = _shared_engine(sqlalchemy_url(url))
        self._engine = self._shared.open()

    def close(self) -> None:
        """Close the connections that make no call, unless another line of this process is open."""
        self._shared.close()

    @contextmanager
    def turn(self, longest: timedelta) -> Iterator[None]:
        """Wait for a turn; the block makes one call, which ends within `longest`.

        Raises OperationalError while the database is away, TryLater when the deadline of the
        surrounding block passes before the turn comes.
        """
        with self._engine.connect() as connection:
            try:
                call_id = self._wait_and_begin(connection, longest)
            except BaseException:
                connection.invalidate()  # With its session end the locks.
                raise
            try:
                yield
            finally:
                self._end(connection, call_id)

    def _wait_and_begin(self, connection: Connection, longest: timedelta) -> int:
        """Return the id of the call when it may be made. The connection then holds the line."""
        asked_at = time.monotonic()
        while True:
            _check_deadline()
            if self._is_person:
                connection.execute(_ANNOUNCE, self._keys)
            self._wait(connection)
            is_patient = time.monotonic() - asked_at < _GIVES_WAY_S
            row = self._begin(connection, longest, yields=is_patient and not self._is_person)
            if row.is_left:
                time.sleep(_ABANDONED_S)
                connection.execute(_FORGET_LEFT, self._keys)
                row = self._begin(connection, longest, yields=False)
            if row.call_id is not None:
                return int(row.call_id)
            connection.execute(_LEAVE)
            time.sleep(min(max(_SHORTEST_S, float(row.wait_s)), _LONGEST_S))

    def _begin(self, connection: Connection, longest: timedelta, *, yields: bool) -> Row[Any]:
        limits = {"window": self._window, "limit": self._limit}
        more = {"longest": longest, "yields": yields}
        return connection.execute(_BEGIN, {**self._keys, **limits, **more}).one()

    def _wait(self, connection: Connection) -> None:
        while True:
            try:
                connection.execute(_WAIT, self._keys)
            except DBAPIError as error:
                if not isinstance(error.orig, LockNotAvailable):
                    raise
                _check_deadline()
                connection.execute(_END_OVERDUE, {**self._keys, "patience": _PATIENCE})
            else:
                return

    def _end(self, connection: Connection, call_id: int) -> None:
        """Let the next one go ahead. Never raises, since webCRM has answered by now."""
        try:
            connection.execute(_END, {"call_id": call_id})
            connection.execute(_LEAVE)  # apart, since the next one must see the end
        except DBAPIError:
            connection.invalidate()


def _check_deadline() -> None:
    if seconds_left() <= 0:
        raise TryLater("webCRM is busy at this moment.")


@cache
def _shared_engine(url: str) -> SharedEngine:
    """The process's only engine for its lines; each connection makes one call at a time."""
    options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,
        pool_size=1,
        max_overflow=32,
        connect_args={"options": options},
    )
    return SharedEngine(engine)
