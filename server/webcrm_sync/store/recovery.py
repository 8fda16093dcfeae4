"""Recovers rows from webCRM: the recovery under way, and filings read back from Activities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.crm import DocumentRow, KeyedActivity
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.matching import MatchedBy, Target
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.database import Tx
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import item_records, transitions
from webcrm_sync.store.schema.directory import organisation
from webcrm_sync.store.schema.reconciliation import rebuilding
from webcrm_sync.store.schema.tables import (
    document,
    email,
    email_address,
    filing,
    item,
    mailbox,
    mirror,
)

_BEGUN_AT = select(rebuilding.c.begun_at).where(
    rebuilding.c.company_id == bindparam("company"), rebuilding.c.ended_at.is_(None)
)


# ---- the recovery under way ---------------------------------------------------------------


def begin(tx: Tx) -> None:
    """Begin a recovery, or continue the one under way. Nothing is written to webCRM until `end`."""
    new = insert(rebuilding).values(company_id=tx.company_id, begun_at=tx.now, ended_at=None)
    begun_at = case((rebuilding.c.ended_at.is_(None), rebuilding.c.begun_at), else_=tx.now)
    times = {"begun_at": begun_at, "ended_at": None}
    keys = [rebuilding.c.company_id]
    tx.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=times))


def end(tx: Tx) -> None:
    """End the recovery, and enqueue matching and filing."""
    query = update(rebuilding).where(rebuilding.c.company_id == tx.company_id)
    tx.connection.execute(query.values(ended_at=tx.now))
    tx.defer(Job.MATCH, tx.company_id)
    tx.defer(Job.FILE, tx.company_id)


def begun_at(tx: Tx) -> datetime | None:
    """When the recovery under way began, None = no recovery is under way."""
    begun: datetime | None = tx.connection.scalar(_BEGUN_AT, {"company": tx.company_id})
    return begun


def ended_at(tx: Tx) -> datetime | None:
    """When the last recovery ended, None = there was none, or it is still under way."""
    query = select(rebuilding.c.ended_at).where(rebuilding.c.company_id == tx.company_id)
    ended: datetime | None = tx.connection.scalar(query)
    return ended


def oldest_mail(tx: Tx) -> datetime | None:
    """When the oldest of the company's mails was sent or received."""
    sent_or_received = func.least(email.c.sent_at, email.c.received_at)  # ignores NULL
    at = func.min(func.coalesce(sent_or_received, email.c.created_at))
    query = select(at).where(email.c.company_id == tx.company_id)
    oldest: datetime | None = tx.connection.scalar(query)
    return oldest


def organisation_ids(tx: Tx) -> frozenset[int]:
    """The id of every known Organisation, and 0 for mails without one."""
    query = select(organisation.c.organisation_id).where(organisation.c.company_id == tx.company_id)
    return frozenset(tx.connection.execute(query).scalars()) | {0}


def file_synced_copies(tx: Tx, email_ids: Sequence[int]) -> None:
    """File the copies of these mails that were synced before the loss, without matching them.

    If a mail lacks Documents, its copies become matched and wait for them. Copies that were not
    synced stay found.
    """
    was_synced = select(item.c.email_id).where(any_of(item.c.email_id, email_ids), item.c.is_past)
    past = set(tx.connection.execute(was_synced).scalars())
    open_ = select(filing.c.email_id).where(any_of(filing.c.email_id, past), ~filing.c.is_complete)
    unfinished = set(tx.connection.execute(open_).scalars())
    item_records.clear_past(tx, email_ids)
    transitions.file_preserved(tx, past - unfinished, is_complete=True)
    transitions.file_preserved(tx, unfinished, is_complete=False)


def mirrored(tx: Tx) -> Mapping[int, int]:
    """The id of the mailbox that holds each Activity's mirror, by Activity id."""
    query = select(mirror.c.activity_id, mirror.c.mailbox_id).where(
        mirror.c.company_id == tx.company_id, mirror.c.mailbox_id.is_not(None)
    )
    return {row.activity_id: row.mailbox_id for row in tx.connection.execute(query)}


def mirror_from(tx: Tx, mailbox_id: int, since: datetime) -> None:
    """Mirror the mails that webCRM sent since then, if that is earlier than the present start."""
    query = update(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.mirror_since > since)
    tx.connection.execute(query.values(mirror_since=since))


# ---- filings read back from webCRM --------------------------------------------------------


def add_filing(tx: Tx, email_id: int, activity: KeyedActivity, target: Target) -> int | None:
    """The id of the filing of this Activity, which is added if missing. Idempotent.

    None if the mail has another filing under that Organisation, or the key has another Activity.
    """
    values = {
        "company_id": tx.company_id,
        "email_id": email_id,
        "organisation_id": target.organisation_id,
        "person_id": target.person_id,
        "how": target.how,
        "key": activity.key,
        "activity_id": activity.activity_id,
        "filed_at": activity.created_at or tx.now,
        "due_at": tx.now,
        "opportunity_id": activity.opportunity_id,
        "opportunity_at": activity.updated_at,
    }
    tx.connection.execute(insert(filing).values(**values).on_conflict_do_nothing())
    existing = select(filing.c.id).where(
        filing.c.company_id == tx.company_id,
        filing.c.key == activity.key,
        filing.c.activity_id == activity.activity_id,
    )
    filing_id: int | None = tx.connection.execute(existing).scalar_one_or_none()
    if filing_id is not None:
        matched = update(email_address).where(email_address.c.email_id == email_id)
        tx.connection.execute(matched.values(is_matched=True))
    return filing_id


def record_withdrawn(tx: Tx, filing_id: int) -> None:
    """Record that webCRM has emptied the filing's Activity."""
    query = update(filing).where(filing.c.id == filing_id)
    tx.connection.execute(query.values(is_withdrawn=True, is_complete=True))


def mark_taken_away(tx: Tx, email_ids: Iterable[int]) -> None:
    """Record the withdrawn filings of mails that stand elsewhere as places that were taken away."""
    other = filing.alias("other")
    stands = select(other.c.id).where(other.c.email_id == filing.c.email_id, ~other.c.is_withdrawn)
    query = update(filing).where(
        any_of(filing.c.email_id, email_ids), filing.c.is_withdrawn, stands.exists()
    )
    tx.connection.execute(query.values(is_replaced=True))


def add_documents(tx: Tx, filing_id: int, rows: Sequence[DocumentRow]) -> None:
    """Record the Documents of the filing's Activity. Idempotent by position."""
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
    """Record the Activity that webCRM has under the filing's key, and clear its withdrawal.

    Copies that were skipped because the Activity seemed to be removed are filed again.
    """
    query = update(filing).where(
        filing.c.id == seen.id, filing.c.activity_id.is_not_distinct_from(seen.activity_id)
    )
    flags = {"is_withdrawn": False, "is_removed": False, "is_replaced": False}
    own = {
        "activity_id": activity.activity_id,
        "opportunity_id": activity.opportunity_id,
        "opportunity_at": activity.updated_at,
    }
    tx.connection.execute(query.values(**own, **flags))
    if seen.is_withdrawn:
        transitions.restore_removed(tx, seen.email_id)


def move(tx: Tx, seen: Filing, organisation_id: int) -> bool:
    """Record that a person moved the Activity to another Organisation in webCRM.

    False if the mail has another filing under that Organisation.
    """
    rival = select(filing.c.id).where(
        filing.c.email_id == seen.email_id,
        filing.c.organisation_id == organisation_id,
        filing.c.id != seen.id,
    )
    query = update(filing).where(filing.c.id == seen.id, ~rival.exists())
    values = {"organisation_id": organisation_id, "person_id": None, "how": MatchedBy.PERSON}
    return tx.connection.execute(query.values(**values)).rowcount == 1


def withdraw_removed(tx: Tx, seen: Filing) -> None:
    """Record that the filing's Activity was deleted in webCRM, so that it is not sent again.

    If the mail has no other Activity, its copies are skipped. A person can sync it again. Else the
    place counts as taken away by a person.
    """
    query = update(filing).where(filing.c.id == seen.id, filing.c.activity_id == seen.activity_id)
    tx.connection.execute(query.values(is_withdrawn=True, is_removed=True, is_complete=True))
    tx.connection.execute(delete(document).where(document.c.filing_id == seen.id))
    other_filings = select(filing.c.id).where(
        filing.c.email_id == seen.email_id, ~filing.c.is_withdrawn
    )
    if tx.connection.execute(other_filings.limit(1)).first() is None:
        transitions.skip_removed(tx, [seen.email_id])
    mark_taken_away(tx, [seen.email_id])
    details = {"organisation": seen.organisation_id, "activity": seen.activity_id}
    tx.record_event(EventKind.REMOVED_IN_WEBCRM, email_id=seen.email_id, **details)
