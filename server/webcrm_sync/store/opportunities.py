"""The local copy of webCRM's Opportunities, and the ones that mails are filed under."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import delete, func, select, update

from webcrm_sync.core.opportunities import (
    Opportunity,
    OpportunityFacts,
    OpportunityRow,
    is_open,
)
from webcrm_sync.store.any_of import any_of
from webcrm_sync.store.bulk_rows import bulk_insert, rows_parameter
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.columns import columns_of
from webcrm_sync.store.schema.opportunities import opportunity
from webcrm_sync.store.schema.tables import filing

_OPPORTUNITY = columns_of(opportunity, Opportunity)


def save(
    tx: Tx,
    read: Sequence[OpportunityRow],
    *,
    won_levels: Collection[int],
    is_whole: bool = False,
    exclude: Collection[int] = (),
) -> frozenset[str]:
    """Replace these Opportunities. With `is_whole`, delete all others.

    `won_levels`: see `core.opportunities.is_open`. `exclude`: ids of Opportunities whose rows stay.
    Unchanged rows are not written. Returns nothing that mails wait for.
    """
    scope = opportunity.c.company_id == tx.company_id
    if not is_whole:
        scope &= any_of(opportunity.c.opportunity_id, [row.opportunity_id for row in read])
    if exclude:
        scope &= ~any_of(opportunity.c.opportunity_id, exclude)
    rows = tx.connection.execute(select(*_OPPORTUNITY).where(scope)).mappings()
    before = {row["opportunity_id"]: Opportunity(**row) for row in rows}
    after = {row.opportunity_id: _stored(row, won_levels) for row in read}
    changed = [one for i, one in after.items() if before.get(i) != one]
    gone = before.keys() - after.keys()
    if changed or gone:
        tx.note_directory_change()
        _delete(tx, [*gone, *(one.opportunity_id for one in changed)])
        _insert(tx, changed)
    return frozenset()


def _stored(row: OpportunityRow, won_levels: Collection[int]) -> Opportunity:
    common = {one.name: getattr(row, one.name) for one in fields(OpportunityFacts)}
    return Opportunity(**common, is_open=is_open(row, won_levels))


def _delete(tx: Tx, ids: Iterable[int]) -> None:
    is_one = any_of(opportunity.c.opportunity_id, ids)
    tx.connection.execute(
        delete(opportunity).where(opportunity.c.company_id == tx.company_id, is_one)
    )


def _insert(tx: Tx, new: Sequence[Opportunity]) -> None:
    rows = [{"company_id": tx.company_id, **asdict(one)} for one in new]
    if rows:
        tx.connection.execute(bulk_insert(opportunity, rows[0]), rows_parameter(rows))


def open_at(
    tx: Tx, organisation_ids: Iterable[int], *, person_ids: Iterable[int] = (), limit: int = 50
) -> Mapping[int, Sequence[Opportunity]]:
    """The open Opportunities of each of these Organisations, by Organisation, `limit` at most.

    Those of these Persons come first, then the newest. An Organisation without any is left out.
    """
    is_own = any_of(opportunity.c.person_id, person_ids)
    order = (is_own.desc(), opportunity.c.opportunity_id.desc())
    place = func.row_number().over(partition_by=opportunity.c.organisation_id, order_by=order)
    numbered = (
        select(*_OPPORTUNITY, place.label("place"))
        .where(opportunity.c.company_id == tx.company_id, opportunity.c.is_open)
        .where(any_of(opportunity.c.organisation_id, organisation_ids))
        .subquery()
    )
    columns = [numbered.c[one.name] for one in fields(Opportunity)]
    query = select(*columns).where(numbered.c.place <= limit)
    found: dict[int, list[Opportunity]] = {}
    for row in tx.connection.execute(query.order_by(numbered.c.place)).mappings():
        one = Opportunity(**row)
        found.setdefault(one.organisation_id, []).append(one)
    return found


def by_id(tx: Tx, ids: Iterable[int]) -> Mapping[int, Opportunity]:
    """These Opportunities by id, open or not, without the unknown ones."""
    query = select(*_OPPORTUNITY).where(
        opportunity.c.company_id == tx.company_id, any_of(opportunity.c.opportunity_id, ids)
    )
    rows = tx.connection.execute(query).mappings()
    return {row["opportunity_id"]: Opportunity(**row) for row in rows}


def record(tx: Tx, filing_id: int, opportunity_id: int | None, *, at: datetime | None) -> None:
    """Record the Opportunity that the filing's Activity has. `at`: see `filing.opportunity_at`."""
    query = update(filing).where(filing.c.id == filing_id)
    tx.connection.execute(query.values(opportunity_id=opportunity_id, opportunity_at=at))


def leave_out(tx: Tx, filing_id: int, opportunity_id: int) -> bool:
    """File an unsent filing without this Opportunity. False if it has another one by now."""
    query = update(filing).where(
        filing.c.id == filing_id, filing.c.opportunity_id == opportunity_id
    )
    return tx.connection.execute(query.values(opportunity_id=None)).rowcount == 1
