"""Workers that die while they rescue the jobs of dead workers."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise

import procrastinate
import pytest
from procrastinate.jobs import Job as QueuedJob
from sqlalchemy import text

from support.scenario import Scenario
from webcrm_sync import worker
from webcrm_sync.core.faults import CAREFUL_FOR
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.fault_isolation import job_backoff
from webcrm_sync.store import job_failures

_LONG_AGO = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"


async def _die_during_a_rescue(app: procrastinate.App, scenario: Scenario) -> QueuedJob:
    manager = app.job_manager
    worker_id = await manager.register_worker()
    await app.tasks["rescue"].defer_async(timestamp=1)
    job = await manager.fetch_job(queues=["clock"], worker_id=worker_id)
    assert job is not None
    with scenario.context.begin() as tx:
        tx.connection.execute(text(_LONG_AGO))
    return job


@pytest.mark.parametrize(("task", "seconds"), [("tick", 1), ("rescue", 3), ("sweep", 24 * 3600)])
def test_periodic_job_runs_as_often_as_scheduled(
    scenario: Scenario, fresh_database: str, task: str, seconds: int
) -> None:
    app = worker.build_app(scenario.context, fresh_database)
    clock = app.periodic_registry.periodic_tasks[task, ""].croniter
    times = [clock.get_next(ret_type=float) for _ in range(100)]
    assert {after - before for before, after in pairwise(times)} == {seconds}


def test_worker_that_died_during_a_rescue_does_not_block_the_next_rescue(
    scenario: Scenario, fresh_database: str
) -> None:
    app = worker.build_app(scenario.context, fresh_database)

    async def story() -> None:
        async with app.open_async():
            await _die_during_a_rescue(app, scenario)
            await app.tasks["rescue"].defer_async(timestamp=2)
            await app.run_worker_async(queues=["clock"], wait=False, install_signal_handlers=False)
            manager = app.job_manager
            assert list(await manager.get_stalled_jobs(seconds_since_heartbeat=10)) == []

    asyncio.run(story())


def test_death_is_recorded_before_the_job_runs_again(
    scenario: Scenario, fresh_database: str
) -> None:
    app = worker.build_app(scenario.context, fresh_database)

    async def story() -> None:
        async with app.open_async():
            await _die_during_a_rescue(app, scenario)
            worker_id = await app.job_manager.register_worker()
            with scenario.context.begin() as tx:
                tx.defer(Job.RETAIN, scenario.context.company_id)
            assert await app.job_manager.fetch_job(queues=["sync"], worker_id=worker_id)
            with scenario.context.begin() as tx:
                tx.connection.execute(text(_LONG_AGO))
            await worker.rescue_stalled(app, partial(job_backoff.record_death, scenario.context))

    asyncio.run(story())
    with scenario.context.begin() as tx:
        known = job_failures.read(tx, "housekeeping", scenario.context.company_id)
    assert known is not None
    assert (known.deaths, known.trouble) == (1, None)
    scenario.sandbox.clock.advance(CAREFUL_FOR)
    worker.run_step(scenario.context, Job.RETAIN, scenario.context.company_id)
    with scenario.context.begin() as tx:
        assert job_failures.read(tx, "housekeeping", scenario.context.company_id) is None


def test_job_that_another_rescue_released_is_not_released_again(
    scenario: Scenario, fresh_database: str
) -> None:
    app = worker.build_app(scenario.context, fresh_database)

    async def story() -> None:
        async with app.open_async():
            job = await _die_during_a_rescue(app, scenario)
            await asyncio.gather(*(worker.rescue_stalled(app) for _ in range(4)))
            assert job.id is not None
            status = await app.job_manager.get_job_status_async(job.id)
            assert status.value == "todo"

    asyncio.run(story())
