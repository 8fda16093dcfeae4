"""Searches webCRM for Activities whose outcome is unclear, before anything is sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from webcrm_sync.core import verification
from webcrm_sync.core.verification import VerifyDecision
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import outcome
from webcrm_sync.store import filings
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items.locks import lock_copies_of

#: webCRM's clock may differ from ours. A search that begins a little early costs nothing.
_CLOCK_MARGIN = timedelta(minutes=15)
#: Above this number of Organisations, one search covers all of them.
_MAX_SEPARATE_SEARCHES = 3


def verify_unclear(context: Context, unclear: Sequence[Filing]) -> None:
    """Search for these filings by key. Record what is found; decide what a missing one means.

    A filing that is missing is searched for again or scheduled to be sent again.
    """
    for organisation_id, group in _by_organisation(unclear).items():
        isolate.run_batch(
            context, "verify", group, partial(_verify, context, organisation_id), _mail
        )


def _mail(filing: Filing) -> Hold:
    """Set the mail aside and leave its filing unclear: an unverified filing must not be sent."""
    return incidents.hold_mail(filing.email_id, is_verified=False)


def _verify(context: Context, organisation_id: int | None, group: Sequence[Filing]) -> None:
    since = min(f.intent_at for f in group if f.intent_at) - _CLOCK_MARGIN
    found = {
        activity.key: activity.activity_id
        for activity in context.webcrm.list_keyed_activities(organisation_id, created_since=since)
    }
    _record(context, group, found)


def _by_organisation(unclear: Sequence[Filing]) -> dict[int | None, list[Filing]]:
    """The filings per search: one search per Organisation, or one for all (key None)."""
    are_many = len({f.organisation_id for f in unclear}) > _MAX_SEPARATE_SEARCHES
    groups: dict[int | None, list[Filing]] = {}
    for filing in unclear:
        organisation_id = None if are_many else filing.organisation_id or None
        groups.setdefault(organisation_id, []).append(filing)
    return groups


def _record(context: Context, group: Sequence[Filing], found: dict[str, int]) -> None:
    settle = context.settings.search_lag
    with context.begin() as tx:
        lock_copies_of(tx, {f.email_id for f in group})
        for filing in group:
            assert filing.intent_at is not None
            searches = filing.searches + 1
            if filing.key in found:
                outcome.filed(tx, [(filing, found[filing.key])])
                continue
            decision = verification.decide_after_search(
                intent_at=filing.intent_at, searches=searches, now=tx.now, settle=settle
            )
            if decision is VerifyDecision.NOT_THERE:
                outcome.schedule_resend(tx, filing)
            else:
                search_at = verification.next_search_at(
                    intent_at=filing.intent_at, now=tx.now, settle=settle
                )
                filings.retry_search(tx, filing, due_at=search_at, searches=searches)
