"""Resolves mails that were in a sync folder before we watched it (rule: leave the past alone)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from webcrm_sync.core.along import Along, read_left_out
from webcrm_sync.core.categories import has_synced_category
from webcrm_sync.core.crm import KeyedActivity, created_since
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import filing_key
from webcrm_sync.core.matching import Matched, Target, match_organisations
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.matching import decide as matching
from webcrm_sync.store import (
    along_choices,
    directory,
    emails,
    filings,
    mail_identity,
    mailboxes,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.items import item_records, transitions, undecided
from webcrm_sync.store.items.item import Item
from webcrm_sync.store.items.locks import lock_company


def resolve_preexisting(context: Context, *, limit: int) -> int:
    """Resolve up to `limit` mails of the past. Returns how many were due.

    A mail whose key webCRM has is taken over. A mail that webCRM does not have is skipped if it
    carries `Synced` or our stamp, else matched like any other. The stamp proves that webCRM has
    the mail under another Organisation, one that its people have left or that a person chose:
    filing it again would double it. An Activity with its key that is older than the mail is of
    another mail with the same Message-ID.
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
    memos = context.webcrm.list_memos([a.activity_id for a in existing.values()])
    chosen = {i: along for i in memos if (along := read_left_out(memos[i], ()))}
    with context.begin() as tx:
        lock_company(tx)
        for email, copies in found:
            named = _with_own_key(context, tx, email, copies, targets[email.id], existing)
            _resolve(context, tx, named, copies, targets[email.id], existing, chosen)


def _targets(context: Context, tx: Tx, email: Email) -> tuple[Target, ...]:
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    addresses = undecided.addresses(tx, [email.id])[email.id]
    people = matching.externals_on(email, addresses, internals)
    lookup = directory.look_up(tx, addresses, {p.domain for p in people})
    found = match_organisations(people, lookup)
    return found.targets if isinstance(found, Matched) else ()


def _existing(
    context: Context, wanted: Sequence[tuple[Email, tuple[Target, ...]]]
) -> dict[str, KeyedActivity]:
    """By filing key, each Activity of ours under the Organisations of these mails."""
    since: dict[int, datetime] = {}
    for email, targets in wanted:
        at = created_since(email.sent_at, email.received_at)
        for target in targets:
            before = since.get(target.organisation_id, at)
            since[target.organisation_id] = min(before, at)
    return {
        activity.key: activity
        for organisation_id, at in since.items()
        for activity in context.webcrm.list_keyed_activities(organisation_id, created_since=at)
        if activity.key
    }


def _with_own_key(
    context: Context,
    tx: Tx,
    email: Email,
    copies: Sequence[Item],
    targets: Sequence[Target],
    existing: Mapping[str, KeyedActivity],
) -> Email:
    """The mail, under another key if webCRM has an older mail under its key.

    After a loss of the tables nothing here tells which of several mails with one Message-ID had
    the key first; a stamp on a copy would.
    """
    keys = [filing_key(context.tenant_id, email.key, t.organisation_id) for t in targets]
    with_key = [existing[key] for key in keys if key in existing]
    is_older = any(a.is_older_than(email.sent_at, email.received_at) for a in with_key)
    if not is_older or not email.message_id:
        return email
    mailbox_id, message_ids = copies[0].mailbox_id, {email.message_id}
    mails = mail_identity.read_known_mails(tx, mailbox_id, message_ids=message_ids, keys=())
    known = next(mail for mail in mails if mail.id == email.id)
    if known.has_fixed_key(context.tenant_id):
        return email
    key = known.distinct_key()
    mail_identity.change_key(tx, email.id, key)
    return replace(email, key=key)


def _resolve(
    context: Context,
    tx: Tx,
    email: Email,
    copies: Sequence[Item],
    targets: tuple[Target, ...],
    existing: Mapping[str, KeyedActivity],
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
        activity_ids = {f.id: existing[f.key].activity_id for f in planned}
        filings.record_activities(tx, activity_ids)
        for activity_id in activity_ids.values():
            if activity_id in chosen:
                along_choices.recall(tx, email.id, chosen[activity_id])
        if was_synced or not email.has_attachments:
            filings.complete(tx, [f.id for f in planned])
    if existing_keys or not was_synced or filings.of_emails(tx, [email.id])[email.id]:
        matching.decide(context, tx, [email])
        return
    transitions.decide(tx, [email.id], to=State.SKIPPED, reason=Reason.SYNCED_BEFORE)
    emails.forget_contents(tx, [email.id])
    tx.record_event(EventKind.SKIPPED, email_id=email.id, reason=Reason.SYNCED_BEFORE.value)
