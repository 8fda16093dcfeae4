"""Attachments of filings: each becomes a Document in webCRM, or is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    FromClause,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from webcrm_sync.core.attachments import NOT_CHOSEN, DocumentPlan
from webcrm_sync.store.any_of import any_of, any_of_param
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.tables import document, email, filing


@dataclass(frozen=True, slots=True)
class Document:
    """One attachment of a filing. `left_out`: why it is not written to webCRM, None = it is."""

    id: int
    filing_id: int
    position: int
    name: str
    size: int
    intent_at: datetime | None
    searches: int
    attempts: int
    document_id: int | None
    left_out: str | None = None

    @property
    def is_placeholder(self) -> bool:
        """True for the row that stands for attachments that a person asked for afterwards."""
        return self.position == 0

    @property
    def is_settled(self) -> bool:
        """True if the attachment is written or left out."""
        return self.document_id is not None or self.left_out is not None


_DOCUMENT = columns_of(document, Document)
_PLANNED = select(document.c.filing_id).where(any_of_param(document.c.filing_id, "filing_ids"))


def plan(tx: Tx, filing_id: int, plans: Iterable[DocumentPlan]) -> Sequence[Document]:
    """Add the attachments of a filing. Returns those that are new, ordered by position. Idempotent.

    Adds nothing if the filing was deleted since it was read.
    """
    values = [
        {
            "filing_id": filing_id,
            "position": plan.position,
            "name": plan.name,
            "size": plan.size,
            "left_out": plan.left_out or None,
        }
        for plan in plans
    ]
    if not values or not _lock_filing(tx, filing_id):
        return []
    new = insert(document).on_conflict_do_nothing().returning(*_DOCUMENT)
    rows = tx.connection.execute(new, values).mappings()
    return sorted((Document(**row) for row in rows), key=lambda one: one.position)


def _lock_filing(tx: Tx, filing_id: int) -> bool:
    """Lock the filing until `tx` ends. False if it is gone."""
    query = select(filing.c.id).where(filing.c.id == filing_id)
    return tx.connection.scalar(query.with_for_update(read=True, key_share=True)) is not None


def of_filings(tx: Tx, filing_ids: Sequence[int]) -> Mapping[int, Sequence[Document]]:
    """The attachments of each filing, ordered by position."""
    query = select(*_DOCUMENT).where(any_of(document.c.filing_id, filing_ids))
    rows = tx.connection.execute(query.order_by(document.c.position)).mappings()
    by_filing: dict[int, list[Document]] = {i: [] for i in filing_ids}
    for row in rows:
        by_filing[row["filing_id"]].append(Document(**row))
    return by_filing


def of_filing(tx: Tx, filing_id: int) -> Sequence[Document]:
    """The attachments of a filing, ordered by position."""
    return of_filings(tx, [filing_id])[filing_id]


def related_files(tx: Tx, filing_id: int, *, sizes: Iterable[int]) -> frozenset[tuple[str, int]]:
    """Name and size of the attachments of related mails under the same Organisation.

    Related mails share the sender, the sender's domain or the conversation, or one answers the
    other. Only attachments of these sizes count that webCRM has, or that are being written without
    trouble.
    """
    own_filing, own_mail = filing.alias(), email.alias()
    is_other_mail = (
        (filing.c.company_id == own_filing.c.company_id)
        & (filing.c.organisation_id == own_filing.c.organisation_id)
        & (filing.c.email_id != own_filing.c.email_id)
        & ~filing.c.is_withdrawn
    )
    is_being_written = (
        ~filing.c.is_complete & filing.c.last_error.is_(None) & (document.c.attempts == 0)
    )
    counts = document.c.left_out.is_(None) & (
        document.c.document_id.is_not(None) | is_being_written
    )
    query = (
        select(document.c.name, document.c.size)
        .join(filing, filing.c.id == document.c.filing_id)
        .join(email, email.c.id == filing.c.email_id)
        .join(own_filing, is_other_mail)
        .join(own_mail, own_mail.c.id == own_filing.c.email_id)
        .where(own_filing.c.id == filing_id, any_of(document.c.size, sizes), counts)
        .where(_are_related(own_mail, email))
    )
    return frozenset((row.name, row.size) for row in tx.connection.execute(query))


def _are_related(mail: FromClause, other: FromClause) -> ColumnElement[bool]:
    senders = [each.c.sender[0].astext for each in (mail, other)]
    domains = [func.nullif(func.split_part(sender, "@", 2), "") for sender in senders]
    return or_(
        senders[0] == senders[1],
        domains[0] == domains[1],
        mail.c.conversation_id == other.c.conversation_id,
        _answers(mail, other),
        _answers(other, mail),
    )


def _answers(mail: FromClause, other: FromClause) -> ColumnElement[bool]:
    references = func.array_append(mail.c.referenced_ids, mail.c.in_reply_to)
    return other.c.message_id == func.any(references)


def planned(tx: Tx, filing_ids: Iterable[int]) -> frozenset[int]:
    """The ids of those filings that have attachments."""
    return frozenset(tx.connection.execute(_PLANNED, {"filing_ids": list(filing_ids)}).scalars())


def unsettled(tx: Tx, filing_ids: Iterable[int]) -> frozenset[int]:
    """The ids of those filings that have attachments to write or to look for."""
    query = select(document.c.filing_id).where(
        any_of(document.c.filing_id, filing_ids),
        document.c.document_id.is_(None),
        document.c.left_out.is_(None),
    )
    return frozenset(tx.connection.execute(query).scalars())


def claim(tx: Tx, document_ids: Sequence[int]) -> frozenset[int]:
    """Record, before the call, that these attachments are being written.

    Returns the claimed ids, without attachments that another run is writing or has written.
    """
    query = update(document).where(
        document.c.id.in_(document_ids),
        document.c.intent_at.is_(None),
        document.c.document_id.is_(None),
    )
    claimed = query.values(intent_at=tx.now, searches=0).returning(document.c.id)
    return frozenset(tx.connection.execute(claimed).scalars())


def record(tx: Tx, document_ids: Mapping[int, int]) -> None:
    """Save the id in webCRM of each of these attachments."""
    if not document_ids:
        return
    columns = [literal(list(n), ARRAY(BigInteger)) for n in (document_ids, document_ids.values())]
    new = func.unnest(*columns).table_valued("id", "document_id").render_derived("new")
    query = update(document).where(document.c.id == new.c.id)
    tx.connection.execute(query.values(document_id=new.c.document_id))


def retry(tx: Tx, seen: Document, **values: object) -> None:
    """Set columns of an attachment, unless another run has changed it since it was `seen`."""
    query = update(document).where(
        document.c.id == seen.id,
        document.c.intent_at == seen.intent_at,
        document.c.searches == seen.searches,
        document.c.document_id.is_(None),
    )
    tx.connection.execute(query.values(**values))


def ids_in_webcrm(tx: Tx, filing_ids: Iterable[int]) -> frozenset[int]:
    """The ids in webCRM of the Documents of these filings."""
    query = select(document.c.document_id).where(
        document.c.filing_id.in_(list(filing_ids)), document.c.document_id.is_not(None)
    )
    return frozenset(i for i in tx.connection.execute(query).scalars() if i is not None)


def drop(tx: Tx, document_id: int) -> None:
    """Delete an attachment that no longer exists in the mail."""
    tx.connection.execute(delete(document).where(document.c.id == document_id))


def change(tx: Tx, document_ids: Collection[int], **values: object) -> None:
    """Set columns of attachments."""
    query = update(document).where(document.c.id.in_(document_ids))
    tx.connection.execute(query.values(**values))


def leave_out_by_choice(tx: Tx, document_id: int) -> None:
    """Record that webCRM does not have the attachment any more, and forget what it was."""
    values = {"name": "", "size": 0, "document_id": None, "left_out": NOT_CHOSEN}
    change(tx, [document_id], **values, intent_at=None)


def forget_all(tx: Tx, filing_id: int) -> None:
    """Delete the rows of the filing's attachments, so that they are planned again."""
    tx.connection.execute(delete(document).where(document.c.filing_id == filing_id))
