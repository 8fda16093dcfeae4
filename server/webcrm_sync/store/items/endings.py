"""How copies come to an end that is not their own filing, and what stops all for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select, update

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import OVERRULED, Reason, State
from webcrm_sync.store import events
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import move_items
from webcrm_sync.store.schema.tables import email, email_address, filing, item


def drop_abandoned_filings(tx: Tx, email_id: int) -> None:
    """Forget the filings that were never sent when no copy of the mail is to be filed any more."""
    unsettled = [s.value for s in (State.FOUND, State.MATCHED, State.WAITING, State.PARKED)]
    live = select(item.c.id).where(item.c.email_id == email_id, item.c.state.in_(unsettled))
    never_sent = filing.c.intent_at.is_(None) & filing.c.activity_id.is_(None)
    gone = delete(filing).where(filing.c.email_id == email_id, never_sent, ~live.exists())
    if tx.connection.execute(gone).rowcount:
        query = update(email_address).where(email_address.c.email_id == email_id)
        tx.connection.execute(query.values(is_matched=False))


def promote_excluded(tx: Tx, email_ids: Iterable[int]) -> None:
    """Copies that lie in a sync folder and were left out are filed: their mail stands in webCRM.

    Where everything was taken back meanwhile they stay left out. Idempotent. Hold the copies, see
    `emails.lock_copies`.
    """
    standing = select(filing.c.id).where(filing.c.email_id == item.c.email_id)
    left_out = (
        any_of(item.c.email_id, email_ids)
        & (item.c.state == State.SKIPPED.value)
        & item.c.reason.in_([r.value for r in OVERRULED])
        & item.c.folder_id.is_not(None)
        & standing.where(~filing.c.is_withdrawn).exists()
    )
    filed = {"state": State.FILED.value, "reason": None, "detail": None, "state_at": tx.now}
    query = update(item).where(left_out).values(**filed, mark_due_at=tx.now, mark_attempts=0)
    boxes = tx.connection.execute(query.returning(item.c.mailbox_id)).scalars()
    for mailbox_id in sorted(set(boxes)):
        tx.defer(Job.MARK, mailbox_id)


def end_deleted(tx: Tx, email_id: int) -> None:
    """No copy of the mail is left and nothing of it was sent: its filings and copies end here."""
    move_items(
        tx,
        [email_id],
        to=State.SKIPPED,
        of=(State.FOUND, State.MATCHED, State.WAITING, State.PARKED),
        reason=Reason.DELETED,
    )
    drop_abandoned_filings(tx, email_id)
    tx.record_event(EventKind.DELETED, email_id=email_id)


def leave_folder(tx: Tx, folder_id: int) -> None:
    """The folder is gone with everything in it: what was not filed yet ends here."""
    unsettled = [s.value for s in (State.FOUND, State.MATCHED, State.WAITING, State.PARKED)]
    sent = select(filing.c.id).where(
        filing.c.email_id == item.c.email_id, filing.c.intent_at.is_not(None)
    )
    query = update(item).where(
        item.c.folder_id == folder_id, item.c.state.in_(unsettled), ~sent.exists()
    )
    ended = query.values(
        state=State.SKIPPED.value,
        reason=Reason.MOVED_OUT.value,
        state_at=tx.now,
        mark_due_at=tx.now,
    )
    shown = [State.SKIPPED.value, State.WAITING.value, State.PARKED.value]
    query = update(item).where(item.c.folder_id == folder_id, item.c.state.in_(shown))
    tx.connection.execute(query.values(mark_due_at=tx.now))
    for email_id in tx.connection.execute(ended.returning(item.c.email_id)).scalars().all():
        drop_abandoned_filings(tx, email_id)
        tx.record_event(EventKind.MOVED_OUT, email_id=email_id)


def park_all(tx: Tx, reason: Reason, *, detail: str, retry_at: datetime) -> None:
    """Park whatever is on its way until `retry_at`: something stands in the way of all of it.

    Told once, however often it is tried again meanwhile.
    """
    moving = [State.FOUND.value, State.MATCHED.value]
    on_its_way = (
        select(item.c.email_id)
        .join(email, email.c.id == item.c.email_id)
        .where(email.c.company_id == tx.company_id, item.c.state.in_(moving))
    )
    ids = sorted(set(tx.connection.execute(on_its_way).scalars()))
    known = events.last_reasons(tx.connection, ids)
    move_items(
        tx,
        ids,
        to=State.PARKED,
        of=(State.FOUND, State.MATCHED),
        reason=reason,
        detail=detail,
        retry_at=retry_at,
    )
    facts = {"reason": reason.value, "detail": detail}
    news = [i for i in ids if known.get(i) != reason.value]
    tx.record_events(events.NewEvent(EventKind.PARKED, email_id=i, facts=facts) for i in news)
