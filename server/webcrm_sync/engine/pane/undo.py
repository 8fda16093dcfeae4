"""Undo: withdraws a synced mail from the sync folder and from webCRM."""

from __future__ import annotations

from dataclasses import replace

from webcrm_sync.core.direction import Direction
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.outlook import Location
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.copy_facts import read_copy_facts
from webcrm_sync.engine.pane.mail_lookup import (
    CurrentUser,
    LocatedMail,
    MailRef,
    locate_one,
    refuse_elsewhere,
)
from webcrm_sync.engine.pane.mail_status import read_statuses
from webcrm_sync.engine.pane.mail_status_rules import Action, CopyFacts, MailStatus
from webcrm_sync.store import activity_updates, filings, mailboxes, sync_requests
from webcrm_sync.store.activity_updates import UpdateKind
from webcrm_sync.store.database import Tx
from webcrm_sync.store.items import item_records, lookup, transitions
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company

#: A copy in one of these states is in webCRM or on its way there.
_IN_WEBCRM = frozenset({State.FOUND, State.MATCHED, State.FILED, State.SYNCED})


def undo(context: Context, user: CurrentUser, ref: MailRef) -> MailStatus:
    """The mail's status after it left the sync folder and webCRM. Idempotent. Raises Gone.

    The Activity stays while a colleague has the same mail in a sync folder.
    """
    mail = locate_one(context, user, ref)
    (shown,) = read_statuses(context, user, [mail])
    if Action.UNDO not in shown.actions:
        return shown
    with context.begin() as tx:
        internals = mailboxes.internals(tx, context.settings.internal_domains)
        (copy,) = read_copy_facts(tx, user, [mail], internals)
    location = _move_out(context, user, copy)
    with context.begin() as tx:
        lock_company(tx)
        item = lookup.known_items(tx, user.box.id, [mail.graph_id]).get(mail.graph_id)
        if item is not None and item.state is State.SYNCED:
            _withdraw(tx, user, item, location)
        elif item is not None and item.reason is Reason.PRIVATE:
            _take_out(tx, user, item, location)
    head = replace(mail.head, folder_id=location.folder_id)
    return read_statuses(context, user, [LocatedMail(mail.graph_id, head)])[0]


def _move_out(context: Context, user: CurrentUser, copy: CopyFacts) -> Location:
    """The mail's location outside the sync folders, after a move if it needs one."""
    head, email = copy.head, copy.email
    if not copy.is_in_folder or email is None:
        return Location(head.folder_id, head.change_key, head.categories)
    refuse_elsewhere(user)
    home = "sentitems" if email.direction is Direction.OUTBOUND else "inbox"
    return context.graph.move_mail(user.box.user_id, head.graph_id, home)


def _take_out(tx: Tx, user: CurrentUser, item: Item, location: Location) -> None:
    """Record that a person took a private mail out of the folder, which is not in webCRM."""
    item_records.set_folder(tx, item.id, None)
    item_records.observe(tx, item.id, location.change_key, location.categories)
    transitions.skip_unsettled(tx, item.id, Reason.MOVED_OUT)
    filings.drop_abandoned(tx, item.email_id)
    tx.record_event(
        EventKind.TAKEN_BACK, mailbox_id=user.box.id, email_id=item.email_id, by=user.name
    )


def _withdraw(tx: Tx, user: CurrentUser, item: Item, location: Location) -> None:
    """Have the categories removed, and the Activities withdrawn unless another copy needs them."""
    sync_requests.forget_requests(tx, user.box.id, item.graph_id)
    item_records.set_folder(tx, item.id, None)
    item_records.observe(tx, item.id, location.change_key, location.categories)
    transitions.withdraw(tx, [item.id])
    others = [i for i in lookup.items_of_email(tx, item.email_id) if i.id != item.id]
    is_shared = any(i.folder_id is not None and i.state in _IN_WEBCRM for i in others)
    facts = {"by": user.name, "is_shared": is_shared}
    tx.record_event(EventKind.TAKEN_BACK, mailbox_id=user.box.id, email_id=item.email_id, **facts)
    if not is_shared:
        # A copy that was moved out before says "Synced" too, and begins again if it comes back.
        transitions.withdraw(tx, [i.id for i in others if i.folder_id is None])
        known = filings.of_emails(tx, [item.email_id])[item.email_id]
        activity_updates.request(
            tx, [f.id for f in known if not f.is_withdrawn], UpdateKind.WITHDRAW
        )
