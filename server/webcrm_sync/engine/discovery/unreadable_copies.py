"""Records copies that cannot be read or written, so that they are marked and explained."""

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
from webcrm_sync.store.incident_records import IncidentSubject
from webcrm_sync.store.items import item_records, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.mailboxes import Mailbox, SyncFolder


def hold_copy(
    box: Mailbox,
    folder: SyncFolder,
    change: Change,
    item: Item | None,
    *,
    message_id: str | None,
) -> Hold:
    """How to hold back this copy. `item`: None if it is new; `message_id`: None if unread."""
    name = f"copy {box.id}:{change.graph_id[:200]}"
    park = (
        partial(_add_parked, box, folder, change, message_id)
        if item is None
        else partial(_park_known, box, folder, item, change)
    )
    return Hold(name, partial(_hold, name, box, park))


def _hold(
    name: str, box: Mailbox, park: Callable[[Tx, str], int], tx: Tx, detail: str
) -> IncidentSubject:
    """Park the copy. If even that raises, record an event of the mailbox and go on."""
    try:
        with tx.connection.begin_nested():
            return IncidentSubject(name, park(tx, detail), box.id)
    except Exception as error:
        if is_database_in_trouble(error):
            raise
        tx.record_event(EventKind.MAIL_UNREADABLE, mailbox_id=box.id, detail=detail)
        return IncidentSubject(name, mailbox_id=box.id)


def _park_known(
    box: Mailbox, folder: SyncFolder, item: Item, change: Change, tx: Tx, detail: str
) -> int:
    """Park a copy that is unreadable again, or whose mail is not filed yet; its e-mail's id."""
    item_records.mark_seen(tx, [item.id], folder.round)
    if item.is_bare:
        item_records.observe(tx, item.id, *_version(change))
        transitions.park_unreadable(tx, item, detail)
    elif item.state in {State.FOUND, State.MATCHED}:
        incident_records.park_mail(tx, item.email_id, detail=detail, verify_at=None)
    return item.email_id


def _add_parked(
    box: Mailbox, folder: SyncFolder, change: Change, message_id: str | None, tx: Tx, detail: str
) -> int:
    """Add an item, parked, and an e-mail that says nothing but its Message-ID; the e-mail's id."""
    key = unread_key(box.id, change.graph_id)
    stored_id = to_storable(message_id or "")
    columns: dict[str, object] = {
        "key": key,
        "message_id": stored_id if 0 < len(stored_id.encode()) <= LONGEST_ID else None,
        "direction": Direction.INBOUND.value,
        "kind": MessageKind.MAIL.value,
        "subject": "",
        "recipients": {"to": [], "cc": [], "bcc": []},
        "reply_to": [],
    }
    email_id = emails.add_emails(tx, [columns])[key]
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
        "detail": detail,
        "mark_due_at": tx.now,
    }
    item_records.add_items(tx, [row])
    reason = Reason.UNFORESEEN.value
    tx.record_event(EventKind.PARKED, email_id=email_id, reason=reason, detail=detail)
    tx.defer(Job.MARK, box.id)
    return email_id


def _version(change: Change) -> tuple[str, list[str]]:
    """The change key and categories of the copy.

    The key is empty when the categories are unknown: they are read before the copy is marked.
    """
    if change.categories is None:
        return "", []
    return change.change_key or "", [to_storable(name) for name in change.categories]
