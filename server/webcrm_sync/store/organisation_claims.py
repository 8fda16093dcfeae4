"""Claims to create an Organisation: one per name, however many people ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.new_customer import OrganisationClaim
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.new_customers import organisation_claim

_DRAFT = tuple(OrganisationDraft.__dataclass_fields__)
_REST = tuple(name for name in OrganisationClaim.__dataclass_fields__ if name != "draft")
_COLUMNS = [organisation_claim.c[name] for name in (*_DRAFT, *_REST)]


def claim(tx: Tx, folded_name: str, draft: OrganisationDraft, *, void_before: datetime) -> datetime:
    """Claim the name, unless somebody has. A finished claim from before `void_before` is void.

    Returns the time of the claim that holds.
    """
    values = {**asdict(draft), "claimed_at": tx.now, "due_at": tx.now}
    fresh: dict[str, object] = {
        "intent_at": None,
        "is_accepted": False,
        "searches": 0,
        "earlier_ids": [],
        "organisation_id": None,
    }
    keys = {"company_id": tx.company_id, "folded_name": folded_name}
    is_void = organisation_claim.c.organisation_id.is_not(None) & (
        organisation_claim.c.claimed_at < void_before
    )
    new = insert(organisation_claim).values(**keys, **values)
    tx.connection.execute(
        new.on_conflict_do_update(
            index_elements=list(keys), set_={**values, **fresh}, where=is_void
        )
    )
    held = read_claim(tx, folded_name)
    assert held is not None
    return held.claimed_at


def read_claim(tx: Tx, folded_name: str) -> OrganisationClaim | None:
    """The claim to this name, None = nobody has claimed it."""
    query = select(*_COLUMNS).where(*_is(tx, folded_name))
    row = tx.connection.execute(query).first()
    return _read(row) if row else None


def claims_since(tx: Tx, since: datetime) -> Sequence[tuple[str, OrganisationClaim]]:
    """The claims from that time on, each with its folded name."""
    query = select(organisation_claim.c.folded_name, *_COLUMNS).where(
        organisation_claim.c.company_id == tx.company_id, organisation_claim.c.claimed_at >= since
    )
    return [(row[0], _read(row[1:])) for row in tx.connection.execute(query)]


def begin(tx: Tx, folded_name: str, *, earlier_ids: Iterable[int], search_at: datetime) -> bool:
    """Record the intent to send; False if somebody else has, or the claim is gone."""
    is_free = organisation_claim.c.intent_at.is_(None) & (
        organisation_claim.c.organisation_id.is_(None)
    )
    values = {"intent_at": tx.now, "earlier_ids": list(earlier_ids), "due_at": search_at}
    query = update(organisation_claim).where(*_is(tx, folded_name), is_free).values(**values)
    return bool(tx.connection.execute(query).rowcount)


def accept(tx: Tx, folded_name: str, *, intent_at: datetime) -> None:
    """Record that webCRM took the Organisation and did not say its id."""
    _change(tx, folded_name, intent_at, is_accepted=True, due_at=tx.now)


def search_again(
    tx: Tx, folded_name: str, *, intent_at: datetime, searches: int, due_at: datetime
) -> None:
    """Record that all `searches` found nothing, and when the next one comes."""
    _change(tx, folded_name, intent_at, searches=searches, due_at=due_at)


def release(tx: Tx, folded_name: str, *, intent_at: datetime) -> None:
    """Let the Organisation be sent (again): this intent led to nothing."""
    _change(tx, folded_name, intent_at, intent_at=None, searches=0, due_at=tx.now)


def complete(tx: Tx, folded_name: str, organisation_id: int) -> None:
    """Record the Organisation that webCRM created, and keep nothing else of it but its name."""
    values = {"organisation_id": organisation_id, "domain": "", "phone": "", "www": ""}
    query = update(organisation_claim).where(*_is(tx, folded_name)).values(**values)
    tx.connection.execute(query)


def drop(tx: Tx, folded_name: str) -> None:
    """Delete the claim, since webCRM did not take the Organisation."""
    is_open = organisation_claim.c.organisation_id.is_(None)
    tx.connection.execute(delete(organisation_claim).where(*_is(tx, folded_name), is_open))


def forget_old(tx: Tx, before: datetime) -> None:
    """Delete the finished claims from before that time."""
    is_old = organisation_claim.c.organisation_id.is_not(None) & (
        organisation_claim.c.claimed_at < before
    )
    is_ours = organisation_claim.c.company_id == tx.company_id
    tx.connection.execute(delete(organisation_claim).where(is_ours, is_old))


def _change(tx: Tx, folded_name: str, intent: datetime, **values: object) -> None:
    """Change the claim while this intent is the latest one and led to nothing yet."""
    is_same = (organisation_claim.c.intent_at == intent) & (
        organisation_claim.c.organisation_id.is_(None)
    )
    query = update(organisation_claim).where(*_is(tx, folded_name), is_same)
    tx.connection.execute(query.values(values))


def _is(tx: Tx, folded_name: str) -> tuple[Any, ...]:
    return (
        organisation_claim.c.company_id == tx.company_id,
        organisation_claim.c.folded_name == folded_name,
    )


def _read(row: Row[Any] | tuple[Any, ...]) -> OrganisationClaim:
    draft = OrganisationDraft(*row[: len(_DRAFT)])
    return OrganisationClaim(draft, **dict(zip(_REST, row[len(_DRAFT) :], strict=True)))
