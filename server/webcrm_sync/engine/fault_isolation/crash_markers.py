"""Crash markers say what a job worked on when its worker died.

Only a job whose worker has died runs in careful mode (`context.CarefulMode`). It handles one thing
at a time and commits a marker before each, so the next worker knows which thing kills it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webcrm_sync.core.faults import is_given_up
from webcrm_sync.engine.context import CarefulMode, Context
from webcrm_sync.store import job_failures


class DiedTooOften(Exception):
    """The worker has died repeatedly while it handled this thing."""


@contextmanager
def crash_marker(context: Context, step: str, name: str) -> Iterator[None]:
    """Commit a marker before the block and remove it afterwards. Does nothing outside careful mode.

    `name`: the thing. Only starts of the same step count, since the one that a worker dies in knows
    how to hold the thing back. Raises DiedTooOften instead of running the block when earlier
    workers died in it.
    """
    careful = context.careful
    if careful is None:
        yield
        return
    marker = f"{step}: {name}"
    with careful.lock:
        with context.begin() as tx:
            deaths = job_failures.write_crash_marker(tx, careful.task, careful.subject_id, marker)
        if is_given_up(deaths):
            # The marker stays until the job has ended well: what holds the thing back may not be
            # committed before the worker dies with another thing.
            raise DiedTooOften(f"The worker died {deaths + 1} times while it handled this.")
        try:
            yield
        except MemoryError:
            raise  # counts as a death, so the marker stays
        except Exception:
            _finish(context, careful, marker)
            raise
        _finish(context, careful, marker)


def _finish(context: Context, careful: CarefulMode, marker: str) -> None:
    with context.begin() as tx:
        job_failures.delete_crash_marker(tx, careful.task, careful.subject_id, marker)
