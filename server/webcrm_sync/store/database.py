"""Short transactions, and the jobs that they enqueue with their commit."""

from __future__ import annotations

import json
import logging
import random
import select
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any, TypeVar

import psycopg
from procrastinate.exceptions import ConnectorException
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import Connection, Dialect, Engine, Row, TextClause, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InvalidatePoolError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from webcrm_sync.core.events import SETTLED, EventKind
from webcrm_sync.core.faults import is_infrastructure_error
from webcrm_sync.core.jobs import Job
from webcrm_sync.logs import current
from webcrm_sync.net.tally import TALLY
from webcrm_sync.store import events
from webcrm_sync.store.shared_engine import SharedEngine

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

_HAS_WAITING_WEBCRM_JOB = text(
    "SELECT EXISTS (SELECT 1 FROM procrastinate_jobs"
    " WHERE lock = :lock AND status = 'todo' AND task_name <> :excluded)"
)
_COUNT_DIRECTORY_CHANGE = text(
    "INSERT INTO directory_version (company_id, number) VALUES (:company_id, 1)"
    " ON CONFLICT (company_id) DO UPDATE SET number = directory_version.number + 1"
)
#: What Procrastinate's own function inserts (procrastinate 3.10: schema.sql,
#: procrastinate_defer_jobs_v1), without the jobs of which one waits already. The function raises
#: for those, which takes a savepoint for each job.
_ENQUEUE = text(
    "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args)"
    " SELECT queue, task, lock, queueing_lock, jsonb_build_object('subject_id', subject_id)"
    " || CAST(:more AS jsonb)"
    " FROM unnest(CAST(:queues AS text[]), CAST(:tasks AS text[]), CAST(:locks AS text[]),"
    " CAST(:queueing_locks AS text[]), CAST(:subject_ids AS bigint[]))"
    " AS job (queue, task, lock, queueing_lock, subject_id)"
    " ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction of one company, at one moment."""

    connection: Connection
    company_id: int
    now: datetime
    #: the jobs to enqueue at the commit, each with the id of the row that it is about
    deferred: set[tuple[Job, int]] = field(default_factory=set)
    #: statements that run last, since each locks a row that other transactions need
    last: set[TextClause] = field(default_factory=set)
    #: the mails that reach an end in this transaction
    settled: list[events.NewEvent] = field(default_factory=list)

    def record_event(
        self,
        kind: EventKind,
        *,
        mailbox_id: int | None = None,
        email_id: int | None = None,
        **facts: object,
    ) -> None:
        """Add one event to the history of a mail or a mailbox."""
        self.record_events(
            [events.NewEvent(kind, mailbox_id=mailbox_id, email_id=email_id, facts=facts)]
        )

    def record_events(self, new: Iterable[events.NewEvent]) -> None:
        """Add events to any number of histories."""
        added = list(new)
        events.append(self.connection, self.company_id, at=self.now, new=added)
        self.settled.extend(one for one in added if one.kind in SETTLED)

    def defer(self, job: Job, subject_id: int) -> None:
        """Enqueue a job with the commit, unless a job of its kind already waits for the subject.

        A job that starts before the commit may miss the new rows; the tick enqueues it again a
        second later.
        """
        self.deferred.add((job, subject_id))

    def note_directory_change(self) -> None:
        """Refresh every open pane: contacts, Organisations, users or mailboxes have changed."""
        self.last.add(_COUNT_DIRECTORY_CHANGE)

    def has_waiting_webcrm_job(self) -> bool:
        """True if a job other than `file` waits to call the company's webCRM."""
        lock = _webcrm_lock(self.company_id)
        return bool(
            self.connection.scalar(_HAS_WAITING_WEBCRM_JOB, {"lock": lock, "excluded": Job.FILE})
        )

    def finish(self) -> None:
        """Write the rows that come last in every transaction. One order prevents deadlocks."""
        for statement in self.last:
            self.connection.execute(statement, {"company_id": self.company_id})
        self._enqueue_all()

    def _enqueue_all(self) -> None:
        if not self.deferred:
            return
        jobs = sorted(self.deferred)  # each insertion may wait for another transaction's
        queueing_locks = [_queueing_lock(job, subject_id) for job, subject_id in jobs]
        parameters = {
            "queues": [job.queue.value for job, _ in jobs],
            "tasks": [job.value for job, _ in jobs],
            "locks": [
                _webcrm_lock(subject_id) if job.calls_webcrm else queueing_lock
                for (job, subject_id), queueing_lock in zip(jobs, queueing_locks, strict=True)
            ],
            "queueing_locks": queueing_locks,
            "subject_ids": [subject_id for _, subject_id in jobs],
            "more": json.dumps({"correlation": current()} if current() else {}),
        }
        self.connection.execute(_ENQUEUE, parameters)


def _webcrm_lock(company_id: int) -> str:
    """The lock of the jobs that call the company's webCRM."""
    return f"webcrm:{company_id}"


def _queueing_lock(job: Job, subject_id: int) -> str:
    """The lock that lets at most one job of a kind wait per subject."""
    return f"{job}:{subject_id}"


#: How often a transaction is tried that the database aborts, and the longest pause in between.
_TRIES, _LONGEST_PAUSE_S = 5, 0.05


def retry_after_conflict(step: Callable[[], Result]) -> Result:
    """The result of `step`, which runs again when the database aborts it because of a conflict.

    PostgreSQL aborts one of the transactions that block each other, and the client repeats it (its
    manual: 13.3.4 Deadlocks, 13.5 Serialization Failure Handling). `step` may run several times.
    """
    for _ in range(_TRIES - 1):
        try:
            return step()
        except Exception as error:
            if not is_conflict(error):
                raise
        time.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - no secret
    return step()


def is_conflict(error: BaseException) -> bool:
    """True if the database aborted a transaction because it conflicted with another one."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, DeadlockDetected | SerializationFailure):
        cause = cause.__cause__
    return cause is not None


#: How many seconds a connection to the database may take to begin.
_CONNECT_S = 10
#: The key of a pooled connection's last use, and how many seconds it is trusted without a check.
USED, _TRUSTED_S = "used at", 5.0


class Database:
    """The product's PostgreSQL. Thread-safe; a transaction lasts as long as its `with` block."""

    def __init__(self, url: str, *, now: Callable[[], datetime], pool_size: int = 8) -> None:
        self._shared = _shared_engine(sqlalchemy_url(url), pool_size)
        self._engine = self._shared.open()
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._now = now

    @property
    def engine(self) -> Engine:
        """For migrations and tests."""
        return self._engine

    @contextmanager
    def begin(self, company_id: int = 0) -> Iterator[Tx]:
        """A transaction that commits at the end of the block and rolls back on any error."""
        with self._engine.begin() as connection:
            tx = Tx(connection, company_id, self._now())
            yield tx
            tx.finish()
        _report(tx.settled)

    @contextmanager
    def reading(self, company_id: int = 0) -> Iterator[Tx]:
        """A Tx for a step that only reads: each statement is a transaction of its own.

        It saves the round trips that begin and end a transaction.
        """
        with self._autocommit.connect() as connection:
            yield Tx(connection, company_id, self._now())

    def read(self, query: TextClause, parameters: Mapping[str, object]) -> Sequence[Row[Any]]:
        """The rows of one statement in a single round trip, outside of any transaction."""
        with self._autocommit.connect() as connection:
            return connection.execute(query, parameters).all()

    def transact(self, company_id: int, step: Callable[[Tx], Result]) -> Result:
        """The result of `step` in a committed transaction. It runs again after a conflict."""

        def run_once() -> Result:
            with self.begin(company_id) as tx:
                return step(tx)

        return retry_after_conflict(run_once)

    def close(self) -> None:
        """Close the pooled connections, unless another Database of this process uses them."""
        self._shared.close()


def _report(settled: Iterable[events.NewEvent]) -> None:
    """Log and count each mail that has reached an end, now that this is committed."""
    for one in settled:
        ids = {"mail": one.email_id, "mailbox": one.mailbox_id, "state": one.kind.value}
        reason = one.facts.get("reason")
        more = {name: value for name, value in {**ids, "reason": reason}.items() if value}
        logger.info("mail_settled", extra=more)
        TALLY.count("settled", one.kind.value)


@cache
def _shared_engine(url: str, pool_size: int) -> SharedEngine:
    """The process's only engine for a database."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        pool_use_lifo=True,  # the last used connection has most statements prepared
        hide_parameters=True,  # keeps the text of mails out of tracebacks
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_check, engine.dialect))
    return SharedEngine(engine)


def _note_use(_: object, record: ConnectionPoolEntry) -> None:
    record.info[USED] = time.monotonic()


def _check(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object
) -> None:
    """Make the pool replace its connections if the database has closed one of them.

    An idle connection has nothing to read but its end. Only a connection that was unused for a
    while is tested over the network, as `pool_pre_ping` does before each transaction.
    """
    unused_s = time.monotonic() - record.info.get(USED, time.monotonic())
    if may_have_ended(connection) or (
        unused_s > _TRUSTED_S and not _is_answered(dialect, connection)
    ):
        raise InvalidatePoolError


def _is_answered(dialect: Dialect, connection: DBAPIConnection) -> bool:
    try:
        return dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        return False


def may_have_ended(connection: DBAPIConnection | psycopg.AsyncConnection[Any]) -> bool:
    """True if an idle connection has data to read: the server's last message, or the end.

    Asks the system alone, not the database.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def is_database_in_trouble(error: BaseException) -> bool:
    """True if the database caused the error, not the data being written."""
    if isinstance(error, PoolTimeout | PendingRollbackError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    sqlstate = getattr(cause, "sqlstate", None) if isinstance(cause, psycopg.Error) else None
    if sqlstate:
        return is_infrastructure_error(sqlstate)
    lost_connection = (
        OperationalError,
        InterfaceError,
        psycopg.OperationalError,
        psycopg.InterfaceError,
    )
    return isinstance(error, (*lost_connection, ConnectorException))


def sqlalchemy_url(url: str) -> str:
    """A URL `postgresql://...` in SQLAlchemy's form, which names the driver.

    A host that takes the connection and stays silent is given up, unless the URL says when.
    """
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            url = "postgresql+psycopg://" + url.removeprefix(scheme)
    if "connect_timeout=" in url:
        return url
    has_options = "?" in url.rpartition("@")[2]
    return f"{url}{'&' if has_options else '?'}connect_timeout={_CONNECT_S}"


def libpq_url(url: str) -> str:
    """The URL in the form of libpq and Procrastinate."""
    return sqlalchemy_url(url).replace("postgresql+psycopg://", "postgresql://", 1)
