"""Signs of life of workers, where a test has no worker."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text

from webcrm_sync.core.jobs import Queue
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.operations.heartbeat import beat


def all_alive(context: LocalContext) -> None:
    """Record a sign of life of every queue's worker."""
    beat(context, tuple(Queue))


def last_alive(context: LocalContext, queues: Collection[Queue], at: datetime) -> None:
    """Let these queues' workers have been alive at this time for the last time."""
    query = text("UPDATE heartbeat SET at = :at WHERE queue = ANY(:queues)")
    with context.begin() as tx:
        tx.connection.execute(query, {"at": at, "queues": [queue.value for queue in queues]})
