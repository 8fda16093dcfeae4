"""How many jobs wait and run in the queue."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from webcrm_sync.core.jobs import Queue
from webcrm_sync.store.database import Tx

_COUNT = text("""
    SELECT queue_name, status::text AS status, count(*) AS number FROM procrastinate_jobs
     WHERE status IN ('todo', 'doing') GROUP BY queue_name, status""")
#: Procrastinate's words for the states of a job, and ours.
_STATUSES = {"todo": "waiting", "doing": "running"}


def read_all(tx: Tx) -> Mapping[tuple[str, str], int]:
    """The number of jobs by queue and status; zero where there is none."""
    numbers = {(queue.value, status): 0 for queue in Queue for status in _STATUSES.values()}
    for row in tx.connection.execute(_COUNT):
        numbers[row.queue_name, _STATUSES[row.status]] = row.number
    return numbers
