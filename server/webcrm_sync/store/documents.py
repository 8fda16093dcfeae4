"""Attachments of filings on their way to webCRM: planned, intended, written or left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.enclosures import Enclosure
from webcrm_sync.store.among import among
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema import document


@dataclass(frozen=True, slots=True)
class Document:
    """One attachment of a filing on its way to webCRM; with `left_out` it stays away."""

    id: int
    filing_id: int
    position: int
    name: str
    size: int
    intent_at: datetime | None
    looks: int
    attempts: int
    document_id: int | None
    left_out: str | None = None

    @property
    def is_settled(self) -> bool:
        """True when nothing is left to be done about it."""
        return self.document_id is not None or self.left_out is not None


_DOCUMENT = [document.c[f] for f in Document.__dataclass_fields__]


def plan(tx: Tx, filing_id: int, enclosed: Iterable[Enclosure]) -> Sequence[Enclosure]:
    """Add the attachments of a filing; those that were new. Idempotent by position."""
    files = {one.position: one for one in enclosed}
    values = [
        {
            "filing_id": filing_id,
            "position": one.position,
            "name": one.name,
            "size": one.size,
            "left_out": one.left_out or None,
        }
        for one in files.values()
    ]
    if not values:
        return []
    new = insert(document).on_conflict_do_nothing().returning(document.c.position)
    return [files[position] for position in tx.connection.execute(new, values).scalars()]


def of_filings(tx: Tx, filing_ids: Sequence[int]) -> Mapping[int, Sequence[Document]]:
    """Per filing its planned attachments, in their order."""
    query = select(*_DOCUMENT).where(among(document.c.filing_id, filing_ids))
    rows = tx.connection.execute(query.order_by(document.c.position)).mappings()
    found: dict[int, list[Document]] = {i: [] for i in filing_ids}
    for row in rows:
        found[row["filing_id"]].append(Document(**row))
    return found


def of_filing(tx: Tx, filing_id: int) -> Sequence[Document]:
    """The planned attachments of a filing, in their order."""
    return of_filings(tx, [filing_id])[filing_id]


def planned(tx: Tx, filing_ids: Iterable[int]) -> frozenset[int]:
    """Which of these filings have planned attachments."""
    query = select(document.c.filing_id).where(among(document.c.filing_id, filing_ids))
    return frozenset(tx.connection.execute(query).scalars())


def intend(tx: Tx, document_ids: Sequence[int]) -> frozenset[int]:
    """Write down, before the call, that these attachments are about to be written.

    Returns those that no other run intends or has written.
    """
    query = update(document).where(
        document.c.id.in_(document_ids),
        document.c.intent_at.is_(None),
        document.c.document_id.is_(None),
    )
    taken = query.values(intent_at=tx.now, looks=0).returning(document.c.id)
    return frozenset(tx.connection.execute(taken).scalars())


def retry(tx: Tx, seen: Document, **values: object) -> None:
    """Set columns of an attachment that a look did not find, unless another run got further."""
    query = update(document).where(
        document.c.id == seen.id,
        document.c.intent_at == seen.intent_at,
        document.c.looks == seen.looks,
        document.c.document_id.is_(None),
    )
    tx.connection.execute(query.values(**values))


def recorded(tx: Tx, filing_ids: Iterable[int]) -> frozenset[int]:
    """The ids in webCRM of the attachments of these filings."""
    query = select(document.c.document_id).where(
        document.c.filing_id.in_(list(filing_ids)), document.c.document_id.is_not(None)
    )
    return frozenset(i for i in tx.connection.execute(query).scalars() if i is not None)


def drop(tx: Tx, document_id: int) -> None:
    """Forget a planned attachment that is not to be had any more."""
    tx.connection.execute(delete(document).where(document.c.id == document_id))


def change(tx: Tx, document_ids: Collection[int], **values: object) -> None:
    """Set columns of planned attachments."""
    query = update(document).where(document.c.id.in_(document_ids))
    tx.connection.execute(query.values(**values))
