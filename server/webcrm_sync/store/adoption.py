"""Filings as they are read back from webCRM, and those that webCRM has lost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.crm import DocumentRow, KeyedActivity
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.matching import MatchedBy, Target
from webcrm_sync.core.states import Reason, State
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import move_items
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.schema.tables import document, email_address, filing, item


def add_filing(tx: Tx, email_id: int, activity: KeyedActivity, target: Target) -> int | None:
    """The id of the filing that stands for this Activity, which is recorded. Idempotent.

    None when the mail has another filing under that Organisation, or the key another Activity.
    """
    values = {
        "company_id": tx.company_id,
        "email_id": email_id,
        "organisation_id": target.organisation_id,
        "person_id": target.person_id,
        "how": target.how.value,
        "key": activity.key,
        "activity_id": activity.activity_id,
        "filed_at": activity.created_at or tx.now,
        "due_at": tx.now,
    }
    tx.connection.execute(insert(filing).values(**values).on_conflict_do_nothing())
    known = select(filing.c.id).where(
        filing.c.company_id == tx.company_id,
        filing.c.key == activity.key,
        filing.c.activity_id == activity.activity_id,
    )
    filing_id: int | None = tx.connection.execute(known).scalar_one_or_none()
    if filing_id is not None:
        matched = update(email_address).where(email_address.c.email_id == email_id)
        tx.connection.execute(matched.values(is_matched=True))
    return filing_id


def add_documents(tx: Tx, filing_id: int, rows: Sequence[DocumentRow]) -> None:
    """Record the Documents that hang on the filing's Activity. Idempotent."""
    values = [
        {
            "filing_id": filing_id,
            "position": position,
            "name": row.name,
            "size": 0,
            "document_id": row.document_id,
        }
        for position, row in enumerate(rows, start=1)
    ]
    if values:
        tx.connection.execute(insert(document).on_conflict_do_nothing(), values)


def correct(tx: Tx, seen: Filing, activity: KeyedActivity) -> None:
    """The filing's Activity is another one than we held: it stands, so does the mail."""
    query = update(filing).where(
        filing.c.id == seen.id, filing.c.activity_id.is_not_distinct_from(seen.activity_id)
    )
    there = {"activity_id": activity.activity_id, "is_withdrawn": False, "is_removed": False}
    tx.connection.execute(query.values(**there, is_replaced=False))
    if seen.is_withdrawn:
        bring_back(tx, seen.email_id)


def bring_back(tx: Tx, email_id: int) -> None:
    """What was taken for removed stands in webCRM after all."""
    query = update(item).where(
        item.c.email_id == email_id,
        item.c.state == State.SKIPPED.value,
        item.c.reason == Reason.REMOVED_IN_WEBCRM.value,
    )
    back = {"state": State.FILED.value, "reason": None, "state_at": tx.now, "mark_due_at": tx.now}
    for mailbox_id in tx.connection.execute(query.values(**back).returning(item.c.mailbox_id)):
        tx.defer(Job.MARK, mailbox_id[0])


def move(tx: Tx, seen: Filing, organisation_id: int) -> bool:
    """The Activity stands under another Organisation, by a person's hand.

    False when the mail has another filing there.
    """
    rival = select(filing.c.id).where(
        filing.c.email_id == seen.email_id,
        filing.c.organisation_id == organisation_id,
        filing.c.id != seen.id,
    )
    query = update(filing).where(filing.c.id == seen.id, ~rival.exists())
    values = {"organisation_id": organisation_id, "person_id": None, "how": MatchedBy.PERSON.value}
    return tx.connection.execute(query.values(**values)).rowcount == 1


def withdraw_removed(tx: Tx, seen: Filing) -> None:
    """The filing's Activity was deleted in webCRM: nobody sends it again before a person asks.

    Where nothing else of the mail stands in webCRM its copies are no longer synced.
    """
    query = update(filing).where(filing.c.id == seen.id, filing.c.activity_id == seen.activity_id)
    tx.connection.execute(query.values(is_withdrawn=True, is_removed=True, is_complete=True))
    tx.connection.execute(delete(document).where(document.c.filing_id == seen.id))
    others = select(filing.c.id).where(filing.c.email_id == seen.email_id, ~filing.c.is_withdrawn)
    if tx.connection.execute(others.limit(1)).first() is None:
        end_removed(tx, [seen.email_id])
    facts = {"organisation": seen.organisation_id, "activity": seen.activity_id}
    tx.record_event(EventKind.REMOVED_IN_WEBCRM, email_id=seen.email_id, **facts)


def end_removed(tx: Tx, email_ids: Sequence[int]) -> None:
    """Nothing of these mails stands in webCRM any more: their copies are not synced."""
    move_items(
        tx,
        email_ids,
        to=State.SKIPPED,
        of=(State.MATCHED, State.WAITING, State.PARKED, State.FILED, State.SYNCED),
        reason=Reason.REMOVED_IN_WEBCRM,
    )
