"""Attributes Activities with a key of ours but no filing to their mails, and adopts them.

A key is a hash, so the mail is found by computing the keys of all candidates. Nothing is written to
webCRM.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core.along import Along, read_left_out
from webcrm_sync.core.crm import DocumentRow, KeyedActivity
from webcrm_sync.core.direction import external_people
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import find_filing_keys, hash_bytes
from webcrm_sync.core.matching import Matched, MatchedBy, Target, match_organisations
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.reconciliation.withdrawals import restore_wanted
from webcrm_sync.store import along_choices, directory, emails, filings, mailboxes, recovery
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email


@dataclass(frozen=True, slots=True)
class Attributed:
    """An Activity, and the e-mail that it is the filing of."""

    activity: KeyedActivity
    email_id: int


@dataclass(frozen=True, slots=True)
class _Filed:
    """What an Activity holds of its mail."""

    documents: Sequence[DocumentRow]
    memo: str | None

    @property
    def along(self) -> Along | None:
        """The parts of the mail that a person chose, as the Activity says."""
        return read_left_out(self.memo or "", [row.name for row in self.documents])

    @property
    def is_emptied(self) -> bool:
        """True for a withdrawn Activity: every other one names at least the mail's people."""
        return self.memo is not None and not self.memo.strip()


def attribute(
    tenant_id: str,
    activities: Sequence[KeyedActivity],
    mails: Mapping[int, str],
    organisations: Collection[int],
) -> list[Attributed]:
    """The Activities whose mail is among `mails` (key by id), each with its mail.

    The Activities' own Organisations are tried first, then all `organisations`, since somebody may
    have moved an Activity since it was filed.
    """
    by_key = {a.key: a for a in activities}
    unattributed = {hash_bytes(key): key for key in by_key}
    current = {a.organisation_id for a in activities}
    found: list[Attributed] = []
    for tried in (sorted(current), sorted(set(organisations) - current)):
        for email_id, email_key in mails.items() if unattributed else ():
            for key in list(find_filing_keys(unattributed, tenant_id, email_key, tried)):
                found.append(Attributed(by_key[key], email_id))
                del unattributed[hash_bytes(key)]
    return found


def without_namesakes(context: Context, attributed: Sequence[Attributed]) -> list[Attributed]:
    """These without the Activities that are older than their mails: they are of other mails."""
    with context.begin() as tx:
        mails = emails.emails_by_id(tx, {one.email_id for one in attributed})
    return [
        one
        for one in attributed
        for mail in [mails[one.email_id]]
        if not one.activity.is_older_than(mail.sent_at, mail.received_at)
    ]


def adopt(context: Context, owned: Sequence[Attributed], *, kind: EventKind) -> list[Attributed]:
    """Record these Activities as the filings of their mails. Idempotent.

    Returns the rivals: Activities whose mail has another Activity under the same Organisation.
    Each Activity is recorded under its present Organisation. `kind`: the event to record.
    """
    with context.begin() as tx:
        mails = emails.emails_by_id(tx, {o.email_id for o in owned})
    with_documents = {o.activity.activity_id for o in owned if mails[o.email_id].has_attachments}
    documents = _read_documents(context, with_documents) if with_documents else {}
    memos = context.webcrm.list_memos({o.activity.activity_id for o in owned})
    rivals: list[Attributed] = []
    with incidents.release_if_widespread(context), context.begin() as tx:
        for email_id in sorted({o.email_id for o in owned}):
            filings.lock_filings(tx, email_id)

        def adopt_some(some: Sequence[Attributed]) -> None:
            for one in some:
                filed = _Filed(
                    documents.get(one.activity.activity_id, ()),
                    memos.get(one.activity.activity_id),
                )
                if not _adopt(context, tx, one.activity, mails[one.email_id], filed, kind):
                    rivals.append(one)

        for one in owned:
            isolate.run_in_savepoints(context, tx, kind, [one], adopt_some, _hold_of)
        recovery.mark_taken_away(tx, mails)
        restore_wanted(tx, list(mails))
    return rivals


def _hold_of(owned: Attributed) -> Hold:
    return incidents.hold_mail(owned.email_id)


def _read_documents(
    context: Context, activity_ids: Collection[int]
) -> dict[int, list[DocumentRow]]:
    """The Documents of these Activities by Activity id, oldest first."""
    found: dict[int, list[DocumentRow]] = {}
    for row in context.webcrm.list_documents():
        if row.activity_id in activity_ids:
            found.setdefault(row.activity_id, []).append(row)
    return found


def _adopt(
    context: Context,
    tx: Tx,
    activity: KeyedActivity,
    email: Email,
    filed: _Filed,
    kind: EventKind,
) -> bool:
    """Adopt one Activity; False if it is a rival."""
    documents, along = filed.documents, filed.along
    target = _find_target(context, tx, email, activity)
    filing_id = recovery.add_filing(tx, email.id, activity, target)
    if filing_id is None:
        return False
    if filed.is_emptied:
        recovery.record_withdrawn(tx, filing_id)
        tx.record_event(EventKind.WITHDRAWN, email_id=email.id, activity=activity.activity_id)
        return True
    recovery.add_documents(tx, filing_id, documents)
    if along is not None:
        along_choices.recall(tx, email.id, along)
    # A filing without any Document was interrupted before its attachments: they are sent now.
    are_left_out = along is not None and along.files is not None
    if documents or are_left_out or not email.has_attachments:
        filings.complete(tx, [filing_id])
    facts = {"organisation": activity.organisation_id, "activity": activity.activity_id}
    tx.record_event(kind, email_id=email.id, **facts)
    return True


def _find_target(context: Context, tx: Tx, email: Email, activity: KeyedActivity) -> Target:
    """The Activity's Organisation. If matching would not choose it, a person did."""
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    people = external_people(email, internals)
    entries = directory.look_up(tx, [p.folded for p in people], {p.domain for p in people})
    found = match_organisations(people, entries)
    targets = found.targets if isinstance(found, Matched) else ()
    organisation_id = activity.organisation_id
    if not organisation_id:
        return Target(0, None, MatchedBy.NONE)
    same = (t for t in targets if t.organisation_id == organisation_id)
    return next(same, Target(organisation_id, None, MatchedBy.PERSON))
