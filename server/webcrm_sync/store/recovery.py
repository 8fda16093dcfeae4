"""A rebuilding under way, and what it needs to know of the rows it has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import State
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import move_items
from webcrm_sync.store.schema.reconciliation import rebuilding
from webcrm_sync.store.schema.tables import email, filing, item, mailbox, mirror, organisation


def begin(tx: Tx) -> None:
    """Nothing is written to webCRM from now on, until `end`."""
    begun = {"begun_at": tx.now, "ended_at": None}
    new = insert(rebuilding).values(company_id=tx.company_id, **begun)
    keys = [rebuilding.c.company_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=begun))


def end(tx: Tx) -> None:
    """What stands in webCRM is known: work goes on."""
    query = update(rebuilding).where(rebuilding.c.company_id == tx.company_id)
    tx.connection.execute(query.values(ended_at=tx.now))
    tx.defer(Job.FILE, tx.company_id)


def begun_at(tx: Tx) -> datetime | None:
    """Since when a rebuilding is under way; None = none is."""
    query = select(rebuilding.c.begun_at).where(
        rebuilding.c.company_id == tx.company_id, rebuilding.c.ended_at.is_(None)
    )
    found: datetime | None = tx.connection.scalar(query)
    return found


def ended_at(tx: Tx) -> datetime | None:
    """When the last rebuilding ended; None = there was none."""
    query = select(rebuilding.c.ended_at).where(rebuilding.c.company_id == tx.company_id)
    found: datetime | None = tx.connection.scalar(query)
    return found


def oldest_mail(tx: Tx) -> datetime | None:
    """When the oldest mail was sent, or came, that stands in a sync folder."""
    sent_or_came = func.least(email.c.sent_at, email.c.received_at)  # a NULL does not count
    at = func.min(func.coalesce(sent_or_came, email.c.created_at))
    found: datetime | None = tx.connection.scalar(
        select(at).where(email.c.company_id == tx.company_id)
    )
    return found


def organisation_ids(tx: Tx) -> frozenset[int]:
    """Every Organisation of webCRM, and 0 for none."""
    query = select(organisation.c.organisation_id).where(organisation.c.company_id == tx.company_id)
    return frozenset(tx.connection.execute(query).scalars()) | {0}


def settle_copies(tx: Tx, email_ids: Sequence[int]) -> None:
    """Copies that were synced before the loss are filed, none of them matched anew.

    One that was still on its way goes on by itself. Copies of a mail with attachments to be
    written wait for them.
    """
    was_synced = select(item.c.email_id).where(any_of(item.c.email_id, email_ids), item.c.is_past)
    past = set(tx.connection.execute(was_synced).scalars())
    open_ = select(filing.c.email_id).where(any_of(filing.c.email_id, past), ~filing.c.is_complete)
    unfinished = set(tx.connection.execute(open_).scalars())
    copies = update(item).where(any_of(item.c.email_id, email_ids))
    tx.connection.execute(copies.values(is_past=False))
    move_items(tx, past - unfinished, to=State.FILED, of=[State.FOUND])
    move_items(tx, unfinished, to=State.MATCHED, of=[State.FOUND])


def mirrored(tx: Tx) -> Mapping[int, int]:
    """Per Activity that has a mirror the mailbox it stands in."""
    query = select(mirror.c.activity_id, mirror.c.mailbox_id).where(
        mirror.c.company_id == tx.company_id, mirror.c.mailbox_id.is_not(None)
    )
    return {row.activity_id: row.mailbox_id for row in tx.connection.execute(query)}


def mirror_from(tx: Tx, mailbox_id: int, since: datetime) -> None:
    """Mails sent from webCRM since then get their mirrors, should they have none."""
    query = update(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.mirror_since > since)
    tx.connection.execute(query.values(mirror_since=since))
