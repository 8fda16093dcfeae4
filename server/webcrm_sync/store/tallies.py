"""What happened how often, over all processes since the installation."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.net.tally import Key
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.monitoring import tally


def add(tx: Tx, numbers: Mapping[Key, int]) -> None:
    """Add these numbers to the stored ones."""
    rows = [
        {"company_id": tx.company_id, "subject": subject, "outcome": outcome, "number": number}
        for (subject, outcome), number in sorted(numbers.items())  # in one order for all
    ]
    new = insert(tally)
    index = [tally.c.company_id, tally.c.subject, tally.c.outcome]
    total = {"number": tally.c.number + new.excluded.number}
    if rows:
        tx.connection.execute(new.on_conflict_do_update(index_elements=index, set_=total), rows)


def read_all(tx: Tx) -> Mapping[Key, int]:
    """All numbers of the company."""
    query = select(tally.c.subject, tally.c.outcome, tally.c.number)
    rows = tx.connection.execute(query.where(tally.c.company_id == tx.company_id))
    return {(row.subject, row.outcome): row.number for row in rows}
