"""Workers that die with their jobs, one after the other, as `rescue` sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from support.interleave import Death
from support.planting import ErrorPlanter, MailTraces
from support.scenario import Scenario
from webcrm_sync.engine.fault_isolation import job_backoff
from webcrm_sync.store import schedule
from webcrm_sync.store.items import transitions
from webcrm_sync.store.schedule import DueJob
from webcrm_sync.worker import run_step


def work_until_death(scenario: Scenario, died: DueJob | None = None) -> DueJob | None:
    """The job during which the worker dies; None if all jobs finish.

    `died`: the job of the worker before, which `rescue` enqueues again, due or not.
    """
    due = [died] if died else _due(scenario)
    for _ in range(50):
        if not due:
            return None
        for one in due:
            try:
                run_step(scenario.context, one.job, one.subject_id)
            except Death:
                job_backoff.record_death(scenario.context, one.job, one.subject_id)
                return one
        due = _due(scenario)
    raise AssertionError("never comes to rest")


def _due(scenario: Scenario) -> Sequence[DueJob]:
    with scenario.context.begin() as tx:
        transitions.restart_due(tx)
        return schedule.due_jobs(tx)


def deadly(place: str, word: str) -> ErrorPlanter:
    """Kills the worker that calls this function about a mail with the word."""
    return ErrorPlanter(MailTraces((word,), frozenset()), place, Death)


def deaths_in(
    scenario: Scenario, planter: ErrorPlanter, *, at_most: int = 9, rounds: int = 7
) -> list[str]:
    """The jobs during which workers died, while time passes, up to a number of deaths."""
    deaths, died = [], None
    with planter.watching():
        for _ in range(rounds):
            scenario.sandbox.clock.advance(timedelta(seconds=70))
            if died := work_until_death(scenario, died):
                deaths.append(str(died.job))
            if len(deaths) == at_most:
                break
    return deaths
