"""The clock of the service: the only place that turns due times in the tables into jobs."""

from __future__ import annotations

from webcrm_sync.engine.context import Context
from webcrm_sync.store import schedule
from webcrm_sync.store.items import transitions


def tick(context: Context) -> None:
    """Enqueue every job that is due now. One worker calls it every second."""
    with context.begin() as tx:
        transitions.restart_due(tx)
        for due in schedule.due_jobs(tx):
            tx.defer(due.job, due.subject_id)
