"""The sign of life of a worker."""

from __future__ import annotations

from collections.abc import Collection

from webcrm_sync.core.jobs import Queue
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.store import heartbeats


def beat(context: LocalContext, queues: Collection[Queue]) -> None:
    """Record that a worker runs the jobs of these queues."""
    with context.begin() as tx:
        heartbeats.beat(tx, queues)
