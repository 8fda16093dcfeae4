"""A job that fails as a whole waits alone; its delay grows with each failure in a row.

A job is a task for one subject, e.g. `discover` for mailbox 3.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from webcrm_sync.core.faults import fault_signature, format_trace
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.engine.context import CarefulMode, Context
from webcrm_sync.engine.fault_isolation.incidents import Widespread
from webcrm_sync.engine.fault_isolation.page_marker import PausedAfterDeaths
from webcrm_sync.logs import is_database_loss
from webcrm_sync.store import job_failures
from webcrm_sync.store.job_failures import JobFailure as JobTrouble

logger = logging.getLogger(__name__)


class JobBackedOff(Exception):
    """The job failed recently and must not run yet."""


@contextmanager
def guard_job(context: Context, task: str, subject_id: int) -> Iterator[Context]:
    """The context to run the job with: in careful mode when a worker has died with this job.

    Logs what the block raises and delays the job's next run. Raises JobBackedOff while it waits.
    """
    trouble = _read_trouble(context, task, subject_id)
    careful = CarefulMode(task, subject_id) if trouble and trouble.deaths else None
    try:
        yield replace(context, careful=careful)
    except PausedAfterDeaths as pause:
        _pause(context, task, subject_id, pause)
    except Exception as error:
        _log_failure(task, subject_id, error)
        _back_off(context, task, subject_id, trouble, error)
    else:
        if trouble:
            with context.begin() as tx:
                job_failures.clear(tx, task, subject_id)


def record_death(context: Context, task: str, subject_id: int) -> None:
    """Record that a worker died with the job: it runs in careful mode for a while."""
    try:
        with context.begin() as tx:
            job_failures.count_death(tx, task, subject_id)
    except Exception:  # the database is away; the next death is recorded
        logger.exception("death_not_recorded", extra={"task": task, "subject_id": subject_id})


def _read_trouble(context: Context, task: str, subject_id: int) -> JobTrouble | None:
    try:
        with context.reading() as tx:
            trouble = job_failures.read(tx, task, subject_id)
            is_waiting = trouble is not None and trouble.is_postponed(tx.now)
    except Exception as error:
        _log_failure(task, subject_id, error)
        raise JobBackedOff from error  # the database is away; the tick enqueues the job again
    if is_waiting:
        raise JobBackedOff
    return trouble


def _back_off(
    context: Context, task: str, subject_id: int, trouble: JobTrouble | None, error: Exception
) -> None:
    attempts = trouble.attempts if trouble else 0
    sentence = str(error) if isinstance(error, Widespread) else _sentence(task, error)
    try:
        with context.begin() as tx:
            due_at = next_attempt_at(tx.now, attempts)
            job_failures.postpone(
                tx, task, subject_id, due_at=due_at, attempts=attempts + 1, trouble=sentence
            )
            if isinstance(error, MemoryError):  # the next one may kill the worker
                job_failures.count_death(tx, task, subject_id)
    except Exception:  # the database is away; the tick enqueues the job again
        logger.exception("job_not_delayed", extra={"task": task, "subject_id": subject_id})


def _pause(context: Context, task: str, subject_id: int, pause: PausedAfterDeaths) -> None:
    facts = {"task": task, "subject_id": subject_id, "until": pause.until}
    logger.warning("job_paused_after_deaths", extra=facts)
    with context.begin() as tx:
        job_failures.postpone(
            tx, task, subject_id, due_at=pause.until, attempts=0, trouble=str(pause)
        )


def _log_failure(task: str, subject_id: int, error: Exception) -> None:
    facts: dict[str, object] = {"task": task, "subject_id": subject_id}
    if is_database_loss(error):
        logger.warning("job_failed", extra=facts, exc_info=error)  # one line for all, once a minute
    else:
        logger.error("job_failed", extra=facts | {"trace": format_trace(error)})


def _sentence(task: str, error: Exception) -> str:
    return f"An unforeseen error in '{task}' ({fault_signature(error)}); see the log"
