"""The queue in our database: hints are never lost, jobs live and die with their transaction."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from webcrm_sync import worker
from webcrm_sync.core.jobs import Job, Queue
from webcrm_sync.store import companies
from webcrm_sync.store.database import Database, Tx
from webcrm_sync.store.migrate import migrate
from webcrm_sync.store.revision import is_current
from webcrm_sync.store.schema.columns import is_type_different, metadata


def waiting(database: Database) -> list[str]:
    """The jobs that wait, by their queueing lock."""
    query = text("SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
    with database.begin() as tx:
        return list(tx.connection.execute(query).scalars())


#: The connection breaks where a row is written.
_BREAK = """
CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''57P01''; END';
CREATE TRIGGER leave BEFORE {writes} FOR EACH ROW EXECUTE FUNCTION leave()
"""


def is_fully_staffed(database: Database) -> bool:
    """Whether every queue has its worker."""
    with database.begin() as tx:
        rows = tx.connection.execute(text("SELECT count(*) FROM procrastinate_workers"))
        return bool(rows.scalar_one() == len(worker.LANES))


async def until(is_true: Callable[[], bool]) -> None:
    """Wait for something; the time-out ends the test, it does not measure it."""
    async with asyncio.timeout(30):
        while not is_true():
            await asyncio.sleep(0.01)


def test_a_job_is_enqueued_by_the_commit_of_its_transaction(database: Database) -> None:
    with database.begin(1) as tx:
        tx.defer(Job.FILE, 1)
        assert waiting(database) == []
    assert waiting(database) == ["file:1"]


def test_a_transaction_that_is_rolled_back_leaves_no_job(database: Database) -> None:
    def fail(tx: Tx) -> None:
        tx.defer(Job.FILE, 1)
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError), database.begin(1) as tx:
        fail(tx)
    assert waiting(database) == []


def test_a_taken_queueing_lock_does_not_abort_the_transaction(database: Database) -> None:
    with database.begin() as tx:
        company_id = companies.ensure_company(tx, "T")
        tx.defer(Job.FILE, company_id)
    with database.begin(company_id) as one:
        one.defer(Job.MARK, 5)
        one.defer(Job.FILE, company_id)
        companies.update_company(one, webcrm_trouble="seen")
    assert waiting(database) == ["file:1", "mark:5"]
    with database.begin(company_id) as tx:
        assert companies.read_company(tx).webcrm_trouble == "seen"


def test_two_transactions_enqueue_the_same_job_once(database: Database) -> None:
    with database.begin(1) as one:
        one.defer(Job.MARK, 7)
        with database.begin(1) as other:
            other.connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
            other.defer(Job.MARK, 8)
    with database.begin(1) as late:
        late.defer(Job.MARK, 7)
    assert sorted(waiting(database)) == ["mark:7", "mark:8"]


def test_a_job_enqueued_while_it_runs_is_kept(database: Database, fresh_database: str) -> None:
    app = worker.open_queue(fresh_database)
    runs: list[int] = []

    @app.task(name="discover", queue="sync")
    def discover(subject_id: int) -> None:
        runs.append(subject_id)
        if len(runs) == 1:
            with database.begin(1) as tx:
                tx.defer(Job.DISCOVER, 3)

    with database.begin(1) as tx:
        tx.defer(Job.DISCOVER, 3)

    async def work() -> None:
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(work())
    assert runs == [3, 3]


def test_mails_are_filed_while_every_mailbox_worker_is_busy(
    database: Database, fresh_database: str
) -> None:
    app = worker.open_queue(fresh_database)
    is_filed = threading.Event()
    waited: list[bool] = []

    @app.task(name="discover", queue=Job.DISCOVER.queue)
    def discover(subject_id: int) -> None:
        waited.append(is_filed.wait(timeout=10))

    @app.task(name="file", queue=Job.FILE.queue)
    def file(subject_id: int) -> None:
        is_filed.set()

    many = worker.LANES[Queue.MAILBOXES] + 1
    for number in range(many):
        with database.begin(1) as tx:
            tx.defer(Job.DISCOVER, number)
    with database.begin(1) as tx:
        tx.defer(Job.FILE, 1)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(sum(worker.LANES.values())))
        async with app.open_async():
            workers = worker.start_workers(app)
            while len(waited) < many:
                await asyncio.sleep(0.01)
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers)

    asyncio.run(work())
    assert all(waited)


def test_jobs_of_a_dead_worker_run_again_unless_a_newer_one_waits(
    database: Database, fresh_database: str
) -> None:
    app = worker.open_queue(fresh_database)

    async def die_while_working_on(number: int) -> None:
        manager = app.job_manager
        worker_id = await manager.register_worker()
        with database.begin(1) as tx:
            tx.defer(Job.DISCOVER, number)
        job = await manager.fetch_job(queues=None, worker_id=worker_id)
        assert job is not None
        old = text(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
            " WHERE id = :id"
        )
        with database.begin() as tx:
            tx.connection.execute(old, {"id": worker_id})

    async def story() -> None:
        async with app.open_async():
            await die_while_working_on(1)
            await die_while_working_on(2)
            with database.begin(1) as tx:
                tx.defer(Job.DISCOVER, 2)
            await worker.rescue_stalled(app)
            assert list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=10)) == []

    asyncio.run(story())
    assert sorted(waiting(database)) == ["discover:1", "discover:2"]


def test_a_connection_that_the_database_closed_is_replaced_before_the_next_statement(
    database: Database, fresh_database: str
) -> None:
    app = worker.open_queue(fresh_database)
    others = text(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    async def story() -> None:
        async with app.open_async():
            before = await app.job_manager.register_worker()
            with database.begin() as tx:
                tx.connection.execute(others)
            after = await app.job_manager.register_worker()
            assert after > before

    asyncio.run(story())


def test_the_migrations_create_exactly_the_tables_of_the_schema(database: Database) -> None:
    with database.engine.connect() as connection:
        options = {"compare_type": is_type_different, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, metadata)
    ours = [step for step in found if "procrastinate" not in str(step)]
    assert ours == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database.engine)
    assert is_current(database.engine)


def test_two_transactions_that_ask_for_jobs_in_opposite_order_do_not_deadlock(
    database: Database,
) -> None:
    barrier = threading.Barrier(2, timeout=20)

    def ask(*jobs: Job) -> None:
        with database.begin(1) as tx:
            for job in jobs:
                tx.defer(job, 1)
                barrier.wait()

    with ThreadPoolExecutor() as pool:
        for asked in [
            pool.submit(ask, Job.MAINTAIN, Job.MARK),
            pool.submit(ask, Job.MARK, Job.MAINTAIN),
        ]:
            asked.result()
    assert sorted(waiting(database)) == ["keep:1", "mark:1"]


@pytest.mark.parametrize(
    "writes",
    ["UPDATE ON procrastinate_workers", "DELETE ON procrastinate_jobs"],
    ids=["heartbeat", "end of a job"],
)
def test_queue_is_processed_again_after_its_worker_lost_the_database(
    database: Database, fresh_database: str, writes: str
) -> None:
    app = worker.open_queue(fresh_database)
    filed: list[int] = []

    @app.task(name="file", queue=Job.FILE.queue)
    def file(subject_id: int) -> None:
        filed.append(subject_id)

    @app.periodic(cron="* * * * * *")
    @app.task(name="rescue", queue=Queue.CLOCK)
    async def rescue(timestamp: int) -> None:
        del timestamp
        await worker.rescue_stalled(app)

    def run(statement: str) -> None:
        with database.begin(1) as tx:
            tx.connection.execute(text(statement))
            tx.defer(Job.FILE, 1)

    async def story() -> None:
        async with app.open_async():
            workers = worker.start_workers(app)
            await until(lambda: is_fully_staffed(database))
            await asyncio.to_thread(run, _BREAK.format(writes=writes))
            await until(lambda: not is_fully_staffed(database))
            filed.clear()
            await asyncio.to_thread(run, "DROP FUNCTION leave CASCADE")
            await until(lambda: bool(filed))
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers)

    asyncio.run(story())
