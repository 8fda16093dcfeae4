"""The workers' signs of life, one for each queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.jobs import Queue
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.monitoring import heartbeat


def beat(tx: Tx, queues: Collection[Queue]) -> None:
    """Record that a worker runs the jobs of these queues."""
    rows = [{"company_id": tx.company_id, "queue": q.value, "at": tx.now} for q in sorted(queues)]
    new = insert(heartbeat)
    index = [heartbeat.c.company_id, heartbeat.c.queue]
    query = new.on_conflict_do_update(index_elements=index, set_={"at": new.excluded.at})
    tx.connection.execute(query, rows)


def read_all(tx: Tx) -> Mapping[str, datetime | None]:
    """The last sign of life of every queue, None = no worker has run its jobs yet."""
    query = select(heartbeat.c.queue, heartbeat.c.at)
    rows = tx.connection.execute(query.where(heartbeat.c.company_id == tx.company_id))
    known = {row.queue: row.at for row in rows}
    return {queue.value: known.get(queue.value) for queue in Queue}
