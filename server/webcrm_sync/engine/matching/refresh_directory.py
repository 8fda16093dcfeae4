"""directory(company): refreshes our copy of webCRM's contacts; wakes mails that wait for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from webcrm_sync.core.crm import POLL_OVERLAP, OrganisationRow, PersonRow, UnreadableRecord
from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.engine.backoff import back_off_webcrm, resume_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.store import companies
from webcrm_sync.store import directory as book
from webcrm_sync.store.companies import Company
from webcrm_sync.store.database import Tx

R = TypeVar("R", PersonRow, OrganisationRow)

#: Read everything this often: webCRM reports no deletions, so only a full list shows them.
_FULL_EVERY = timedelta(days=1)
_BEGINNING = datetime(1990, 1, 1, tzinfo=UTC)


def refresh_directory(context: Context) -> None:
    """Read what changed in webCRM since the last run; read everything once a day. Idempotent."""
    again = timedelta(seconds=context.settings.directory_seconds)
    with context.begin() as tx:
        company = companies.read_company(tx)
        if company.is_webcrm_paused(tx.now):
            return
        if not companies.claim_due(tx, "directory_due_at", interval=again):
            return
        read_at = company.directory_full_at
        is_full = read_at is None or tx.now - read_at > _FULL_EVERY
    try:
        _refresh(context, company, is_full=is_full)
    except (TryLater, Unclear, Refused) as error:
        back_off_webcrm(context, error)
        with context.begin() as tx:
            companies.update_company(tx, directory_due_at=tx.now)
        return
    resume_webcrm(context)


def _refresh(context: Context, company: Company, *, is_full: bool) -> None:
    margin = POLL_OVERLAP + context.settings.search_lag
    odd: list[UnreadableRecord] = []
    users = context.webcrm.list_users()
    persons = context.webcrm.list_changed_persons(
        _since(None if is_full else company.persons_until, margin), odd=odd
    )
    odd_persons, odd = odd, []
    organisations = context.webcrm.list_changed_organisations(
        _since(None if is_full else company.organisations_until, margin), odd=odd
    )
    with context.begin() as tx:
        book.save_users(tx, users)
        # An empty full list comes from a webCRM in trouble, not from one without customers.
        addresses = _saved(tx, persons, book.save_persons, odd_persons, is_full=is_full)
        domains = _saved(tx, organisations, book.save_organisations, odd, is_full=is_full)
        book.rematch_waiting(tx, addresses=addresses, domains=domains)
        companies.update_company(
            tx,
            persons_until=_newest(persons, company.persons_until),
            organisations_until=_newest(organisations, company.organisations_until),
            directory_full_at=tx.now if is_full else company.directory_full_at,
            directory_read_at=tx.now,
        )
    for kind, records in (("person", odd_persons), ("organisation", odd)):
        for one in records:
            name = f"{kind} {one.record_id}"
            incidents.record_once(context, "read webCRM", name, one.fault)


def _saved(
    tx: Tx,
    records: Sequence[R],
    save: Callable[..., frozenset[str]],
    odd: list[UnreadableRecord],
    *,
    is_full: bool,
) -> frozenset[str]:
    """Save these records; return what `save` returns: the addresses or domains that are new.

    Skips the records in `odd` and keeps our rows of them. A record that cannot be saved is added
    to `odd`.
    """
    excluded = [one.record_id for one in odd]

    def attempt(some: Sequence[R]) -> frozenset[str]:
        with tx.connection.begin_nested():
            return save(tx, some, is_whole=is_full and bool(records), exclude=excluded)

    try:
        return attempt(records)
    except Exception as error:
        if incidents.is_trouble(error):
            raise
    faults = isolate.find_culprits(records, partial(_probe, tx, save))
    odd += [UnreadableRecord(one.record_id, fault) for one, fault in faults]
    excluded += [one.record_id for one, _ in faults]
    return attempt([one for one in records if one.record_id not in excluded])


def _probe(tx: Tx, save: Callable[..., object], some: Sequence[object]) -> None:
    with tx.connection.begin_nested() as savepoint:
        save(tx, some)
        savepoint.rollback()


def _since(until: datetime | None, margin: timedelta) -> datetime:
    return until - margin if until else _BEGINNING


def _newest(rows: Iterable[PersonRow | OrganisationRow], until: datetime | None) -> datetime | None:
    """The time of the latest change, by webCRM's own clock."""
    times = [row.updated_at for row in rows if row.updated_at]
    return max([*times, until] if until else times, default=None)
