"""Resolves mails that were in a sync folder before we watched it (rule: leave the past alone)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from webcrm_sync.core.along import Along, read_left_out
from webcrm_sync.core.categories import has_synced_category
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import filing_key
from webcrm_sync.core.matching import Matched, Target, match_organisations
from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.times import earliest_time
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.matching import decide as matching
from webcrm_sync.store import along_choices, directory, emails, filings, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items import item_records, transitions, undecided
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company

#: An Activity cannot be older than its mail, but the two clocks may differ.
_CLOCK_MARGIN = timedelta(days=1)


def resolve_preexisting(context: Context, *, limit: int) -> int:
    """Resolve up to `limit` mails of the past. Returns how many were due.

    A mail whose key webCRM has is taken over. A mail that webCRM does not have is skipped if it
    carries `Synced` or our stamp, else matched like any other. The stamp proves that webCRM has
    the mail under another Organisation, one that its people have left or that a person chose:
    filing it again would double it.
    """
    with context.begin() as tx:
        ids = undecided.due(tx, limit=limit, is_past=True)
    isolate.run_batch(context, "resolve", ids, partial(resolve_these, context), incidents.hold_mail)
    return len(ids)


def resolve_these(context: Context, email_ids: Sequence[int]) -> None:
    """Resolve these mails of the past."""
    with context.begin() as tx:
        found = undecided.read(tx, email_ids)
        targets = {email.id: _targets(context, tx, email) for email, _ in found}
    existing = _existing(context, [(email, targets[email.id]) for email, _ in found])
    memos = context.webcrm.list_memos(existing.values())
    chosen = {i: along for i in memos if (along := read_left_out(memos[i], ()))}
    with context.begin() as tx:
        lock_company(tx)
        for email, copies in found:
            _resolve(context, tx, email, copies, targets[email.id], existing, chosen)


def _targets(context: Context, tx: Tx, email: Email) -> tuple[Target, ...]:
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    addresses = undecided.addresses(tx, [email.id])[email.id]
    people = matching.externals_on(email, addresses, internals)
    lookup = directory.look_up(tx, addresses, {p.domain for p in people})
    found = match_organisations(people, lookup)
    return found.targets if isinstance(found, Matched) else ()


def _existing(
    context: Context, wanted: Sequence[tuple[Email, tuple[Target, ...]]]
) -> dict[str, int]:
    """By filing key, the id of each Activity of ours under the Organisations of these mails."""
    since: dict[int, datetime] = {}
    for email, targets in wanted:
        at = earliest_time(email.sent_at, email.received_at) or datetime(2000, 1, 1, tzinfo=UTC)
        for target in targets:
            before = since.get(target.organisation_id, at)
            since[target.organisation_id] = min(before, at)
    return {
        activity.key: activity.activity_id
        for organisation_id, at in since.items()
        for activity in context.webcrm.list_keyed_activities(
            organisation_id, created_since=at - _CLOCK_MARGIN
        )
        if activity.key
    }


def _resolve(
    context: Context,
    tx: Tx,
    email: Email,
    copies: Sequence[Item],
    targets: tuple[Target, ...],
    existing: dict[str, int],
    chosen: Mapping[int, Along],
) -> None:
    """`chosen`: by Activity id, what a person let go along, as the Activity says."""
    keys = {t: filing_key(context.tenant_id, email.key, t.organisation_id) for t in targets}
    existing_keys = {t: key for t, key in keys.items() if key in existing}
    was_synced = any(c.stamp or has_synced_category(c.categories) for c in copies)
    item_records.clear_past(tx, [email.id])
    if existing_keys:
        filings.plan(tx, email.id, list(existing_keys.items()))
        known = filings.of_emails(tx, [email.id])[email.id]
        planned = [f for f in known if f.key in existing and f.activity_id is None]
        filings.record_activities(tx, {f.id: existing[f.key] for f in planned})
        for filing in planned:
            if existing[filing.key] in chosen:
                along_choices.recall(tx, email.id, chosen[existing[filing.key]])
        if was_synced or not email.has_attachments:
            filings.complete(tx, [f.id for f in planned])
    if existing_keys or not was_synced or filings.of_emails(tx, [email.id])[email.id]:
        matching.decide(context, tx, [email])
        return
    transitions.decide(tx, [email.id], to=State.SKIPPED, reason=Reason.SYNCED_BEFORE)
    emails.forget_contents(tx, [email.id])
    tx.record_event(EventKind.SKIPPED, email_id=email.id, reason=Reason.SYNCED_BEFORE.value)
