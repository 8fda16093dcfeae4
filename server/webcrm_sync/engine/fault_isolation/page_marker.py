"""A crash marker around the reading of a folder's page, for deaths that no mail of it explains.

Somebody may kill workers for a reason of their own. So such deaths hold nothing back for good: the
mails are read one by one, then the job pauses, longer each time. What advances ends the pauses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from webcrm_sync.core.faults import ONE_BY_ONE_FROM, pause_after
from webcrm_sync.engine.context import CarefulMode, Context
from webcrm_sync.store import job_failures

_STEP = "read a page"


class PausedAfterDeaths(Exception):
    """Workers have died while they read a page; the job goes on at `until` by itself."""

    def __init__(self, deaths: int, until: datetime) -> None:
        super().__init__(
            f"Workers died {deaths} times while they read a page of this mailbox. It goes on by "
            f"itself at {until:%H:%M} UTC. Check why they end: the system's log, free memory."
        )
        self.until = until


@dataclass(frozen=True, slots=True)
class PageMarker:
    """How to read the page. `is_one_by_one`: one mail at a time."""

    context: Context
    careful: CarefulMode | None
    name: str
    is_one_by_one: bool = False

    def note_progress(self) -> None:
        """Record that a part of the page is committed: the pauses begin anew."""
        if self.careful is not None and self.is_one_by_one:
            job = (self.careful.task, self.careful.subject_id)
            with self.context.begin() as tx:
                job_failures.lower_crash_marker(tx, *job, self.name, ONE_BY_ONE_FROM)


@contextmanager
def page_marker(context: Context, folder_id: int) -> Iterator[PageMarker]:
    """Commit a marker before the block and remove it afterwards. Does nothing outside careful mode.

    Raises PausedAfterDeaths instead of running the block while the page rests.
    """
    careful, name = context.careful, f"{_STEP}: folder {folder_id}"
    if careful is None:
        yield PageMarker(context, None, name)
        return
    job = (careful.task, careful.subject_id)
    with context.begin() as tx:
        deaths = job_failures.read_crash_marker(tx, *job, name)
        failure = job_failures.read(tx, *job)
        died_at = failure.died_at if failure else None
        until = died_at + pause_after(deaths) if died_at else tx.now
        if until > tx.now:
            raise PausedAfterDeaths(deaths, until)
        job_failures.write_crash_marker(tx, *job, name)
        is_explained = job_failures.has_begun_beside(tx, *job, _STEP)
    is_one_by_one = deaths >= ONE_BY_ONE_FROM and not is_explained
    try:
        yield PageMarker(context, careful, name, is_one_by_one)
    except MemoryError:
        raise  # counts as a death, so the marker stays
    except Exception:
        _finish(context, careful, name)
        raise
    _finish(context, careful, name)


def _finish(context: Context, careful: CarefulMode, name: str) -> None:
    with context.begin() as tx:
        job_failures.delete_crash_marker(tx, careful.task, careful.subject_id, name)
