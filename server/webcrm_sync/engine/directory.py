"""directory(company): keep the local copy of webCRM's addresses fresh, and wake what waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from webcrm_sync.core.crm import OrganisationRow, PersonRow
from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.engine.mirror import OVERLAP
from webcrm_sync.engine.parts import Parts, hold_webcrm, release_webcrm
from webcrm_sync.store import companies
from webcrm_sync.store import directory as book
from webcrm_sync.store.companies import Company

#: Deletions show only by comparing whole lists: once a day everything is read.
_WHOLE = timedelta(days=1)
_BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


def refresh_directory(parts: Parts) -> None:
    """Read what changed in webCRM since the last look; everything once a day. Idempotent."""
    again = timedelta(seconds=parts.settings.directory_seconds)
    with parts.begin() as tx:
        company = companies.read_company(tx)
        if company.is_webcrm_shut(tx.now):
            return
        if not companies.take_turn(tx, "directory_due_at", again=again):
            return
        read_at = company.directory_full_at
        is_whole = read_at is None or tx.now - read_at > _WHOLE
    try:
        _refresh(parts, company, is_whole=is_whole)
    except (TryLater, Unclear, Refused) as error:
        hold_webcrm(parts, error)
        with parts.begin() as tx:
            companies.update_company(tx, directory_due_at=tx.now)
        return
    release_webcrm(parts)


def _refresh(parts: Parts, company: Company, *, is_whole: bool) -> None:
    margin = OVERLAP + parts.settings.settle
    users = parts.webcrm.users()
    persons = parts.webcrm.persons_changed(
        _since(None if is_whole else company.persons_until, margin)
    )
    organisations = parts.webcrm.organisations_changed(
        _since(None if is_whole else company.organisations_until, margin)
    )
    with parts.begin() as tx:
        book.save_users(tx, users)
        # An empty list of everything is a webCRM in trouble, not one without customers.
        addresses = book.save_persons(tx, persons, is_whole=is_whole and bool(persons))
        domains = book.save_organisations(
            tx, organisations, is_whole=is_whole and bool(organisations)
        )
        book.wake(tx, addresses=addresses, domains=domains)
        companies.update_company(
            tx,
            persons_until=_newest(persons, company.persons_until),
            organisations_until=_newest(organisations, company.organisations_until),
            directory_full_at=tx.now if is_whole else company.directory_full_at,
        )


def _since(until: datetime | None, margin: timedelta) -> datetime:
    return until - margin if until else _BEGINNING


def _newest(rows: Iterable[PersonRow | OrganisationRow], until: datetime | None) -> datetime | None:
    """The latest change seen, by webCRM's own clock."""
    times = [row.updated_at for row in rows if row.updated_at]
    return max([*times, until] if until else times, default=None)
