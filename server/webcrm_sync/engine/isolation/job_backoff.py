"""A job that fails holds off itself alone: its task for its subject, for longer and longer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from webcrm_sync.core.faults import fault_signature, format_trace
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.engine.context import Care, Context
from webcrm_sync.engine.isolation.incidents import Widespread
from webcrm_sync.store import job_troubles
from webcrm_sync.store.job_troubles import JobTrouble

logger = logging.getLogger(__name__)


class Held(Exception):
    """The job failed a moment ago and is left alone for now."""


@contextmanager
def held_off(context: Context, task: str, subject_id: int) -> Iterator[Context]:
    """The parts to run the job with; it works carefully where a worker has died with it.

    What it raises is logged, and the job waits before it comes again. Raises Held while it waits.
    """
    known = _on_record(context, task, subject_id)
    try:
        yield replace(context, care=Care(task, subject_id)) if known and known.deaths else context
    except Exception as error:
        _log(task, subject_id, error)
        _hold(context, task, subject_id, known, error)
    else:
        if known:
            with context.begin() as tx:
                job_troubles.clear(tx, task, subject_id)


def _log(task: str, subject_id: int, error: Exception) -> None:
    told = {"task": task, "subject_id": subject_id, "trace": format_trace(error)}
    logger.error("job_failed", extra=told)


def _on_record(context: Context, task: str, subject_id: int) -> JobTrouble | None:
    try:
        with context.begin() as tx:
            known = job_troubles.read(tx, task, subject_id)
            is_held = known is not None and known.is_held(tx.now)
    except Exception as error:
        _log(task, subject_id, error)
        raise Held from error  # the database is away: the tick finds the job again
    if is_held:
        raise Held
    return known


def _hold(
    context: Context, task: str, subject_id: int, known: JobTrouble | None, error: Exception
) -> None:
    attempts = known.attempts if known else 0
    told = str(error) if isinstance(error, Widespread) else _sentence(task, error)
    try:
        with context.begin() as tx:
            due_at = next_attempt_at(tx.now, attempts)
            job_troubles.hold(
                tx, task, subject_id, due_at=due_at, attempts=attempts + 1, trouble=told
            )
            if isinstance(error, MemoryError):  # a death in all but name
                job_troubles.note_death(tx, task, subject_id)
    except Exception:  # the database is away: the tick finds the job again
        logger.exception("job_not_held", extra={"task": task, "subject_id": subject_id})


def _sentence(task: str, error: Exception) -> str:
    return f"An unforeseen error in '{task}' ({fault_signature(error)}); see the log"


def note_death(context: Context, task: str, subject_id: int) -> None:
    """A worker died with the job: it works carefully from now on, until it succeeds once."""
    try:
        with context.begin() as tx:
            job_troubles.note_death(tx, task, subject_id)
    except Exception:  # the database is away: the next death is noted
        logger.exception("death_not_noted", extra={"task": task, "subject_id": subject_id})
