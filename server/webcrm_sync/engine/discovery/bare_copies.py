"""Copies that cannot be taken up: each gets a row all the same, to be marked and explained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from webcrm_sync.core.direction import Direction
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import unread_key
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.message import MessageKind
from webcrm_sync.core.message_ids import LONGEST_ID
from webcrm_sync.core.outlook import Change
from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.storable import to_storable
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.store import emails, incidents
from webcrm_sync.store.database import Tx, is_database_in_trouble
from webcrm_sync.store.emails import Item
from webcrm_sync.store.incidents import Thing
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder


def aside(
    box: Mailbox,
    folder: SyncFolder,
    change: Change,
    item: Item | None,
    *,
    message_id: str | None,
) -> Hold:
    """How this copy is held back. `item`: what is known of it; `message_id`: None = not read."""
    name = f"copy {box.id}:{change.graph_id[:200]}"
    hold = (
        partial(_hold_new, box, folder, change, message_id)
        if item is None
        else partial(_hold_known, box, folder, item, change)
    )
    return Hold(name, partial(_hold, name, box, hold))


def _hold(name: str, box: Mailbox, hold: Callable[[Tx, str], int], tx: Tx, why: str) -> Thing:
    """Hold the copy back; where even that raises, the mailbox's story says so: its page goes on."""
    try:
        with tx.connection.begin_nested():
            return Thing(name, hold(tx, why), box.id)
    except Exception as error:
        if is_database_in_trouble(error):
            raise
        tx.record_event(EventKind.MAIL_UNREADABLE, mailbox_id=box.id, detail=why)
        return Thing(name, mailbox_id=box.id)


def _hold_known(
    box: Mailbox, folder: SyncFolder, item: Item, change: Change, tx: Tx, why: str
) -> int:
    """One that is on its way is parked; what came to its end before stays as it is."""
    emails.mark_seen(tx, [item.id], folder.round)
    if item.is_bare:
        emails.set_item(tx, item.id, **_seen(change), **_parked(tx, why))
        tx.defer(Job.MARK, box.id)
    elif item.state in {State.FOUND, State.MATCHED}:
        incidents.park_mail(tx, item.email_id, detail=why, verify_at=None)
    return item.email_id


def _hold_new(
    box: Mailbox, folder: SyncFolder, change: Change, message_id: str | None, tx: Tx, why: str
) -> int:
    """A row that says no more than that the copy is there."""
    key = unread_key(box.id, change.graph_id)
    named = to_storable(message_id or "")
    facts: dict[str, object] = {
        "key": key,
        "message_id": named if 0 < len(named.encode()) <= LONGEST_ID else None,
        "direction": Direction.INBOUND.value,
        "kind": MessageKind.MAIL.value,
        "subject": "",
        "recipients": {"to": [], "cc": [], "bcc": []},
        "reply_to": [],
    }
    email_id = emails.add_emails(tx, [facts])[key]
    row = {
        "mailbox_id": box.id,
        "folder_id": folder.id,
        "email_id": email_id,
        "graph_id": change.graph_id,
        **_seen(change),
        "is_bare": True,
        "seen_round": folder.round,
        **_parked(tx, why),
    }
    emails.add_items(tx, [row])
    tx.record_event(EventKind.PARKED, email_id=email_id, reason=Reason.UNFORESEEN.value, detail=why)
    tx.defer(Job.MARK, box.id)
    return email_id


def _seen(change: Change) -> dict[str, object]:
    """The version of the copy; none where its categories are not known.

    Then they are asked for before it is marked.
    """
    if change.categories is None:
        return {"change_key": "", "categories": []}
    names = [to_storable(name) for name in change.categories]
    return {"change_key": change.change_key or "", "categories": names}


def _parked(tx: Tx, why: str) -> dict[str, object]:
    state = {"state": State.PARKED.value, "reason": Reason.UNFORESEEN.value, "detail": why}
    return {**state, "state_at": tx.now, "mark_due_at": tx.now, "mark_attempts": 0}
