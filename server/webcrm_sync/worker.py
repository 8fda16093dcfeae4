"""The Procrastinate app: each job is one call into the engine.

A job never raises, and the queue never retries one. Our tables say what is due: the tick reads
them every second and enqueues the jobs.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, LiteralString

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job as QueuedJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg import AsyncConnection
from psycopg.abc import RV, PQGen
from psycopg_pool import AsyncConnectionPool

from webcrm_sync import logs
from webcrm_sync.core.jobs import ClockJob, Job, Queue
from webcrm_sync.engine import push_urls
from webcrm_sync.engine.alerts.job import alert
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.discover import discover, read_on
from webcrm_sync.engine.discovery.poll import poll
from webcrm_sync.engine.fault_isolation import incidents, job_backoff
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.mailboxes import groups
from webcrm_sync.engine.mailboxes.lease import check_at_start
from webcrm_sync.engine.mailboxes.maintain import maintain
from webcrm_sync.engine.marking import mark
from webcrm_sync.engine.matching.job import match
from webcrm_sync.engine.matching.refresh_directory import refresh_directory
from webcrm_sync.engine.mirroring.plan import mirror
from webcrm_sync.engine.operations import clock, heartbeat, retention, tallies
from webcrm_sync.engine.pane.customer_job import create_customers
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.store.database import libpq_url, may_have_ended

logger = logging.getLogger(__name__)

Step = Callable[[Context, int], None]

#: What each job calls, with the id of the row it is about.
STEPS: Mapping[Job, Step] = {
    Job.DISCOVER: discover,
    Job.READ_ON: read_on,
    Job.POLL: lambda context, _: poll(context),
    Job.MARK: mark,
    Job.MAINTAIN: maintain,
    Job.MATCH: lambda context, _: match(context),
    Job.FILE: lambda context, _: file(context),
    Job.MIRROR: lambda context, _: mirror(context),
    Job.REFRESH_DIRECTORY: lambda context, _: refresh_directory(context),
    Job.CREATE_CUSTOMERS: lambda context, _: create_customers(context),
    Job.PROVE_MAILBOX: prove.prove_due_mailbox,
    Job.PROVE_WEBCRM: lambda context, _: prove.prove_due_page(context),
    Job.RETAIN: lambda context, _: retention.housekeeping(context),
    Job.FOLLOW_GROUPS: lambda context, _: groups.look(context),
    Job.ALERT: lambda context, _: alert(context),
}

#: A worker without a heartbeat for this long counts as dead.
_STALLED_S = 10
_HEARTBEAT_S = 3
#: How often a worker records its sign of life, for monitors.
_BEAT_S = 10
#: Wakes up a connection that nothing else wakes up.
_LONG_S = 3600.0
#: Pause before a worker that lost the database starts again.
_RESTART_PAUSE_S = 1
#: Seconds between two log lines about restarts of one queue's worker.
_LOG_EVERY_S = 60.0
#: Jobs that run at a time, by queue. Few read further pages, so that a mail that a person moved
#: just now finds a free lane and its share of the interpreter. Matching and webCRM have lanes of
#: their own, so that no mail waits behind mailboxes that are being read. One lane each: their jobs
#: share a lock, and a worker with a free lane checks only once a second for a job whose lock was
#: taken when it was enqueued (procrastinate 3.10: worker.py).
LANES = {
    Queue.MAILBOXES: 16,
    Queue.FURTHER_PAGES: 4,
    Queue.MATCHING: 1,
    Queue.WEBCRM: 1,
    Queue.CLOCK: 3,
}
#: The processes among which `serve` divides the queues: reading many pages takes a whole
#: processor, and in one interpreter filing would wait for it (ADR 24).
SHARES: Mapping[str, Collection[Queue]] = {
    "mailboxes": {Queue.MAILBOXES, Queue.FURTHER_PAGES},
    "webcrm": {Queue.MATCHING, Queue.WEBCRM, Queue.CLOCK},
}


def run_step(context: Context, job: Job, subject_id: int) -> None:
    """Run one job and log how it ended. An error is logged, and only this job waits after it."""
    with (
        suppress(job_backoff.JobBackedOff),
        job_backoff.guard_job(context, job, subject_id) as careful,
        _outcome_logged(job, subject_id=subject_id),
    ):
        careful.retry_conflicts(lambda: STEPS[job](careful, subject_id))


@contextmanager
def _outcome_logged(task: str, **fields: int) -> Iterator[None]:
    """Log one line when the block ends: the line's own time is the end, `seconds` the duration."""
    started = time.monotonic()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        seconds = f"{time.monotonic() - started:.3f}"
        told = {"task": task, **fields, "seconds": seconds, "outcome": outcome}
        logger.info("job_done", extra=told)


class _Connector(procrastinate.PsycopgConnector):
    """Reports when a connection breaks during a statement, which may or may not have run.

    `lost` is set at each such loss; then a new event takes its place.
    """

    lost: asyncio.Event

    async def open_async(self, pool: AsyncConnectionPool | None = None) -> None:
        self.lost = asyncio.Event()
        await super().open_async(pool)

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        with self._loss_reported():
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        with self._loss_reported():
            found: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return found

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        with self._loss_reported():
            found: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
            return found

    @contextmanager
    def _loss_reported(self) -> Iterator[None]:
        try:
            yield
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                self.lost.set()
                self.lost = asyncio.Event()
            raise


def _create_pool(**arguments: Any) -> AsyncConnectionPool:
    """The queue's connections, on which a statement is one round trip to the database.

    By default it is four: one to verify the connection, and the start and the end of a transaction.
    Each of the queue's statements is a transaction by itself.
    """
    own = {
        "connection_class": _QueueConnection,
        "check": _check_connection,
        "configure": _begin_autocommit,
    }
    return AsyncConnectionPool(**{**arguments, **own})


class _QueueConnection(AsyncConnection[Any]):
    """A connection that sleeps until the database answers or notifies.

    psycopg wakes up ten times a second to notice an interrupt (psycopg: AsyncConnection.wait). Our
    signals have handlers, which wake the event loop by themselves.
    """

    async def wait(
        self, gen: PQGen[RV], interval: float = _LONG_S, timeout: float | None = None
    ) -> RV:
        return await super().wait(gen, interval=interval, timeout=timeout)


async def _begin_autocommit(connection: AsyncConnection) -> None:
    await connection.set_autocommit(True)


async def _check_connection(connection: AsyncConnection) -> None:
    """Raise if the database has closed the connection, so that the pool replaces it."""
    if may_have_ended(connection):
        await AsyncConnectionPool.check_connection(connection)


def open_queue(url: str) -> procrastinate.App:
    """An app over the database's queue, without tasks and not open yet."""
    return procrastinate.App(
        connector=_Connector(conninfo=libpq_url(url), pool_factory=_create_pool)
    )


def build_app(
    context: Context, url: str, queues: Collection[Queue] = tuple(Queue)
) -> procrastinate.App:
    """The app with the tasks of these queues, not open yet."""
    app = open_queue(url)
    for job in STEPS:
        if job.queue in queues:
            _register(app, context, job)
    if Queue.CLOCK in queues:
        _register_clock(app, context)
    return app


def _register_clock(app: procrastinate.App, context: Context) -> None:
    """Add the periodic tasks."""

    @app.periodic(cron="* * * * * *")
    @app.task(
        name=ClockJob.TICK, queue=Queue.CLOCK, queueing_lock=ClockJob.TICK, lock=ClockJob.TICK
    )
    def tick(timestamp: int) -> None:
        del timestamp
        try:
            clock.tick(context)
        except Exception:
            logger.exception("tick_failed")

    @app.periodic(cron="* * * * * */3")  # The seconds come last.
    @app.task(
        name=ClockJob.RESCUE, queue=Queue.CLOCK, queueing_lock=ClockJob.RESCUE
    )  # No lock: a dead worker would keep it.
    async def rescue(timestamp: int) -> None:
        del timestamp
        await rescue_stalled(app, partial(job_backoff.record_death, context))

    @app.periodic(cron="17 3 * * *")
    @app.task(name=ClockJob.SWEEP, queue=Queue.CLOCK, queueing_lock=ClockJob.SWEEP)
    async def sweep(timestamp: int) -> None:
        del timestamp
        with _outcome_logged(ClockJob.SWEEP):
            await app.job_manager.delete_old_jobs(nb_hours=1, include_failed=True)

    @app.periodic(cron="41 1 * * *")
    @app.task(name=ClockJob.NIGHT, queue=Queue.CLOCK, queueing_lock=ClockJob.NIGHT)
    def night(timestamp: int) -> None:
        del timestamp
        try:
            with _outcome_logged(ClockJob.NIGHT):
                prove.request_all(context)
        except Exception:
            logger.exception("night_failed")


def _register(app: procrastinate.App, context: Context, job: Job) -> None:
    @app.task(name=job, queue=job.queue)
    def run(subject_id: int, correlation: str | None = None) -> None:
        with logs.correlated(correlation):
            run_step(context, job, subject_id)


async def rescue_stalled(
    app: procrastinate.App, note_death: Callable[[str, int], None] | None = None
) -> None:
    """Requeue the jobs of dead workers; drop one whose successor is already waiting.

    Two workers may do this at the same time. `note_death` gets the task and subject id of each
    job before it can run again.
    """
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_S):
        subject_id = job.task_kwargs.get("subject_id")
        if note_death and isinstance(subject_id, int):
            await asyncio.to_thread(note_death, job.task_name, subject_id)
        with suppress(ConnectorException):  # Another worker was faster, or the next run retries.
            await _release(manager, job)
            logger.warning("job_taken_over", extra={"task": job.task_name})


async def _release(manager: JobManager, job: QueuedJob) -> None:
    try:
        await manager.retry_job(job)
    except UniqueViolation:
        await manager.finish_job(job, status=Status.FAILED, delete_job=True)


def run_worker(context: Context, url: str, queues: Collection[Queue] = tuple(Queue)) -> None:
    """Run the jobs of these queues until SIGTERM or SIGINT, then finish those that are running."""
    incidents.release_after_upgrade(context)
    check_at_start(context)
    if Queue.MAILBOXES in queues:  # the others make no typed call
        context.graph.warm_up()
    push_urls.replace_unverifiable(context)
    asyncio.run(_run(build_app(context, url, queues), context, queues))


async def _run(app: procrastinate.App, context: Context, queues: Collection[Queue]) -> None:
    loop = asyncio.get_running_loop()
    # Synchronous jobs run in the loop's default executor, which needs a thread per lane, and one
    # for the heart.
    loop.set_default_executor(ThreadPoolExecutor(sum(LANES[queue] for queue in queues) + 1))
    async with app.open_async():
        workers = start_workers(app, queues)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: _stop(context, workers))
        heart = asyncio.create_task(_beat(context, queues))
        try:
            await asyncio.gather(*workers, return_exceptions=False)
        finally:
            heart.cancel()
            with suppress(Exception):  # the database may be away
                await asyncio.to_thread(tallies.save, context)


async def _beat(context: Context, queues: Collection[Queue]) -> None:
    """Record a sign of life from time to time, until cancelled."""
    while True:
        try:
            await asyncio.to_thread(heartbeat.beat, context, queues)
            await asyncio.to_thread(tallies.save, context)
        except Exception:
            logger.warning("heartbeat_failed", exc_info=True)
        await asyncio.sleep(_BEAT_S)


def start_workers(
    app: procrastinate.App, queues: Collection[Queue] = tuple(Queue)
) -> list[asyncio.Task[None]]:
    """One worker per queue; cancel them to stop. The app must be open."""
    return [asyncio.create_task(_run_queue(app, queue, LANES[queue])) for queue in queues]


async def _run_queue(app: procrastinate.App, queue: Queue, lanes: int) -> None:
    """Run the queue's jobs until cancelled; after each loss of the database as a new worker.

    Otherwise a job whose end was not saved would keep its lock for good: its worker seems alive.
    A worker whose heartbeat or periodic tasks fail also ends without an error.
    """
    with suppress(asyncio.CancelledError):
        log_at = 0.0
        while True:
            await _run_until_lost(app, queue, lanes)
            if time.monotonic() >= log_at:  # it restarts each second while the database is away
                logger.warning("worker_restarts", extra={"queue": queue})
                log_at = time.monotonic() + _LOG_EVERY_S
            await asyncio.sleep(_RESTART_PAUSE_S)
    logger.info("worker_stopped", extra={"queue": queue})


async def _run_until_lost(app: procrastinate.App, queue: Queue, lanes: int) -> None:
    assert isinstance(app.connector, _Connector)
    lost = asyncio.create_task(app.connector.lost.wait())
    worker = asyncio.create_task(
        app.run_worker_async(
            queues=[queue],
            concurrency=lanes,
            install_signal_handlers=False,
            update_heartbeat_interval=_HEARTBEAT_S,
            stalled_worker_timeout=_STALLED_S,
            shutdown_graceful_timeout=20,
            fetch_job_polling_interval=1,
            delete_jobs="successful",
        )
    )
    try:
        await asyncio.wait({lost, worker}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        lost.cancel()
        worker.cancel()
        with suppress(asyncio.CancelledError, ConnectorException):  # Running jobs finish first.
            await worker


def _stop(context: Context, workers: list[asyncio.Task[None]]) -> None:
    """Let running jobs finish; a second signal must not interrupt them."""
    context.stopping.set()
    for worker in workers:
        if not worker.cancelling():
            worker.cancel()
