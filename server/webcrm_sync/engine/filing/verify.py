"""After an unclear answer: look whether the Activity stands, before anything is sent again."""

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

#: Two clocks may differ; a search window that begins a little early costs nothing.
_CLOCK_MARGIN = timedelta(minutes=15)
#: More Organisations than this are looked through together.
_FEW = 3


def verify_unclear(context: Context, unclear: Sequence[Filing]) -> None:
    """Look for these filings by key; settle the found ones, judge the others."""
    for organisation_id, group in _by_organisation(unclear).items():
        isolate.run_batch(context, "look", group, partial(_verify, context, organisation_id), _mail)


def _mail(filing: Filing) -> Hold:
    """What cannot be looked for must not be sent: it stays unclear."""
    return incidents.hold_mail(filing.email_id, is_verified=False)


def _verify(context: Context, organisation_id: int | None, group: Sequence[Filing]) -> None:
    since = min(f.intent_at for f in group if f.intent_at) - _CLOCK_MARGIN
    found = {
        activity.key: activity.activity_id
        for activity in context.webcrm.keyed_activities(organisation_id, created_since=since)
    }
    _record(context, group, found)


def _by_organisation(unclear: Sequence[Filing]) -> dict[int | None, list[Filing]]:
    """What is asked for together: a few Organisations one by one, else (None) all at once."""
    is_many = len({f.organisation_id for f in unclear}) > _FEW
    groups: dict[int | None, list[Filing]] = {}
    for filing in unclear:
        organisation_id = None if is_many else filing.organisation_id or None
        groups.setdefault(organisation_id, []).append(filing)
    return groups


def _record(context: Context, group: Sequence[Filing], found: dict[str, int]) -> None:
    settle = context.settings.search_lag
    with context.begin() as tx:
        lock_copies_of(tx, {f.email_id for f in group})
        for filing in group:
            assert filing.intent_at is not None
            searches = filing.looks + 1
            if filing.key in found:
                outcome.filed(tx, [(filing, found[filing.key])])
                continue
            decision = verification.decide_after_search(
                intent_at=filing.intent_at, searches=searches, now=tx.now, settle=settle
            )
            if decision is VerifyDecision.NOT_THERE:
                outcome.schedule_resend(tx, filing)
            else:
                again = verification.next_search_at(
                    intent_at=filing.intent_at, now=tx.now, settle=settle
                )
                filings.retry_look(tx, filing, due_at=again, looks=searches)
