"""What people changed about mails that stand in webCRM, told to webCRM. All of it idempotent.

webCRM deletes no Activities (webCRM's Swagger): one that is taken back stands on, emptied and
marked, and is filled again when somebody asks for it again.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from webcrm_sync.core.direction import participants
from webcrm_sync.core.errors import AccessLost, Gone, Refused, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.filing import draft_activity
from webcrm_sync.core.mail_text.truncate import truncate
from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.core.storable import to_one_line
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import isolate
from webcrm_sync.engine.fault_isolation.incidents import Hold
from webcrm_sync.engine.filing import attachment_source, outcome
from webcrm_sync.engine.filing.attachment_source import Source
from webcrm_sync.engine.matching.manual_choice import person_at
from webcrm_sync.store import activity_updates, directory, documents, filings
from webcrm_sync.store.activity_updates import ActivityUpdate, UpdateKind
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.incident_records import Thing
from webcrm_sync.store.items.locks import lock_company
from webcrm_sync.webcrm.requests import ActivityChange

#: How an Activity that was taken back begins.
WITHDRAWN = "[withdrawn] "
_MAILBOX_RETRY = timedelta(seconds=30)


def push_updates(context: Context, source: Source, *, limit: int) -> int:
    """Tell webCRM up to `limit` wishes; how many there were.

    Raises Unclear or TryLater when webCRM is in trouble; what was not told is told again.
    """
    with context.begin() as tx:
        due = activity_updates.due(tx, limit=limit)
    isolate.run_each(context, "amend", due, partial(_grant, context, source), _aside)
    return len(due)


def _aside(filing_id: int) -> Hold:
    name = f"wish {filing_id}"
    return Hold(name, lambda tx, _: Thing(name, activity_updates.hold(tx, filing_id)))


def _grant(context: Context, source: Source, filing_id: int) -> None:
    with context.begin() as tx:
        found = activity_updates.read(tx, filing_id)
    if found is None:
        return
    wish, filing, email = found
    try:
        _amend(context, source, wish, filing, email)
    except Gone:
        _is_gone(context, wish, filing)
    except Refused as error:
        with context.begin() as tx:
            activity_updates.complete(tx, filing.id, wish)
            tx.record_event(EventKind.CHANGE_REFUSED, email_id=email.id, detail=str(error))


def _amend(
    context: Context, source: Source, wish: ActivityUpdate, filing: Filing, email: Email
) -> None:
    if wish.move_to is not None:
        _move(context, wish.move_to, filing, email)
    if wish.kind == UpdateKind.WITHDRAW:
        _withdraw(context, filing, email)
    if wish.kind in {UpdateKind.RESTORE, UpdateKind.REWRITE} and not _write_again(
        context, source, wish, filing, email
    ):
        return
    with context.begin() as tx:
        if wish.kind == UpdateKind.RESTORE:
            tx.record_event(EventKind.FILED_AGAIN, email_id=email.id, activity=filing.activity_id)
        activity_updates.complete(tx, filing.id, wish)


def _move(context: Context, organisation_id: int, filing: Filing, email: Email) -> None:
    """Put the Activity and its Documents under the Organisation that a person chose."""
    activity_id = filing.activity_id
    assert activity_id is not None
    people = participants(email) + email.reply_to
    with context.begin() as tx:
        book = directory.look_up(tx, [p.folded for p in people], ())
        document_ids = sorted(documents.ids_in_webcrm(tx, [filing.id]))
    person_id = person_at(people, book, organisation_id)
    context.webcrm.move_activity(activity_id, organisation_id)
    try:
        context.webcrm.change_activity(activity_id, ActivityChange(person_id=person_id or 0))
    except Refused:  # a Person may be gone whom the directory still knows
        person_id = None
        context.webcrm.change_activity(activity_id, ActivityChange(person_id=0))
    for document_id in document_ids:
        context.webcrm.move_document(document_id, organisation_id)
    with context.begin() as tx:
        place = {"organisation_id": organisation_id, "person_id": person_id}
        filings.set_filing(tx, filing.id, how=MatchedBy.PERSON.value, **place)
        tx.record_event(
            EventKind.MOVED_IN_WEBCRM,
            email_id=email.id,
            organisation=organisation_id,
            activity=activity_id,
        )


def _withdraw(context: Context, filing: Filing, email: Email) -> None:
    """Empty the Activity, say so in its subject, delete its Documents; more do not follow."""
    assert filing.activity_id is not None
    subject = truncate(f"{WITHDRAWN}{_subject(email)}", context.metadata.limits().subject)
    context.webcrm.change_activity(filing.activity_id, ActivityChange(subject=subject, memo=""))
    with context.begin() as tx:
        document_ids = sorted(documents.ids_in_webcrm(tx, [filing.id]))
    for document_id in document_ids:
        context.webcrm.delete_document(document_id)
    with context.begin() as tx:
        lock_company(tx)  # somebody may be asking for it again at this moment
        documents.forget_all(tx, filing.id)
        known = filings.of_emails(tx, [email.id])[email.id]
        if any(f.id == filing.id and f.is_withdrawn for f in known):
            outcome.completed(tx, [filing.id])  # what was attached is not written any more
        tx.record_event(EventKind.WITHDRAWN, email_id=email.id, activity=filing.activity_id)


def _subject(email: Email) -> str:
    return to_one_line(email.subject) or "(no subject)"


def _write_again(
    context: Context, source: Source, wish: ActivityUpdate, filing: Filing, email: Email
) -> bool:
    """Fill the Activity again; False when the mail cannot be read now and is tried later."""
    assert filing.activity_id is not None
    try:
        content = attachment_source.content(source, filing, email)
    except Gone:  # its words are gone: those that stand in webCRM must not go too
        if wish.kind == UpdateKind.REWRITE:
            return True
        content = attachment_source.Content(text="", lines=(), is_all=True)
    except (TryLater, AccessLost):
        with context.begin() as tx:
            activity_updates.postpone(tx, filing.id, due_at=tx.now + _MAILBOX_RETRY)
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
    words = ActivityChange(subject=draft.subject, memo=draft.memo)
    context.webcrm.change_activity(filing.activity_id, words)
    return True


def _is_gone(context: Context, wish: ActivityUpdate, filing: Filing) -> None:
    """The Activity was deleted in webCRM: nothing is left to take back; else it is made anew.

    Only for a person: nobody asked for words of ours that were to be written again.
    """
    with context.begin() as tx:
        activity_updates.complete(tx, filing.id, wish)
        if wish.kind == UpdateKind.REWRITE:
            return
        documents.forget_all(tx, filing.id)
        if wish.kind == UpdateKind.WITHDRAW:
            filings.set_filing(tx, filing.id, is_removed=True)
        else:
            filings.set_filing(
                tx,
                filing.id,
                organisation_id=wish.move_to or filing.organisation_id,
                how=MatchedBy.PERSON.value if wish.move_to else filing.how.value,
                activity_id=None,
                intent_at=None,
                is_complete=False,
                due_at=tx.now,
            )
