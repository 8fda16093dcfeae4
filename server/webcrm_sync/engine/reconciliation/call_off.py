"""Calls a rebuild off: the tables are as they were before it, and work goes on."""

from __future__ import annotations

from collections.abc import Sequence

from webcrm_sync.core.errors import Refused
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.local_context import LocalContext
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.store import mailboxes, recovery
from webcrm_sync.store.mailboxes import Mailbox


def is_under_way(context: LocalContext) -> bool:
    """True from the beginning of a rebuild until it is complete or called off."""
    with context.begin() as tx:
        return recovery.begun_at(tx) is not None


def added_mailboxes(context: LocalContext) -> Sequence[Mailbox]:
    """The mailboxes that were added since the rebuild under way began. Raises Refused."""
    with context.begin() as tx:
        since = recovery.begun_at(tx)
        boxes = mailboxes.all_mailboxes(tx)
    if since is None:
        raise Refused("No rebuild is under way.")
    return [box for box in boxes if box.added_at >= since]


def call_off(context: Context) -> Sequence[str]:
    """End the rebuild under way and forget the mailboxes it added; their addresses. Idempotent.

    What it read about other mailboxes is true and stays. Outlook keeps folders and rules, since the
    next rebuild needs them. Raises Refused if no rebuild is under way.
    """
    added = added_mailboxes(context)
    for box in added:
        admin.forget(context, box)
    context.transact(recovery.end)
    return tuple(box.address for box in added)
