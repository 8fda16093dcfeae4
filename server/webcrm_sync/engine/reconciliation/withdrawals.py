"""Compares which filings are withdrawn with what their Activities hold, and fixes what differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from webcrm_sync.core.crm import KeyedActivity
from webcrm_sync.core.events import EventKind
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.reconciliation.differences import Kind
from webcrm_sync.store import activity_updates, events, filings, recovery
from webcrm_sync.store.activity_updates import UpdateKind
from webcrm_sync.store.database import Tx
from webcrm_sync.store.events import Event
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.locks import lock_company

#: webCRM's clock may differ from ours.
_MARGIN = timedelta(hours=1)
#: The last of these events says what our own writes left of an Activity.
_WRITES = frozenset({EventKind.FILED, EventKind.FILED_AGAIN, EventKind.WITHDRAWN})


def judge_withdrawals(
    context: Context, doubtful: Sequence[tuple[Filing, KeyedActivity]]
) -> list[tuple[Kind, Filing]]:
    """Fix the rows or the Activities of filings of which only one side is withdrawn.

    Returns what was wrong. Only an empty memo proves that an Activity is withdrawn: a sender may
    write anything into a subject.
    """
    if not doubtful:
        return []
    memos = context.webcrm.list_memos({a.activity_id for _, a in doubtful})
    # The search may not show yet what was written a moment ago.
    settled_at = context.now() - _MARGIN - context.settings.search_lag
    found: list[tuple[Kind, Filing]] = []
    with context.begin() as tx:
        lock_company(tx)
        for seen, activity in doubtful:
            memo = memos.get(activity.activity_id)
            now = {f.id: f for f in filings.of_emails(tx, [seen.email_id])[seen.email_id]}
            if memo is None or now.get(seen.id) != seen:
                continue
            last = _last_write(tx, seen)
            if last is not None and last.at > settled_at:
                continue
            kind = _fix(tx, seen, list(now.values()), last, is_emptied=not memo.strip())
            if kind is not None:
                found.append((kind, seen))
    return found


def _fix(
    tx: Tx, filing: Filing, known: Sequence[Filing], last: Event | None, *, is_emptied: bool
) -> Kind | None:
    """What was wrong with this filing, None = nothing."""
    if filing.is_withdrawn is is_emptied:
        return None
    if filing.is_withdrawn:
        if last is not None and last.kind == EventKind.WITHDRAWN:
            return None  # somebody has written into it in webCRM since
        kind, is_replaced = UpdateKind.WITHDRAW, filing.is_replaced
        activity_updates.request(tx, [filing.id], kind, is_replaced=is_replaced)
        return Kind.NOT_EMPTIED
    others = [f for f in known if f.id != filing.id and not f.is_withdrawn]
    if not others and _is_in_folder(tx, filing.email_id):
        activity_updates.request(tx, [filing.id], UpdateKind.RESTORE)
        return Kind.EMPTIED
    recovery.record_withdrawn(tx, filing.id)
    recovery.mark_taken_away(tx, [filing.email_id])
    return Kind.TAKEN_AWAY


def restore_wanted(tx: Tx, email_ids: Sequence[int]) -> None:
    """Fill the Activities again of mails that are in the folder and withdrawn everywhere.

    Somebody synced such a mail again, since the last place of a mail cannot be taken away.
    """
    for email_id, known in filings.of_emails(tx, email_ids).items():
        if known and all(f.is_withdrawn for f in known) and _is_in_folder(tx, email_id):
            activity_updates.request(tx, [f.id for f in known], UpdateKind.RESTORE)


def _is_in_folder(tx: Tx, email_id: int) -> bool:
    return any(copy.folder_id is not None for copy in lookup.items_of_email(tx, email_id))


def _last_write(tx: Tx, filing: Filing) -> Event | None:
    """The last of our writes of the filing's Activity that webCRM took."""
    history = events.of_email(tx.connection, filing.email_id)
    ours = (
        event
        for event in reversed(history)
        if event.kind in _WRITES and event.facts.get("activity") == filing.activity_id
    )
    return next(ours, None)
