"""Compares one page of webCRM's Activities with our filings, and fixes what differs.

A page is one call. An Activity that its page lacks is read by its id before it counts as removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from webcrm_sync.core.crm import KeyedActivity, UnreadableRecord
from webcrm_sync.core.errors import Gone
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import outcome
from webcrm_sync.engine.reconciliation import adopt
from webcrm_sync.engine.reconciliation.differences import (
    Difference,
    Kind,
    PageFindings,
    PageProof,
    compare_page,
)
from webcrm_sync.engine.reconciliation.withdrawals import judge_withdrawals
from webcrm_sync.store import activity_updates, opportunities, reconciliation, recovery
from webcrm_sync.store.database import Tx
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import transitions
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.webcrm.listing import PAGE

#: webCRM's clock may differ from ours, and its search lags.
_MARGIN = timedelta(hours=1)
#: Activities read one by one in one step.
_MAX_SINGLE_READS = 50
#: Missing Activities from which webCRM itself is in doubt.
_MANY = 10


@dataclass(slots=True)
class _Page:
    """One page, the filings that it must contain, and the differences found so far."""

    activities: Sequence[KeyedActivity]
    expected: Sequence[Filing]
    next_id: int | None
    found: list[Difference] = field(default_factory=list)
    message_ids: dict[int, str | None] = field(default_factory=dict)

    def add(
        self, kind: Kind, filing: Filing, *activities: int, is_healed: bool = True, key: str = ""
    ) -> None:
        message_id = self.message_ids.get(filing.email_id)
        self.found.append(Difference(kind, is_healed, message_id, activities, key or None))


def prove_page(context: Context, first_id: int) -> PageProof:
    """The comparison of one page of Activities, from `first_id` on. Fixes what it can in our rows.

    Idempotent. Writes nothing to webCRM. Raises TryLater when webCRM does not answer.
    """
    page = _read_page(context, first_id)
    with context.begin() as tx:
        known = reconciliation.filings_with(tx, [a.key for a in page.activities if a.key])
        filings = [*known.values(), *page.expected]
        page.message_ids |= reconciliation.message_ids(tx, {f.email_id for f in filings})
        busy = reconciliation.updates_requested(tx, [f.id for f in filings])
    findings = compare_page(page.activities, known, [f for f in page.expected if f.id not in busy])
    if _is_implausible(context, findings.absent, page.expected):
        return PageProof(None, differences=(Difference(Kind.MOST_MISSING, is_healed=False),))
    _record(context, page, findings, busy)
    doubtful = [(f, a) for f, a in findings.doubtful if f.id not in busy]
    for kind, filing in judge_withdrawals(context, doubtful):
        page.add(kind, filing, filing.activity_id or 0)
    _, odd_rivals = isolate.try_each(
        context,
        "judge a rival",
        findings.rivals,
        lambda pair: _judge_rival(context, page, *pair),
        lambda p: _name(p[0]),
    )
    _, odd = isolate.try_each(
        context,
        "judge a missing one",
        findings.absent,
        partial(_judge_absent, context, page),
        _name,
    )
    for filing, fault in [*((pair[0], fault) for pair, fault in odd_rivals), *odd]:
        incidents.record_once(context, "prove", _name(filing), fault)
    others = _adopt(context, page, findings.strangers)
    held = sum(1 for a in page.activities if a.key in known and not known[a.key].is_withdrawn)
    keyed = held + len(findings.strangers)
    return PageProof(page.next_id, keyed, others, tuple(page.found))


def _name(filing: Filing) -> str:
    return f"filing {filing.id}"


def _read_page(context: Context, first_id: int) -> _Page:
    """A page and the filings that it must contain; cut if too many Activities are missing."""
    lag = _MARGIN + context.settings.search_lag
    with context.begin() as tx:
        since = reconciliation.filed_since(tx) - _MARGIN
    odd: list[UnreadableRecord] = []
    activities = context.webcrm.fetch_keyed_page(first_id, created_since=since, odd=odd)
    for record in odd:  # its filing counts as absent and is read by itself
        incidents.record_once(context, "prove", f"activity {record.record_id}", record.fault)
    ids = [*(a.activity_id for a in activities), *(record.record_id for record in odd)]
    last = max(ids) if len(ids) == PAGE else None
    with context.begin() as tx:
        expected = reconciliation.filings_between(tx, first_id, last, filed_before=tx.now - lag)
    listed = {(a.activity_id, a.key) for a in activities}
    absent = [f for f in expected if (f.activity_id, f.key) not in listed]
    if len(absent) > _MAX_SINGLE_READS:
        last = absent[_MAX_SINGLE_READS - 1].activity_id or 0
        activities = tuple(a for a in activities if a.activity_id <= last)
        expected = [f for f in expected if (f.activity_id or 0) <= last]
    return _Page(activities, expected, last + 1 if last is not None else None)


def _is_implausible(context: Context, absent: Sequence[Filing], expected: Sequence[Filing]) -> bool:
    """True if implausibly many Activities are missing: a wrong or a broken webCRM."""
    if len(absent) < _MANY or len(absent) * 2 <= len(expected):
        return False
    found, odd = isolate.try_each(
        context, "read", absent[:_MANY], partial(_read_activity, context), _name
    )
    return not odd and all(activity is None for activity in found)


def _read_activity(context: Context, filing: Filing) -> KeyedActivity | None:
    """The filing's Activity as it is now; None if it no longer exists."""
    try:
        return context.webcrm.fetch_activity(filing.activity_id or 0)
    except Gone:
        return None


def _record(context: Context, page: _Page, findings: PageFindings, busy: frozenset[int]) -> None:
    """Record what the page alone shows: lost filings, and Activities that are elsewhere."""
    moved = [(f, a) for f, a in findings.moved if f.id not in busy]
    # The search may not show yet what was written a moment ago.
    settled_at = context.now() - _MARGIN - context.settings.search_lag
    changed, lost = (
        [
            (f, a)
            for f, a in pairs
            if f.id not in busy and (f.opportunity_at is None or f.opportunity_at < settled_at)
        ]
        for pairs in (findings.changed, findings.lost)
    )
    with incidents.release_if_widespread(context), context.begin() as tx:
        for pairs, record in (
            (findings.unrecorded, _record_lost),
            (moved, _record_moved),
            (changed, _record_opportunity),
            (lost, _write_opportunity_again),
        ):
            for pair in pairs:  # one savepoint each, so that `page` gets each difference once
                isolate.run_in_savepoints(
                    context, tx, "prove", [pair], partial(record, tx, page), _hold_of
                )
        if findings.unrecorded:
            tx.defer(Job.FILE, tx.company_id)


Pairs = Sequence[tuple[Filing, KeyedActivity]]


def _hold_of(pair: tuple[Filing, KeyedActivity]) -> Hold:
    return incidents.leave_out(_name(pair[0]))


def _record_lost(tx: Tx, page: _Page, pairs: Pairs) -> None:
    for filing, activity in pairs:
        outcome.filed(tx, [(filing, activity.activity_id)])
        page.add(Kind.LOST_FILING, filing, activity.activity_id)


def _record_moved(tx: Tx, page: _Page, pairs: Pairs) -> None:
    for filing, activity in pairs:
        is_healed = recovery.move(tx, filing, activity.organisation_id)
        if is_healed:
            opportunities.record(tx, filing.id, activity.opportunity_id, at=activity.updated_at)
            facts = {"organisation": activity.organisation_id}
            tx.record_event(
                EventKind.MOVED_IN_WEBCRM,
                email_id=filing.email_id,
                activity=activity.activity_id,
                **facts,
            )
        page.add(Kind.MOVED, filing, activity.activity_id, is_healed=is_healed)


def _record_opportunity(tx: Tx, page: _Page, pairs: Pairs) -> None:
    """Record the Opportunity that a person chose in webCRM."""
    for filing, activity in pairs:
        opportunities.record(tx, filing.id, activity.opportunity_id, at=activity.updated_at)
        tx.record_event(
            EventKind.OPPORTUNITY_CHANGED_IN_WEBCRM,
            email_id=filing.email_id,
            organisation=activity.organisation_id,
            activity=activity.activity_id,
            opportunity=activity.opportunity_id,
        )
        page.add(Kind.OPPORTUNITY, filing, activity.activity_id)


def _write_opportunity_again(tx: Tx, page: _Page, pairs: Pairs) -> None:
    """Let the ordinary step set the Opportunity again; it never sets a foreign one."""
    for filing, activity in pairs:
        activity_updates.repeat_opportunity(tx, filing)
        page.add(Kind.OPPORTUNITY_LOST, filing, activity.activity_id)


def _judge_rival(context: Context, page: _Page, filing: Filing, activity: KeyedActivity) -> None:
    """Another Activity has the filing's key: either we recorded a wrong one, or there are two."""
    recorded = _read_activity(context, filing)
    if recorded is not None and recorded.key == filing.key:
        both = sorted([recorded.activity_id, activity.activity_id])
        page.add(Kind.DOUBLE, filing, *both, is_healed=False)
        return
    with context.begin() as tx:
        recovery.correct(tx, filing, activity)
    page.add(Kind.WRONG_ACTIVITY, filing, activity.activity_id)


def _judge_absent(context: Context, page: _Page, filing: Filing) -> None:
    """The page lacks the filing's Activity: read it by its id, then search for its key."""
    recorded = _read_activity(context, filing)
    if recorded is not None and recorded.key == filing.key:
        return  # the search lags
    found = _find_by_key(context, filing)
    if found is not None:
        if all(d.activities != (found.activity_id,) for d in page.found):
            page.add(Kind.WRONG_ACTIVITY, filing, found.activity_id)
        with context.begin() as tx:
            recovery.correct(tx, filing, found)
        return
    activity_id = filing.activity_id or 0
    if recorded is not None:
        page.add(Kind.KEY_MISSING, filing, activity_id, is_healed=False, key=filing.key)
        return
    with context.begin() as tx:
        lock_company(tx)
        recovery.withdraw_removed(tx, filing)
    page.add(Kind.REMOVED, filing, activity_id)


def _find_by_key(context: Context, filing: Filing) -> KeyedActivity | None:
    with context.begin() as tx:
        since = reconciliation.filed_since(tx) - _MARGIN
    listed = context.webcrm.list_keyed_activities(
        filing.organisation_id or None, created_since=since
    )
    return next((a for a in listed if a.key == filing.key), None)


def _adopt(context: Context, page: _Page, strangers: Sequence[KeyedActivity]) -> int:
    """Adopt the strangers whose mail we have; returns the number of the others."""
    if not strangers:
        return 0
    with context.begin() as tx:
        by_activity = reconciliation.email_by_activity(tx, [a.activity_id for a in strangers])
        unfiled = reconciliation.email_keys(tx, is_unfiled=True)
        keys = reconciliation.email_keys(tx, ids=by_activity.values())
    known = {
        a.activity_id: by_activity[a.activity_id] for a in strangers if a.activity_id in by_activity
    }
    owned = [adopt.Attributed(a, known[a.activity_id]) for a in strangers if a.activity_id in known]
    places = {a.organisation_id for a in strangers}
    rest = [a for a in strangers if a.activity_id not in known]
    attributed = adopt.attribute(context.tenant_id, rest, unfiled, places)
    owned += adopt.without_namesakes(context, attributed)
    owned = [o for o in owned if o.email_id in keys or o.email_id in unfiled]
    rivals = adopt.adopt(context, owned, kind=EventKind.ADOPTED)
    with context.begin() as tx:
        ids = reconciliation.message_ids(tx, {o.email_id for o in owned})
    for one in owned:
        is_double = one in rivals
        kind = Kind.DOUBLE if is_double else Kind.LOST_FILING
        activities = (one.activity.activity_id,)
        page.found.append(Difference(kind, not is_double, ids[one.email_id], activities))
    return len(strangers) - len(owned)


def prove_rest(context: Context) -> list[Difference]:
    """After the last page: skip synced mails that have no Activity."""
    with context.begin() as tx:
        lock_company(tx)
        unfiled = reconciliation.unfiled(tx)
        if len(unfiled) >= _MANY and len(unfiled) * 2 > reconciliation.count_synced(tx):
            return [Difference(Kind.MOST_MISSING, is_healed=False)]
        transitions.skip_removed(tx, [email_id for email_id, _ in unfiled])
        for email_id, _ in unfiled:
            tx.record_event(EventKind.REMOVED_IN_WEBCRM, email_id=email_id)
    return [Difference(Kind.NO_ACTIVITY, message_id=message_id) for _, message_id in unfiled]
