"""Changes the states of items. No other module changes them.

Each function is one transition from certain states; `core.states` says which are allowed. Every
change goes through `_change`, so that the other columns always match the state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import OVERRULED, TRANSITIONS, UNSETTLED, Reason, State, mark_for
from webcrm_sync.store import events, filings
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_copies, lock_statement
from webcrm_sync.store.schema.tables import email, filing, item, mailbox

#: States of copies that are on their way to webCRM.
_MOVING = (State.FOUND, State.MATCHED)
_SYNC = (
    update(item)
    .where(any_of_param(item.c.id, "ids"), item.c.state == State.FILED)
    .values(
        state=State.SYNCED,
        reason=None,
        detail=None,
        state_at=bindparam("now"),
        mark_due_at=None,
        mark_attempts=0,
    )
    .returning(item.c.id)
)


@dataclass(frozen=True, slots=True)
class _Change:
    """The statements that lock copies in certain states, and move them to another state."""

    lock: Select[int]
    update: ReturningUpdate[Any]

    @classmethod
    def of(cls, which: ColumnElement[bool]) -> _Change:
        """The statements about these copies."""
        in_state = which & any_of_param(item.c.state, "from_states")
        names = ("reason", "detail", "retry_at", "state_at", "mark_due_at")
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        moved = (
            update(item).where(in_state).values(state=bindparam("to"), mark_attempts=0, **values)
        )
        returned = (item.c.mailbox_id, item.c.email_id)
        return cls(lock_statement(in_state), moved.returning(*returned))


_IS_OF_EMAILS = any_of_param(item.c.email_id, "email_ids")
_CHANGE_EMAILS = _Change.of(_IS_OF_EMAILS)
_CHANGE_EXCLUDED = _Change.of(
    _IS_OF_EMAILS
    & item.c.reason.in_(list(OVERRULED))
    & item.c.folder_id.is_not(None)
    & select(filing.c.id)
    .where(filing.c.email_id == item.c.email_id, ~filing.c.is_withdrawn)
    .exists()
)


# ---- restart ------------------------------------------------------------------------------


def restart(tx: Tx, which: ColumnElement[bool], *, from_states: Collection[State]) -> int:
    """Make these copies found again, and enqueue `match`. Returns their number.

    Reason, detail and time of the next try are cleared.
    """
    changed = _change(tx, which, from_states=from_states, to=State.FOUND)
    if changed:
        tx.defer(Job.MATCH, tx.company_id)
    return len(changed)


def restart_copy(tx: Tx, item_id: int, *, from_states: Collection[State]) -> None:
    """Make one copy found again, see `restart`."""
    restart(tx, item.c.id == item_id, from_states=from_states)


def restart_due(tx: Tx) -> int:
    """Make the parked copies found again whose next try is due. Returns their number."""
    company_mailboxes = select(mailbox.c.id).where(mailbox.c.company_id == tx.company_id)
    due = (
        select(item.c.id)
        .where(
            item.c.state == State.PARKED,
            item.c.retry_at <= tx.now,
            item.c.folder_id.is_not(None),
            item.c.mailbox_id.in_(company_mailboxes),
        )
        .order_by(item.c.id)
        .with_for_update(skip_locked=True)  # the next tick restarts those that are locked now
    )
    ids = tx.connection.execute(due).scalars().all()
    return restart(tx, any_of(item.c.id, ids), from_states=[State.PARKED]) if ids else 0


# ---- decide and file ----------------------------------------------------------------------


def decide(tx: Tx, email_ids: Iterable[int], *, to: State, reason: Reason | None = None) -> None:
    """Record the decision on the found copies of these mails."""
    _change_emails(tx, email_ids, from_states=[State.FOUND], to=to, reason=reason)


def follow_choice(tx: Tx, email_id: int, *, is_filed: bool) -> bool:
    """Match or file the copies of a mail after a person chose. False if there were none.

    `is_filed`: nothing is left to send to webCRM.
    """
    to = State.FILED if is_filed else State.MATCHED
    from_states = (State.FOUND, State.WAITING, State.PARKED)
    return bool(_change(tx, item.c.email_id == email_id, from_states=from_states, to=to))


def mark_filed(tx: Tx, email_ids: Iterable[int]) -> None:
    """File the copies of these mails, which are complete in webCRM.

    Found copies stay found, since a new copy may name more people.
    """
    from_states = (State.MATCHED, State.WAITING, State.PARKED)
    _change_emails(tx, email_ids, from_states=from_states, to=State.FILED)


def promote_excluded(tx: Tx, email_ids: Iterable[int]) -> None:
    """File the excluded copies in sync folders, since their mail is in webCRM. Idempotent.

    A mail whose filings were all withdrawn stays excluded.
    """
    _change_emails(
        tx, email_ids, change=_CHANGE_EXCLUDED, from_states=[State.SKIPPED], to=State.FILED
    )


def file_preserved(tx: Tx, email_ids: Iterable[int], *, is_complete: bool) -> None:
    """File found copies whose Activity a recovery has read back from webCRM.

    Without `is_complete` their mails still lack Documents, so the copies wait for those.
    """
    to = State.FILED if is_complete else State.MATCHED
    _change_emails(tx, email_ids, from_states=[State.FOUND], to=to)


def restore_removed(tx: Tx, email_id: int) -> None:
    """File the copies again that were skipped because webCRM seemed to have lost their mail."""
    which = (item.c.email_id == email_id) & (item.c.reason == Reason.REMOVED_IN_WEBCRM)
    _change(tx, which, from_states=[State.SKIPPED], to=State.FILED)


def sync(tx: Tx, item_ids: Iterable[int]) -> frozenset[int]:
    """Change these copies from filed to synced. Returns the ids of those that were filed."""
    changed = tx.connection.execute(_SYNC, {"ids": list(item_ids), "now": tx.now})
    return frozenset(changed.scalars())


def move_on(tx: Tx, seen: Item, *, to: State) -> None:
    """Move a stuck copy to the state `to`, unless its state has changed since it was `seen`."""
    _change(tx, item.c.id == seen.id, from_states=[seen.state], to=to)


# ---- park ---------------------------------------------------------------------------------


def park(tx: Tx, email_id: int, reason: Reason, detail: str) -> bool:
    """Park the matched copies of a mail until a person acts. False if there were none."""
    which = item.c.email_id == email_id
    parked = _change(
        tx, which, from_states=[State.MATCHED], to=State.PARKED, reason=reason, detail=detail
    )
    return bool(parked)


def park_all(tx: Tx, reason: Reason, *, detail: str, retry_at: datetime) -> None:
    """Park all of the company's moving copies until `retry_at`.

    A mail that is parked again for the same reason gets no second event.
    """
    moving = (
        select(item.c.email_id)
        .join(email, email.c.id == item.c.email_id)
        .where(email.c.company_id == tx.company_id, item.c.state.in_(_MOVING))
    )
    ids = sorted(set(tx.connection.execute(moving).scalars()))
    last_reasons = events.last_reasons(tx.connection, ids)
    which = any_of(item.c.email_id, ids)
    _change(
        tx,
        which,
        from_states=_MOVING,
        to=State.PARKED,
        reason=reason,
        detail=detail,
        retry_at=retry_at,
    )
    facts = {"reason": reason.value, "detail": detail}
    newly_parked = [i for i in ids if last_reasons.get(i) != reason.value]
    tx.record_events(
        events.NewEvent(EventKind.PARKED, email_id=i, facts=facts) for i in newly_parked
    )


def park_unforeseen(tx: Tx, email_id: int, detail: str) -> None:
    """Park the moving copies of a mail after an unforeseen error."""
    which = item.c.email_id == email_id
    lock_copies(tx, which)
    _change(
        tx, which, from_states=_MOVING, to=State.PARKED, reason=Reason.UNFORESEEN, detail=detail
    )


def park_unreadable(tx: Tx, seen: Item, detail: str) -> None:
    """Park a copy that still cannot be read. A skipped copy, moved in again, is restarted first."""
    which = item.c.id == seen.id
    if seen.state is State.SKIPPED:
        restart(tx, which, from_states=[State.SKIPPED])
    from_states = (State.FOUND, State.PARKED)
    _change(
        tx, which, from_states=from_states, to=State.PARKED, reason=Reason.UNFORESEEN, detail=detail
    )


# ---- skip ---------------------------------------------------------------------------------


def skip_unsettled(tx: Tx, item_id: int, reason: Reason) -> None:
    """Skip a copy that left its sync folder, or was deleted, before its mail was filed."""
    _change(tx, item.c.id == item_id, from_states=UNSETTLED, to=State.SKIPPED, reason=reason)


def withdraw(tx: Tx, item_ids: Iterable[int]) -> None:
    """Skip copies outside the sync folders whose mail a person takes back from webCRM."""
    which = any_of(item.c.id, list(item_ids))
    from_states = [State.FILED, State.SYNCED]
    _change(tx, which, from_states=from_states, to=State.SKIPPED, reason=Reason.MOVED_OUT)


def skip_deleted(tx: Tx, email_id: int) -> None:
    """Skip the unsettled copies of a deleted mail, and drop its filings that were never sent."""
    which = item.c.email_id == email_id
    _change(tx, which, from_states=UNSETTLED, to=State.SKIPPED, reason=Reason.DELETED)
    filings.drop_abandoned(tx, email_id)
    tx.record_event(EventKind.DELETED, email_id=email_id)


def skip_removed(tx: Tx, email_ids: Iterable[int]) -> None:
    """Skip the copies of mails that no longer have an Activity in webCRM."""
    _change_emails(
        tx,
        email_ids,
        from_states=(State.MATCHED, State.WAITING, State.PARKED, State.FILED, State.SYNCED),
        to=State.SKIPPED,
        reason=Reason.REMOVED_IN_WEBCRM,
    )


def skip_folder(tx: Tx, folder_id: int) -> None:
    """Skip the unsettled copies of a sync folder that is gone, and drop their unsent filings.

    Copies of a mail that was sent to webCRM keep their state: the answer may be on its way.
    """
    sent = select(filing.c.id).where(
        filing.c.email_id == item.c.email_id, filing.c.intent_at.is_not(None)
    )
    in_folder = item.c.folder_id == folder_id
    # What the other copies show depends on the folder, so they are marked again.
    shown = [State.SKIPPED, State.WAITING, State.PARKED]
    query = update(item).where(in_folder, item.c.state.in_(shown))
    tx.connection.execute(query.values(mark_due_at=tx.now))
    skipped = _change(
        tx,
        in_folder & ~sent.exists(),
        from_states=UNSETTLED,
        to=State.SKIPPED,
        reason=Reason.MOVED_OUT,
    )
    for _, email_id in skipped:
        filings.drop_abandoned(tx, email_id)
        tx.record_event(EventKind.MOVED_OUT, email_id=email_id)


# ---- the one update -----------------------------------------------------------------------


def _change(
    tx: Tx,
    which: ColumnElement[bool],
    *,
    from_states: Collection[State],
    to: State,
    reason: Reason | None = None,
    detail: str | None = None,
    retry_at: datetime | None = None,
) -> Sequence[tuple[int, int]]:
    """Change these copies, see `_apply`."""
    return _apply(
        tx,
        _Change.of(which),
        {},
        from_states=from_states,
        to=to,
        reason=reason,
        detail=detail,
        retry_at=retry_at,
    )


def _change_emails(
    tx: Tx,
    email_ids: Iterable[int],
    *,
    change: _Change = _CHANGE_EMAILS,
    from_states: Collection[State],
    to: State,
    reason: Reason | None = None,
) -> None:
    """Change the copies of these mails by statements that are built once, see `_apply`."""
    parameters = {"email_ids": list(email_ids)}
    _apply(tx, change, parameters, from_states=from_states, to=to, reason=reason)


def _apply(
    tx: Tx,
    change: _Change,
    parameters: Mapping[str, object],
    *,
    from_states: Collection[State],
    to: State,
    reason: Reason | None,
    detail: str | None = None,
    retry_at: datetime | None = None,
) -> Sequence[tuple[int, int]]:
    """Move the copies that are in one of `from_states` to the state `to`, and have them marked.

    A copy may enter its own state again, with another reason. Returns the mailbox id and e-mail id
    of each copy that changed.
    """
    assert all(state is to or to in TRANSITIONS[state] for state in from_states), (from_states, to)
    in_state = {**parameters, "from_states": list(from_states)}
    is_shown = mark_for(to, reason) is not None
    values = {
        "to": to,
        "new_reason": reason,
        "new_detail": detail,
        "new_retry_at": retry_at,
        "new_state_at": tx.now,
        "new_mark_due_at": tx.now if is_shown else None,
    }
    tx.connection.execute(change.lock, in_state)
    rows = tx.connection.execute(change.update, {**in_state, **values})
    changed = [(mailbox_id, email_id) for mailbox_id, email_id in rows]
    if is_shown:
        for mailbox_id in {mailbox_id for mailbox_id, _ in changed}:
            tx.defer(Job.MARK, mailbox_id)
    return changed
