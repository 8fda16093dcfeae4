"""directory(company): refreshes our copy of webCRM's contacts, Organisations and Opportunities.

Wakes mails that wait for a contact.
"""

from __future__ import annotations

from datetime import timedelta

from webcrm_sync.core.crm import POLL_OVERLAP, UnreadableRecord
from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.engine.backoff import back_off_webcrm, resume_webcrm
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.matching.changed_records import newest, report_odd, save_each, since
from webcrm_sync.engine.matching.refresh_opportunities import refresh_opportunities
from webcrm_sync.store import companies
from webcrm_sync.store import directory as book
from webcrm_sync.store.companies import Company

#: Read everything this often: webCRM reports no deletions, so only a full list shows them.
_FULL_EVERY = timedelta(days=1)


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
        since(None if is_full else company.persons_until, margin), odd=odd
    )
    odd_persons, odd = odd, []
    organisations = context.webcrm.list_changed_organisations(
        since(None if is_full else company.organisations_until, margin), odd=odd
    )
    refresh_opportunities(
        context, company, margin, is_full=is_full, is_credible=bool(organisations)
    )
    with context.begin() as tx:
        book.save_users(tx, users)
        # An empty full list comes from a webCRM in trouble, not from one without customers.
        addresses = save_each(
            tx, persons, book.save_persons, odd_persons, is_whole=is_full and bool(persons)
        )
        domains = save_each(
            tx,
            organisations,
            book.save_organisations,
            odd,
            is_whole=is_full and bool(organisations),
        )
        book.rematch_waiting(tx, addresses=addresses, domains=domains)
        companies.update_company(
            tx,
            persons_until=newest(persons, company.persons_until),
            organisations_until=newest(organisations, company.organisations_until),
            directory_full_at=tx.now if is_full else company.directory_full_at,
            directory_read_at=tx.now,
        )
    report_odd(context, "person", odd_persons)
    report_odd(context, "organisation", odd)
