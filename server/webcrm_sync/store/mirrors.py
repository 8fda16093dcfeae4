"""Mails sent from webCRM, and their mirrors in Exchange."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schedule import NEVER
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.tables import mailbox, mirror


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mail sent from webCRM.

    `state`: planned, intended (being created, or unclear), mirrored, or none (`reason` says why the
    mail has no mirror). `draft`: the mail to create in Outlook, deleted afterwards. `searches`: how
    often Outlook was searched for the mirror since `intent_at`.
    """

    id: int
    activity_id: int
    mailbox_id: int | None
    state: str
    reason: str | None
    draft: dict[str, str] | None
    intent_at: datetime | None
    searches: int
    attempts: int
    graph_id: str | None


_MIRROR = columns_of(mirror, Mirror)
PLANNED, INTENDED, MIRRORED, NONE = "planned", "intended", "mirrored", "none"
#: The reason of a mirror that an unforeseen exception holds back.
UNFORESEEN = "unforeseen error"


def known(tx: Tx, activity_ids: Iterable[int]) -> frozenset[int]:
    """The ids of those Activities that have a row."""
    query = select(mirror.c.activity_id).where(
        mirror.c.company_id == tx.company_id, mirror.c.activity_id.in_(list(activity_ids))
    )
    return frozenset(tx.connection.execute(query).scalars())


def add(
    tx: Tx,
    activity_id: int,
    *,
    mailbox_id: int | None,
    draft: dict[str, str] | None,
    reason: str | None,
    is_unclear: bool = False,
) -> None:
    """Add a mail sent from webCRM. Without a draft it gets no mirror, for `reason`. Idempotent.

    `is_unclear`: Outlook may have the mirror already, so it is verified first.
    """
    first_state = INTENDED if is_unclear else PLANNED
    new = insert(mirror).values(
        company_id=tx.company_id,
        activity_id=activity_id,
        mailbox_id=mailbox_id,
        state=first_state if draft else NONE,
        intent_at=tx.now if draft and is_unclear else None,
        reason=reason,
        draft=draft,
        due_at=tx.now if draft else None,
        created_at=tx.now,
    )
    tx.connection.execute(new.on_conflict_do_nothing())


def due(tx: Tx, *, limit: int) -> Sequence[Mirror]:
    """Mirrors that are due, oldest first, without those of mailboxes whose lease we do not hold."""
    query = (
        select(*_MIRROR)
        .outerjoin(mailbox, mailbox.c.id == mirror.c.mailbox_id)
        .where(mirror.c.company_id == tx.company_id, mirror.c.state.in_([PLANNED, INTENDED]))
        .where(or_(mirror.c.due_at.is_(None), mirror.c.due_at <= tx.now))
        .where(or_(mirror.c.mailbox_id.is_(None), mailbox.c.lease_until > tx.now))
    )
    rows = tx.connection.execute(query.order_by(mirror.c.id).limit(limit)).mappings()
    return [Mirror(**row) for row in rows]


def wake(tx: Tx, mailbox_id: int) -> None:
    """Make the mirrors that wait for this mailbox due now, without those that `hold` postponed."""
    waiting = mirror.c.state.in_([PLANNED, INTENDED]) & (mirror.c.due_at < NEVER)
    query = update(mirror).where(mirror.c.mailbox_id == mailbox_id, waiting)
    tx.connection.execute(query.values(due_at=tx.now))


def hold(tx: Tx, seen: Mirror, *, verify_at: datetime) -> None:
    """Postpone this mirror until `release`. If Outlook may have it, verify it at `verify_at`."""
    is_unclear = (mirror.c.state == INTENDED) & (seen.state == PLANNED)
    query = update(mirror).where(mirror.c.id == seen.id, mirror.c.state.in_([PLANNED, INTENDED]))
    due_at = case((is_unclear, verify_at), else_=NEVER)
    tx.connection.execute(query.values(due_at=due_at, reason=UNFORESEEN))


def doubt_planned(tx: Tx, mailbox_id: int) -> None:
    """Search the mailbox for its planned mirrors first: another installation may have made them."""
    planned = (mirror.c.mailbox_id == mailbox_id) & (mirror.c.state == PLANNED)
    values = {"state": INTENDED, "intent_at": tx.now, "searches": 0}
    tx.connection.execute(update(mirror).where(planned).values(values))


def release(tx: Tx, activity_ids: Iterable[int]) -> None:
    """Make these mirrors due again that `hold` postponed, and delete those that have no plan."""
    of_activities = (mirror.c.company_id == tx.company_id) & any_of(
        mirror.c.activity_id, activity_ids
    )
    held = update(mirror).where(of_activities, mirror.c.due_at == NEVER)
    tx.connection.execute(held.values(due_at=tx.now, reason=None))
    unplanned = (mirror.c.state == NONE) & (mirror.c.reason == UNFORESEEN)
    tx.connection.execute(delete(mirror).where(of_activities, unplanned))


def set_mirror(tx: Tx, seen: Mirror, **values: object) -> bool:
    """Set columns of a mirror. False if its state has changed since it was `seen`."""
    query = update(mirror).where(mirror.c.id == seen.id, mirror.c.state == seen.state)
    return tx.connection.execute(query.values(**values)).rowcount == 1


def forget_old_drafts(tx: Tx, older_than: datetime) -> None:
    """Give up mirrors that are older than `older_than` and not created, and delete their drafts."""
    query = update(mirror).where(
        mirror.c.company_id == tx.company_id,
        mirror.c.created_at < older_than,
        mirror.c.draft.is_not(None),
        mirror.c.state != MIRRORED,
    )
    tx.connection.execute(
        query.values(state=NONE, draft=None, due_at=None, reason="could not be written for a month")
    )


def record_created(tx: Tx, activity_id: int, graph_id: str) -> bool:
    """Record that Outlook has the mirror. False if that was known, or has no row. Idempotent."""
    query = update(mirror).where(
        mirror.c.company_id == tx.company_id,
        mirror.c.activity_id == activity_id,
        mirror.c.state != MIRRORED,
    )
    values = {"state": MIRRORED, "graph_id": graph_id, "draft": None, "due_at": None}
    return tx.connection.execute(query.values(reason=None, **values)).rowcount == 1


def record_found(tx: Tx, activity_id: int, mailbox_id: int, graph_id: str) -> bool:
    """Record a mirror that was found in a mailbox, with or without a row. Idempotent.

    True if it was planned or unclear before.
    """
    new = insert(mirror).values(
        company_id=tx.company_id,
        activity_id=activity_id,
        mailbox_id=mailbox_id,
        state=MIRRORED,
        graph_id=graph_id,
        created_at=tx.now,
    )
    tx.connection.execute(new.on_conflict_do_nothing())
    return record_created(tx, activity_id, graph_id)


def forget_unmirrored(tx: Tx) -> None:
    """Delete the rows of mails without a mirror, so that a new mailbox may get their mirrors."""
    query = delete(mirror).where(mirror.c.company_id == tx.company_id, mirror.c.state == NONE)
    tx.connection.execute(query)
