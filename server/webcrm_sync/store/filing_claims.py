"""Claims: the right of one run to send filings and to record what webCRM answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, update

from webcrm_sync.store.database import Tx
from webcrm_sync.store.filings import IS_UNCLEAR, IS_UNSENT, MAY_BE_SENT, Filing
from webcrm_sync.store.schema.tables import filing

_DRAFTED = (
    func.unnest(
        bindparam("filing_ids", type_=ARRAY(BigInteger)),
        bindparam("opportunity_ids", type_=ARRAY(BigInteger)),
    )
    .table_valued("id", "opportunity_id")
    .render_derived("drafted")
)
_CLAIM = (
    update(filing)
    .where(filing.c.id == _DRAFTED.c.id, IS_UNSENT, MAY_BE_SENT)
    .where(filing.c.opportunity_id.is_not_distinct_from(_DRAFTED.c.opportunity_id))
    .values(intent_at=bindparam("now"), lease=bindparam("by_lease"), searches=0)
    .returning(filing.c.id)
)
_HELD = (
    select(filing.c.id).where(filing.c.lease == bindparam("by_lease"), IS_UNCLEAR).with_for_update()
)


def claim(tx: Tx, drafted: Sequence[Filing], lease: str) -> frozenset[int]:
    """Record, before the call, that the run with this lease sends these filings.

    Returns the claimed ids, without filings that another run has claimed, that are gone, that a
    person has put under another Opportunity, or whose mailboxes were paused or are no longer ours.
    """
    parameters = {
        "filing_ids": [f.id for f in drafted],
        "opportunity_ids": [f.opportunity_id for f in drafted],
        "now": tx.now,
        "by_lease": lease,
    }
    return frozenset(tx.connection.execute(_CLAIM, parameters).scalars())


def held(tx: Tx, lease: str) -> frozenset[int]:
    """Ids of the filings whose outcome this run may record; they stay locked until `tx` ends."""
    return frozenset(tx.connection.execute(_HELD, {"by_lease": lease}).scalars())


def mark_unclear(tx: Tx, lease: str, *, due_at: datetime) -> None:
    """Verify, from `due_at` on, the filings that this lease sent without a clear answer.

    WebCRM may have written them just now, so the lag of its search counts from now.
    """
    query = update(filing).where(filing.c.lease == lease, IS_UNCLEAR)
    tries = filing.c.attempts + 1
    tx.connection.execute(query.values(due_at=due_at, intent_at=tx.now, attempts=tries))


def release(tx: Tx, lease: str) -> None:
    """Make the filings due again that this lease claimed and did not send."""
    query = update(filing).where(filing.c.lease == lease, IS_UNCLEAR)
    tx.connection.execute(query.values(due_at=tx.now, intent_at=None))
