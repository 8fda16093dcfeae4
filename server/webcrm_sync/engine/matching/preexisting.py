"""Mails that carried `Synced` before this product met their folder (rule: leave the past alone)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from webcrm_sync.core.categories import has_synced_category
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import filing_key
from webcrm_sync.core.matching import Matched, Target, match_organisations
from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.times import earliest_time
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.matching import decide as matching
from webcrm_sync.store import directory, emails, filings, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items import item_records, transitions, undecided
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company

#: An Activity cannot be older than its mail, but two clocks may differ.
_CLOCK_MARGIN = timedelta(days=1)


def resolve_preexisting(context: Context, *, limit: int) -> int:
    """Settle up to `limit` mails of the past; how many there were.

    Looked up by key in webCRM: what stands there is taken over; what does not is skipped if it
    carries `Synced`, else an earlier watch ended before it was sent, or there was none. Our own
    stamp says that it stands there all the same, under an Organisation that its people have left
    or that a person chose: filed again it would be there twice.
    """
    with context.begin() as tx:
        ids = undecided.due(tx, limit=limit, is_past=True)
    isolate.run_batch(context, "past", ids, partial(resolve_these, context), incidents.hold_mail)
    return len(ids)


def resolve_these(context: Context, email_ids: Sequence[int]) -> None:
    """Settle these mails of the past."""
    with context.begin() as tx:
        found = undecided.read(tx, email_ids)
        targets = {email.id: _targets(context, tx, email) for email, _ in found}
    standing = _standing(context, [(email, targets[email.id]) for email, _ in found])
    with context.begin() as tx:
        lock_company(tx)
        for email, copies in found:
            _settle(context, tx, email, copies, targets[email.id], standing)


def _targets(context: Context, tx: Tx, email: Email) -> tuple[Target, ...]:
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    addresses = undecided.addresses(tx, [email.id])[email.id]
    people = matching.externals_on(email, addresses, internals)
    book = directory.look_up(tx, addresses, {p.domain for p in people})
    found = match_organisations(people, book)
    return found.targets if isinstance(found, Matched) else ()


def _standing(
    context: Context, wanted: Sequence[tuple[Email, tuple[Target, ...]]]
) -> dict[str, int]:
    """Our keys that stand in webCRM under the Organisations of these mails, with their ids."""
    since: dict[int, datetime] = {}
    for email, targets in wanted:
        at = earliest_time(email.sent_at, email.received_at) or datetime(2000, 1, 1, tzinfo=UTC)
        for target in targets:
            before = since.get(target.organisation_id, at)
            since[target.organisation_id] = min(before, at)
    return {
        activity.key: activity.activity_id
        for organisation_id, at in since.items()
        for activity in context.webcrm.keyed_activities(
            organisation_id, created_since=at - _CLOCK_MARGIN
        )
        if activity.key
    }


def _settle(
    context: Context,
    tx: Tx,
    email: Email,
    copies: Sequence[Item],
    targets: tuple[Target, ...],
    standing: dict[str, int],
) -> None:
    keys = {t: filing_key(context.tenant_id, email.key, t.organisation_id) for t in targets}
    there = {t: key for t, key in keys.items() if key in standing}
    was_synced = any(c.stamp or has_synced_category(c.categories) for c in copies)
    item_records.clear_past(tx, [email.id])
    if there:
        filings.plan(tx, email.id, list(there.items()))
        known = filings.of_emails(tx, [email.id])[email.id]
        planned = [f for f in known if f.key in standing and f.activity_id is None]
        filings.record_activities(tx, {f.id: standing[f.key] for f in planned})
        if was_synced or not email.has_attachments:
            filings.complete(tx, [f.id for f in planned])
    if there or not was_synced or filings.of_emails(tx, [email.id])[email.id]:
        matching.decide(context, tx, [email])
        return
    transitions.decide(tx, [email.id], to=State.SKIPPED, reason=Reason.SYNCED_BEFORE)
    emails.forget_contents(tx, [email.id])
    tx.record_event(EventKind.SKIPPED, email_id=email.id, reason=Reason.SYNCED_BEFORE.value)
