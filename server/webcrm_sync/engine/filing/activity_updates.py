"""Applies to webCRM what people change about filed mails: move, withdraw, restore. Idempotent.

webCRM deletes no Activities (webCRM's Swagger). A withdrawn Activity therefore stays, empty and
marked, and is filled again when somebody asks for it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import partial

from webcrm_sync.core import phrases
from webcrm_sync.core.crm import WITHDRAWN
from webcrm_sync.core.direction import participants
from webcrm_sync.core.errors import AccessLost, Gone, Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.filing import draft_activity
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.matching import MatchedBy, find_person
from webcrm_sync.core.storable import to_one_line
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import activity_opportunity, attachment_source, outcome
from webcrm_sync.engine.filing.attachment_source import Content, Source
from webcrm_sync.engine.matching.opportunity_choice import planned_opportunity
from webcrm_sync.store import activity_updates, directory, documents, filings, opportunities
from webcrm_sync.store.activity_updates import ActivityUpdate, UpdateKind
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.incident_records import IncidentSubject
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.webcrm.requests import ActivityChange

#: The events of updates. Each is recorded with the end of its update, so that it occurs once.
_EVENTS = {
    UpdateKind.RESTORE: EventKind.FILED_AGAIN,
    UpdateKind.WITHDRAW: EventKind.WITHDRAWN,
}
#: Retry an update this much later when its mail or its records alone cannot be read.
_RETRY = timedelta(seconds=30)


def push_updates(context: Context, source: Source, *, limit: int) -> int:
    """Apply up to `limit` due updates. Returns how many were due.

    Raises Unclear or TryLater when webCRM is in trouble; the rest stays due.
    """
    with context.begin() as tx:
        due = activity_updates.due(tx, limit=limit)
    isolate.run_each(context, "update", due, partial(_push_update, context, source), _aside)
    return len(due)


def _aside(filing_id: int) -> Hold:
    name = f"update {filing_id}"
    return Hold(name, lambda tx, _: IncidentSubject(name, activity_updates.hold(tx, filing_id)))


def _push_update(context: Context, source: Source, filing_id: int) -> None:
    with context.begin() as tx:
        found = activity_updates.read(tx, filing_id)
    if found is None:
        return
    update, filing, email = found
    try:
        _apply(context, source, update, filing, email)
    except Gone:
        _on_deleted(context, update, filing)
    except TryLater:
        context.webcrm.check_login()  # raises if webCRM is in trouble, and not this record alone
        with context.begin() as tx:
            activity_updates.postpone(tx, filing.id, due_at=tx.now + _RETRY)
    except Refused as error:
        with context.begin() as tx:
            activity_updates.complete(tx, filing.id, update)
            tx.record_event(EventKind.CHANGE_REFUSED, email_id=email.id, detail=str(error))


def _apply(
    context: Context, source: Source, update: ActivityUpdate, filing: Filing, email: Email
) -> None:
    if update.move_to is not None:
        _move_or_stay(context, update, filing, email)
    if update.kind == UpdateKind.WITHDRAW:
        _withdraw(context, update, filing, email)
    if update.kind in {UpdateKind.RESTORE, UpdateKind.REWRITE} and not _rewrite(
        context, source, update, filing, email
    ):
        return
    chosen = planned_opportunity(filing, update)
    changed = None
    if _sets_opportunity(update, filing):
        assert filing.activity_id is not None
        changed = activity_opportunity.put_under(context, filing.activity_id, chosen)
    with context.begin() as tx:
        if changed is not None:
            activity_opportunity.record(tx, filing, chosen, changed)
        if (kind := _EVENTS.get(update.kind)) is not None:
            tx.record_event(kind, email_id=email.id, activity=filing.activity_id)
        activity_updates.complete(tx, filing.id, update)


def _move_or_stay(context: Context, update: ActivityUpdate, filing: Filing, email: Email) -> None:
    """Move the Activity. One that is to be filled again is filled where it is if it cannot move."""
    assert update.move_to is not None
    try:
        _move(context, update.move_to, filing, email)
    except Refused as error:
        if update.kind is not UpdateKind.RESTORE:
            raise
        with context.begin() as tx:
            tx.record_event(EventKind.CHANGE_REFUSED, email_id=email.id, detail=str(error))


def _move(context: Context, organisation_id: int, filing: Filing, email: Email) -> None:
    """Move the Activity and its Documents to the Organisation that a person chose.

    It leaves its Opportunity before it moves. Raises Refused when it cannot.
    """
    activity_id = filing.activity_id
    assert activity_id is not None
    people = participants(email) + email.reply_to
    with context.begin() as tx:
        lookup = directory.look_up(tx, [p.folded for p in people], ())
        document_ids = sorted(documents.ids_in_webcrm(tx, [filing.id]))
    person_id = find_person(people, lookup, organisation_id)
    opportunity_id = activity_opportunity.move(context, filing, organisation_id)
    try:
        context.webcrm.change_activity(activity_id, ActivityChange(person_id=person_id or 0))
    except Refused:  # webCRM may have deleted a Person whom the directory still has.
        person_id = None
        context.webcrm.change_activity(activity_id, ActivityChange(person_id=0))
    for document_id in document_ids:
        context.webcrm.move_document(document_id, organisation_id)
    with context.begin() as tx:
        place = {"organisation_id": organisation_id, "person_id": person_id}
        filings.set_filing(tx, filing.id, how=MatchedBy.PERSON.value, **place)
        opportunities.record(tx, filing.id, opportunity_id, at=None)
        if filing.organisation_id != organisation_id:  # else an earlier run has recorded it
            tx.record_event(
                EventKind.MOVED_IN_WEBCRM,
                email_id=email.id,
                organisation=organisation_id,
                activity=activity_id,
            )


def _sets_opportunity(update: ActivityUpdate, filing: Filing) -> bool:
    """True if the Activity gets another Opportunity: one that a person chose, or the one it had."""
    is_restored = update.kind is UpdateKind.RESTORE and update.move_to is None
    is_back = is_restored and filing.opportunity_id is not None
    return update.kind is not UpdateKind.WITHDRAW and (update.sets_opportunity or is_back)


def _withdraw(context: Context, update: ActivityUpdate, filing: Filing, email: Email) -> None:
    """Empty the Activity, mark its subject and delete its Documents. No more Documents follow.

    An empty Activity is under no Opportunity; the filing keeps it for the day it is restored.
    """
    assert filing.activity_id is not None
    subject = truncate(f"{WITHDRAWN}{_subject(email)}", context.metadata.limits().subject)
    context.webcrm.change_activity(filing.activity_id, ActivityChange(subject=subject, memo=""))
    if filing.opportunity_id is not None:
        with suppress(Refused):  # It stays in the Organisation, so its Opportunity is not foreign.
            activity_opportunity.clear(context, context.webcrm.fetch_activity(filing.activity_id))
    with context.begin() as tx:
        document_ids = sorted(documents.ids_in_webcrm(tx, [filing.id]))
    for document_id in document_ids:
        context.webcrm.delete_document(document_id)
    with context.begin() as tx:
        lock_company(tx)  # A person may restore the mail at this moment.
        documents.forget_all(tx, filing.id)
        opportunities.record(tx, filing.id, planned_opportunity(filing, update), at=None)
        known = filings.of_emails(tx, [email.id])[email.id]
        if any(f.id == filing.id and f.is_withdrawn for f in known):
            outcome.completed(tx, [filing.id])  # Do not write the remaining attachments.


def _subject(email: Email) -> str:
    return to_one_line(email.subject) or "(no subject)"


def _rewrite(
    context: Context, source: Source, update: ActivityUpdate, filing: Filing, email: Email
) -> bool:
    """Fill the Activity again; False when the mail cannot be read now, so it is retried later."""
    assert filing.activity_id is not None
    try:
        content = attachment_source.content(source, filing, email)
    except Gone:  # We cannot read the text any more, so webCRM must keep the text it has.
        if update.kind == UpdateKind.REWRITE:
            return True
        content = Content(text="", lines=(), is_all=True)
    except (TryLater, AccessLost):
        with context.begin() as tx:
            activity_updates.postpone(tx, filing.id, due_at=tx.now + _RETRY)
        return False
    limits = context.metadata.limits()
    draft = draft_activity(
        email,
        content.text,
        filing.target,
        key=filing.key,
        action="",
        user_id=None,
        limits=limits,
        lines=content.lines,
    )
    change = ActivityChange(subject=draft.subject, memo=draft.memo)
    context.webcrm.change_activity(filing.activity_id, change)
    if update.kind == UpdateKind.RESTORE:
        _delete_not_chosen(context, filing, content)
    return True


def _delete_not_chosen(context: Context, filing: Filing, content: Content) -> None:
    """Delete the Documents that the person left out when the mail was synced again.

    webCRM still has them if the mail was synced again before it was withdrawn there.
    """
    with context.begin() as tx:
        written = [d for d in documents.of_filing(tx, filing.id) if d.document_id is not None]
    for one in written:
        if one.position in content.not_chosen and one.document_id is not None:
            context.webcrm.delete_document(one.document_id)
            with context.begin() as tx:
                documents.leave_out_by_choice(tx, one.id)


def _on_deleted(context: Context, update: ActivityUpdate, filing: Filing) -> None:
    """Handle an Activity that was deleted in webCRM: create it again if a person wants it.

    A withdrawal is complete without it. A rewrite that no person asked for ends, and so does the
    change of its Opportunity alone: `prove` says that it is gone.
    """
    with context.begin() as tx:
        activity_updates.complete(tx, filing.id, update)
        if update.kind is UpdateKind.OPPORTUNITY:
            tx.record_event(
                EventKind.CHANGE_REFUSED,
                email_id=filing.email_id,
                detail=phrases.ACTIVITY_DELETED.english,
            )
        if update.kind in {UpdateKind.REWRITE, UpdateKind.OPPORTUNITY}:
            return
        documents.forget_all(tx, filing.id)
        if update.kind == UpdateKind.WITHDRAW:
            filings.set_filing(tx, filing.id, is_removed=True)
        else:
            filings.set_filing(
                tx,
                filing.id,
                organisation_id=update.move_to or filing.organisation_id,
                how=MatchedBy.PERSON.value if update.move_to else filing.how.value,
                opportunity_id=planned_opportunity(filing, update),
                opportunity_at=None,
                activity_id=None,
                intent_at=None,
                is_complete=False,
                due_at=tx.now,
            )
