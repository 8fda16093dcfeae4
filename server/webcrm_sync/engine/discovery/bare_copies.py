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
from webcrm_sync.store import emails, incident_records
from webcrm_sync.store.database import Tx, is_database_in_trouble
from webcrm_sync.store.incident_records import Thing
from webcrm_sync.store.items import item_records, transitions
from webcrm_sync.store.items.item import Item
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
    item_records.mark_seen(tx, [item.id], folder.round)
    if item.is_bare:
        item_records.observe(tx, item.id, *_version(change))
        transitions.park_unreadable(tx, item, why)
    elif item.state in {State.FOUND, State.MATCHED}:
        incident_records.park_mail(tx, item.email_id, detail=why, verify_at=None)
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
    change_key, categories = _version(change)
    row = {
        "mailbox_id": box.id,
        "folder_id": folder.id,
        "email_id": email_id,
        "graph_id": change.graph_id,
        "change_key": change_key,
        "categories": categories,
        "is_bare": True,
        "seen_round": folder.round,
        "state": State.PARKED.value,
        "reason": Reason.UNFORESEEN.value,
        "detail": why,
        "mark_due_at": tx.now,
    }
    item_records.add_items(tx, [row])
    tx.record_event(EventKind.PARKED, email_id=email_id, reason=Reason.UNFORESEEN.value, detail=why)
    tx.defer(Job.MARK, box.id)
    return email_id


def _version(change: Change) -> tuple[str, list[str]]:
    """The change key and categories of the copy.

    The key is empty when the categories are unknown: they are read before the copy is marked.
    """
    if change.categories is None:
        return "", []
    return change.change_key or "", [to_storable(name) for name in change.categories]
