"""The tables of the nightly comparisons, and of a recovery."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table
from sqlalchemy.dialects.postgresql import JSONB

from webcrm_sync.store.schema.columns import metadata, reference, time


def _differences() -> Column[object]:
    return Column("differences", JSONB, nullable=False, server_default="[]")


#: The last comparison of a mailbox's folders with the rows. `due_at` NULL = none is requested.
mailbox_proof = Table(
    "mailbox_proof",
    metadata,
    reference("mailbox", primary_key=True),
    time("due_at"),
    time("proved_at"),
    _differences(),
)

#: The comparison with webCRM, page by page. `next_id`: the first Activity of the next page.
#: `differences`: of the comparison under way, else of the last one.
webcrm_proof = Table(
    "webcrm_proof",
    metadata,
    reference("company", primary_key=True),
    time("due_at"),
    Column("next_id", BigInteger, nullable=False, server_default="0"),
    time("proved_at"),
    _differences(),
)

#: A recovery. Until `ended_at`, webCRM's Activities are being read and nothing is written there.
rebuilding = Table(
    "rebuilding",
    metadata,
    reference("company", primary_key=True),
    time("begun_at", nullable=False),
    time("ended_at"),
)
