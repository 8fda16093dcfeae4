"""Activities with a key of ours that no filing knows: whose they are, and taking them over.

The key is a hash, so an Activity's mail is found by making the keys of the mails that may be
meant. Nothing is written to webCRM.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from webcrm_sync.core.crm import DocumentRow, KeyedActivity
from webcrm_sync.core.direction import external_people
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.identity import find_filing_keys, hash_bytes
from webcrm_sync.core.matching import Matched, MatchedBy, Target, match_organisations
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.store import directory, emails, filings, mailboxes, recovery
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email

#: What a story says of the taking over.


@dataclass(frozen=True, slots=True)
class Attributed:
    """An Activity and the mail it stands for."""

    activity: KeyedActivity
    email_id: int


def attribute(
    tenant_id: str,
    activities: Sequence[KeyedActivity],
    mails: Mapping[int, str],
    organisations: Collection[int],
) -> list[Attributed]:
    """The mails (id -> key) that these Activities stand for; those of nobody are left out.

    First under the Organisations where the Activities stand, then under any of `organisations`,
    since somebody may have moved an Activity to where it stands now.
    """
    by_key = {a.key: a for a in activities}
    left = {hash_bytes(key): key for key in by_key}
    here = {a.organisation_id for a in activities}
    found: list[Attributed] = []
    for places in (sorted(here), sorted(set(organisations) - here)):
        for email_id, email_key in mails.items() if left else ():
            for key in list(find_filing_keys(left, tenant_id, email_key, places)):
                found.append(Attributed(by_key[key], email_id))
                del left[hash_bytes(key)]
    return found


def adopt(context: Context, owned: Sequence[Attributed], *, kind: EventKind) -> list[Attributed]:
    """Record these Activities as the filings of their mails. Idempotent.

    Those that cannot be are returned: another Activity of the mail stands under the same
    Organisation. Where the Activity stands now is its Organisation, whoever moved it there.
    """
    with context.begin() as tx:
        mails = emails.emails_by_id(tx, {o.email_id for o in owned})
    wanted = {o.activity.activity_id for o in owned if mails[o.email_id].has_attachments}
    documents = _documents(context, wanted) if wanted else {}
    rivals: list[Attributed] = []
    with incidents.release_if_widespread(context), context.begin() as tx:
        for email_id in sorted({o.email_id for o in owned}):
            filings.lock_filings(tx, email_id)

        def adopt(some: Sequence[Attributed]) -> None:
            for one in some:
                rows = documents.get(one.activity.activity_id, ())
                if not _adopt(context, tx, one.activity, mails[one.email_id], rows, kind):
                    rivals.append(one)

        for one in owned:
            isolate.run_in_savepoints(context, tx, kind, [one], adopt, _mail)
    return rivals


def _mail(owned: Attributed) -> Hold:
    return incidents.hold_mail(owned.email_id)


def _documents(context: Context, wanted: Collection[int]) -> dict[int, list[DocumentRow]]:
    """The Documents of these Activities, in the order in which they were written."""
    found: dict[int, list[DocumentRow]] = {}
    for row in context.webcrm.documents():
        if row.activity_id in wanted:
            found.setdefault(row.activity_id, []).append(row)
    return found


def _adopt(
    context: Context,
    tx: Tx,
    activity: KeyedActivity,
    email: Email,
    documents: Sequence[DocumentRow],
    kind: EventKind,
) -> bool:
    target = _target(context, tx, email, activity)
    filing_id = recovery.add_filing(tx, email.id, activity, target)
    if filing_id is None:
        return False
    recovery.add_documents(tx, filing_id, documents)
    # One whose attachments are all missing was cut off before them: they are written now.
    if documents or not email.has_attachments:
        filings.complete(tx, [filing_id])
    facts = {"organisation": activity.organisation_id, "activity": activity.activity_id}
    tx.record_event(kind, email_id=email.id, **facts)
    return True


def _target(context: Context, tx: Tx, email: Email, activity: KeyedActivity) -> Target:
    """Where it stands; whatever matching would not have said was said by a person."""
    internals = mailboxes.internals(tx, context.settings.internal_domains)
    others = external_people(email, internals)
    book = directory.look_up(tx, [p.folded for p in others], {p.domain for p in others})
    found = match_organisations(others, book)
    targets = found.targets if isinstance(found, Matched) else ()
    place = activity.organisation_id
    if not place:
        return Target(0, None, MatchedBy.NONE)
    same = (t for t in targets if t.organisation_id == place)
    return next(same, Target(place, None, MatchedBy.PERSON))
