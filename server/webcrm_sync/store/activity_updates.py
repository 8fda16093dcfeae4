"""Updates: changes to Activities that webCRM has yet to receive, at most one per filing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.jobs import Job
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email, emails_by_id
from webcrm_sync.store.filings import FILING, MAY_BE_SENT, Filing
from webcrm_sync.store.schedule import NEVER
from webcrm_sync.store.schema.requests import UpdateKind as UpdateKind
from webcrm_sync.store.schema.requests import activity_update
from webcrm_sync.store.schema.tables import filing


@dataclass(frozen=True, slots=True)
class ActivityUpdate:
    """A change to an Activity. `move_to`: the new Organisation, None = no move.

    `sets_opportunity`: its Opportunity becomes `opportunity_id`, None = none.
    """

    kind: UpdateKind
    move_to: int | None
    requested_at: datetime
    sets_opportunity: bool = False
    opportunity_id: int | None = None


_COLUMNS = (
    activity_update.c.filing_id,
    activity_update.c.kind,
    activity_update.c.move_to,
    activity_update.c.requested_at,
    activity_update.c.sets_opportunity,
    activity_update.c.opportunity_id,
)
_DUE = (
    select(activity_update.c.filing_id)
    .join(filing, filing.c.id == activity_update.c.filing_id)
    .where(filing.c.company_id == bindparam("company"), filing.c.activity_id.is_not(None))
    .where(activity_update.c.due_at <= bindparam("now"), MAY_BE_SENT)
)
_HAS_DUE = select(_DUE.exists())


def request(
    tx: Tx,
    filing_ids: Iterable[int],
    kind: UpdateKind,
    *,
    move_to: int | None = None,
    is_replaced: bool = False,
) -> None:
    """Request an update of the Activities of these filings. Replaces an earlier request.

    An Opportunity that was requested stays so unless the Activity moves elsewhere. `is_replaced`:
    the filings are withdrawn because a person chose another Organisation.
    """
    ids = list(filing_ids)
    if not ids:
        return
    values = {"kind": kind, "move_to": move_to, "requested_at": tx.now, "due_at": tx.now}
    new = insert(activity_update).values([{"filing_id": i, **values} for i in ids])
    stays = activity_update.c.move_to.is_not_distinct_from(new.excluded.move_to)
    kept = {
        "sets_opportunity": activity_update.c.sets_opportunity & stays,
        "opportunity_id": case((stays, activity_update.c.opportunity_id)),
    }
    tx.connection.execute(
        new.on_conflict_do_update(
            index_elements=[activity_update.c.filing_id], set_={**values, **kept}
        )
    )
    flags: dict[str, object] = {
        "is_withdrawn": kind is UpdateKind.WITHDRAW,
        "is_replaced": is_replaced,
        "is_removed": False,
    }
    if kind is UpdateKind.RESTORE:  # the Documents are written again after the text
        flags |= {"is_complete": False, "due_at": tx.now}
    tx.connection.execute(update(filing).where(filing.c.id.in_(ids)).values(flags))
    tx.defer(Job.FILE, tx.company_id)


def request_opportunity(tx: Tx, filing_id: int, opportunity_id: int | None) -> None:
    """Request that the filing's Activity gets this Opportunity, None = none.

    An open move, restoration or rewrite stays, and sets it as its last step.
    """
    wish = {
        "requested_at": tx.now,
        "due_at": tx.now,
        "sets_opportunity": True,
        "opportunity_id": opportunity_id,
    }
    new = insert(activity_update).values(filing_id=filing_id, kind=UpdateKind.OPPORTUNITY, **wish)
    tx.connection.execute(
        new.on_conflict_do_update(index_elements=[activity_update.c.filing_id], set_=wish)
    )
    tx.defer(Job.FILE, tx.company_id)


def repeat_opportunity(tx: Tx, seen: Filing) -> None:
    """Request again that the Activity gets the filing's Opportunity, unless an update is open."""
    values = {
        "filing_id": seen.id,
        "kind": UpdateKind.OPPORTUNITY,
        "requested_at": tx.now,
        "due_at": tx.now,
        "sets_opportunity": True,
        "opportunity_id": seen.opportunity_id,
    }
    new = insert(activity_update).values(values)
    tx.connection.execute(new.on_conflict_do_nothing())
    tx.defer(Job.FILE, tx.company_id)


def request_rewrite(tx: Tx, filing_id: int) -> None:
    """Request a rewrite of the Activity's subject and text, unless another update is open.

    An open request for an Opportunity alone becomes a rewrite that sets it too.
    """
    row = select(
        filing.c.id,
        literal(UpdateKind.REWRITE, activity_update.c.kind.type),
        literal(tx.now),
        literal(tx.now),
    ).where(filing.c.id == filing_id, filing.c.activity_id.is_not(None), ~filing.c.is_withdrawn)
    columns = ["filing_id", "kind", "requested_at", "due_at"]
    new = insert(activity_update).from_select(columns, row)
    tx.connection.execute(
        new.on_conflict_do_update(
            index_elements=[activity_update.c.filing_id],
            set_={"kind": UpdateKind.REWRITE},
            where=activity_update.c.kind == UpdateKind.OPPORTUNITY,
        )
    )
    tx.defer(Job.FILE, tx.company_id)


def request_amendment(tx: Tx, filing_ids: Iterable[int]) -> None:
    """Request that these Activities are written again, after what else is open about them."""
    rows = [
        {"filing_id": i, "kind": UpdateKind.REWRITE, "requested_at": tx.now, "due_at": tx.now}
        for i in filing_ids
    ]
    if not rows:
        return
    new = insert(activity_update).values(rows)
    is_move = activity_update.c.kind == UpdateKind.MOVE
    kind = case((is_move, new.excluded.kind), else_=activity_update.c.kind)
    again = {"kind": kind, "requested_at": tx.now, "due_at": tx.now}
    tx.connection.execute(
        new.on_conflict_do_update(index_elements=[activity_update.c.filing_id], set_=again)
    )
    tx.defer(Job.FILE, tx.company_id)


def read_all(tx: Tx, filing_ids: Iterable[int]) -> Mapping[int, ActivityUpdate]:
    """The open updates of these filings, by filing id."""
    query = select(*_COLUMNS).where(activity_update.c.filing_id.in_(list(filing_ids)))
    return {
        filing_id: ActivityUpdate(*fields) for filing_id, *fields in tx.connection.execute(query)
    }


def read(tx: Tx, filing_id: int) -> tuple[ActivityUpdate, Filing, Email] | None:
    """The open update of this filing with its filing and mail, None = no update is open."""
    open_ = read_all(tx, [filing_id])
    row = tx.connection.execute(select(*FILING).where(filing.c.id == filing_id)).mappings().first()
    if row is None or not open_:
        return None
    updated = Filing(**row)
    return open_[filing_id], updated, emails_by_id(tx, [updated.email_id])[updated.email_id]


def due(tx: Tx, *, limit: int) -> Sequence[int]:
    """Ids of the filings whose update is due, the oldest request first.

    An update waits while its filing has no Activity yet.
    """
    query = _DUE.order_by(activity_update.c.requested_at, activity_update.c.filing_id)
    parameters = {"company": tx.company_id, "now": tx.now}
    return tx.connection.execute(query.limit(limit), parameters).scalars().all()


def has_due_updates(tx: Tx) -> bool:
    """True if an update is due."""
    return bool(tx.connection.scalar(_HAS_DUE, {"company": tx.company_id, "now": tx.now}))


def complete(tx: Tx, filing_id: int, sent: ActivityUpdate) -> None:
    """Delete this update, which webCRM has received. A later request stays open."""
    is_same = (activity_update.c.filing_id == filing_id) & (
        activity_update.c.requested_at == sent.requested_at
    )
    tx.connection.execute(delete(activity_update).where(is_same))


def postpone(tx: Tx, filing_id: int, *, due_at: datetime) -> None:
    """Send the filing's update at `due_at`."""
    query = update(activity_update).where(activity_update.c.filing_id == filing_id)
    tx.connection.execute(query.values(due_at=due_at))


def hold(tx: Tx, filing_id: int) -> int | None:
    """Do not send the filing's update before `release`; the e-mail's id, None = no filing."""
    postpone(tx, filing_id, due_at=NEVER)
    query = select(filing.c.email_id).where(filing.c.id == filing_id)
    email_id: int | None = tx.connection.scalar(query)
    return email_id


def release(tx: Tx, email_ids: Iterable[int]) -> None:
    """Make the updates of these mails due again that `hold` postponed."""
    of_mails = select(filing.c.id).where(any_of(filing.c.email_id, email_ids))
    query = update(activity_update).where(
        activity_update.c.filing_id.in_(of_mails), activity_update.c.due_at == NEVER
    )
    tx.connection.execute(query.values(due_at=tx.now))
