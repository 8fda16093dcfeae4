"""Attachments of filed mails become Documents of their Activity."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from io import SEEK_END
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO

from webcrm_sync.core import verification
from webcrm_sync.core.attachments import AttachmentPlan
from webcrm_sync.core.crm import CreatedRecord, DocumentDraft, DocumentRow, RejectedRecord
from webcrm_sync.core.errors import (
    AccessLost,
    Gone,
    Refused,
    SyncError,
    TooLarge,
    TryLater,
    Unclear,
)
from webcrm_sync.core.faults import format_trace
from webcrm_sync.core.neutralize import neutralize_tags
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.core.verification import VerifyDecision
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.filing import attachment_source, outcome
from webcrm_sync.engine.filing.attachment_source import (
    MAILBOXES,
    OF_ONE_MAILBOX,
    Source,
    side_by_side,
)
from webcrm_sync.engine.filing.document_batches import SMALL, Waiting, by_mailbox, together
from webcrm_sync.engine.filing.mail_reader import from_a_copy
from webcrm_sync.store import documents, filings
from webcrm_sync.store.database import Tx
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.locks import lock_company

logger = logging.getLogger(__name__)

_TRIES = 4
_HOURLY_TRIES = 24
#: A mailbox that does not answer is asked again for the attachments this much later.
_MAILBOX_RETRY = timedelta(seconds=30)


def add_documents(context: Context, source: Source, filed: Sequence[tuple[Filing, Email]]) -> None:
    """Write one bulk of the attachments of these filings; those without any left are complete.

    Raises Unclear or TryLater when webCRM is in trouble; what was sent is then looked for first.
    """
    waiting: list[Waiting] = []
    reachable = []
    with context.begin() as tx:
        holders = lookup.addresses_holding(tx, [email.id for _, email in filed])
        planned = documents.of_filings(tx, [filing.id for filing, _ in filed])
    # What a mail shows matters only where its attachments are yet to be sorted out.
    filed = [(f, e if planned[f.id] else attachment_source.laid_out(context, e)) for f, e in filed]
    source.prepare([email for _, email in filed])
    for filing, email in filed:
        try:
            rows = planned[filing.id] or _plan(context, source, filing, email)
            mailbox = next(iter(holders[email.id]), "")
            waiting += [Waiting(filing, d, mailbox) for d in rows if not d.is_settled]
            reachable.append(filing)
        except (TryLater, AccessLost) as error:
            _put_off(context, filing, error)
        except Refused as error:
            with context.begin() as tx:
                outcome.park(tx, filing, Reason.UNREADABLE_ATTACHMENT, str(error))
    unclear = [w for w in waiting if w.document.intent_at is not None]
    if unclear:
        _look_for(context, unclear)
    if group := together([w for w in waiting if w.document.intent_at is None]):
        _send(context, source, group)
    _complete(context, reachable)


def _plan(context: Context, source: Source, filing: Filing, email: Email) -> Sequence[Document]:
    """The attachments of a filing, which were not planned when it was drafted."""
    try:
        enclosures = source.enclosures(email)
    except Gone:
        enclosures = AttachmentPlan()  # the Activity stands; what was attached went with the mail
    rows = attachment_source.plan(context, filing, enclosures)
    return _doubted(context, filing) if filing.lease is None else rows


def _doubted(context: Context, filing: Filing) -> Sequence[Document]:
    """Its attachments, to be looked for first: the Activity was taken over, perhaps with them."""
    with context.begin() as tx:
        planned = documents.of_filing(tx, filing.id)
        documents.change(tx, [d.id for d in planned if not d.is_settled], intent_at=tx.now)
        return documents.of_filing(tx, filing.id)


def _put_off(context: Context, filing: Filing, error: SyncError) -> None:
    """The mailbox does not answer now: the filing's attachments come later."""
    asked = error.retry_at if isinstance(error, TryLater) else None
    with context.begin() as tx:
        soon = tx.now + _MAILBOX_RETRY
        filings.retry(tx, [filing.id], due_at=max(soon, asked or soon))


def _send(context: Context, source: Source, group: Sequence[Waiting]) -> None:
    """Fetch the contents, commit the intents, write the group, record the ids.

    A content lies in memory up to a megabyte, beyond it in a file without a name.
    """
    with ExitStack() as stack:
        sinks = [(w, stack.enter_context(SpooledTemporaryFile(max_size=SMALL))) for w in group]
        lanes = by_mailbox((w.mailbox, (w, sink)) for w, sink in sinks)
        fetched = side_by_side(
            lambda lane: _fetched(context, source, lane), lanes, at_a_time=MAILBOXES
        )
        if ready := [one for lane in fetched for one in lane]:
            _write_down(context, ready)


def _fetched(
    context: Context, source: Source, lane: Sequence[tuple[Waiting, IO[bytes]]]
) -> list[tuple[Waiting, DocumentDraft]]:
    """What could be read of these, which lie in one mailbox."""
    are_there = side_by_side(
        lambda one: _is_fetched(context, source, *one), lane, at_a_time=OF_ONE_MAILBOX
    )
    pairs = zip(lane, are_there, strict=True)
    return [(w, _draft(w, sink)) for (w, sink), is_there in pairs if is_there]


def _write_down(context: Context, ready: Sequence[tuple[Waiting, DocumentDraft]]) -> None:
    with context.begin() as tx:
        ids = documents.intend(tx, [w.document.id for w, _ in ready])
        until = verification.latest_send_at(tx.now, settle=context.settings.search_lag)
    ready = [(w, draft) for w, draft in ready if w.document.id in ids]
    if not ready:
        return
    try:
        answers = _write(context, [draft for _, draft in ready], until=until)
    except Unclear:
        with context.begin() as tx:
            first = tx.now + verification.FIRST_SEARCH
            documents.change(tx, ids, intent_at=tx.now)
            filings.retry(tx, [w.filing.id for w, _ in ready], due_at=first)
        raise
    except TryLater:
        with context.begin() as tx:
            documents.change(tx, ids, intent_at=None)
        raise
    except Exception as error:
        if incidents.is_trouble(error) or _is_unsent(context, ready):
            raise
        _unforeseen(context, [w for w, _ in ready], error)
        return
    with context.begin() as tx:
        for (waiting, _), answer in zip(ready, answers, strict=True):
            if isinstance(answer, CreatedRecord):
                documents.change(tx, [waiting.document.id], document_id=answer.record_id)
            else:
                _rejected(tx, waiting, answer)


def _is_unsent(context: Context, ready: Sequence[tuple[Waiting, DocumentDraft]]) -> bool:
    """True where one of these cannot be written down for webCRM: then none of them was sent."""
    _, odd = isolate.try_each(
        context, ready, lambda one: context.webcrm.check_document(one[1]), _name
    )
    if odd:
        with context.begin() as tx:
            documents.change(tx, [w.document.id for w, _ in ready], intent_at=None)
    return bool(odd)


def _name(ready: tuple[Waiting, DocumentDraft]) -> str:
    return incidents.hold_mail(ready[0].filing.email_id).name


def _unforeseen(context: Context, group: Sequence[Waiting], error: Exception) -> None:
    """All of these may stand in webCRM: each is looked for, and then goes by itself.

    Where they are one mail's, it is held back.
    """
    with context.begin() as tx:
        for one in group:
            attempts = one.document.attempts + 1
            documents.change(tx, [one.document.id], intent_at=tx.now, attempts=attempts)
        filings.retry(tx, [w.filing.id for w in group], due_at=tx.now + verification.FIRST_SEARCH)
    mails = {w.filing.email_id for w in group}
    if len(mails) == 1:
        incidents.hold_back(context, "attach", incidents.hold_mail(mails.pop()), error)
    else:
        logger.error(
            "attachments_failed", extra={"mails": len(mails), "trace": format_trace(error)}
        )


def _write(
    context: Context, drafts: Sequence[DocumentDraft], *, until: datetime
) -> Sequence[CreatedRecord | RejectedRecord]:
    try:
        if len(drafts) == 1:
            return [context.webcrm.write_document(drafts[0], until=until)]
        return context.webcrm.write_documents(drafts, until=until)
    except (Refused, Gone) as error:  # some servers say "not found" to what is too large
        if len(drafts) == 1:
            return [RejectedRecord(str(error), is_too_large=isinstance(error, TooLarge))]
        return [answer for draft in drafts for answer in _write(context, [draft], until=until)]


def _draft(waiting: Waiting, content: IO[bytes]) -> DocumentDraft:
    filing = waiting.filing
    assert filing.activity_id is not None
    return DocumentDraft(
        activity_id=filing.activity_id,
        organisation_id=filing.organisation_id or None,
        name=waiting.document.name,
        content=content,
        size=content.seek(0, SEEK_END),
    )


def _is_fetched(context: Context, source: Source, waiting: Waiting, sink: IO[bytes]) -> bool:
    """True with the attachment in the sink; False = put off, or refused by Outlook."""
    filing = waiting.filing
    try:
        source.save(filing.email_id, waiting.document, sink)
    except (TryLater, AccessLost) as error:
        _put_off(context, filing, error)
        return False
    except (Gone, Refused) as error:
        is_gone = _is_gone(context, filing.email_id)
        with context.begin() as tx:
            if is_gone:  # the Activity stands; what was attached is gone with the mail
                documents.drop(tx, waiting.document.id)
            else:
                _unreadable(tx, waiting, str(error))
        return False
    return True


def _is_gone(context: Context, email_id: int) -> bool:
    """True when no copy of the mail is left in Outlook."""
    try:
        from_a_copy(context, email_id, context.graph.attachments)
    except SyncError as error:
        return isinstance(error, Gone)
    return False


def _unreadable(tx: Tx, waiting: Waiting, message: str) -> None:
    if not _is_tried_again(tx, waiting, Reason.UNREADABLE_ATTACHMENT, message):
        attachment_source.leave_out(
            tx, waiting.filing, waiting.document, "Outlook does not give it"
        )


def _rejected(tx: Tx, waiting: Waiting, answer: RejectedRecord) -> None:
    if answer.is_too_large:
        attachment_source.leave_out(tx, waiting.filing, waiting.document, "too large for webCRM")
    elif not _is_tried_again(tx, waiting, Reason.REFUSED_BY_WEBCRM, answer.message):
        attachment_source.leave_out(tx, waiting.filing, waiting.document, "webCRM does not take it")


def _is_tried_again(tx: Tx, waiting: Waiting, reason: Reason, message: str) -> bool:
    """One attachment was not taken: tried again at once, then each hour for a day and no longer.

    From the first hour on a person is told.
    """
    document, filing = waiting.document, waiting.filing
    attempts = document.attempts + 1
    documents.change(tx, [document.id], intent_at=None, attempts=attempts)
    if attempts < _TRIES:
        filings.retry(tx, [filing.id], due_at=next_attempt_at(tx.now, attempts))
    elif attempts < _TRIES + _HOURLY_TRIES:
        outcome.park(tx, filing, reason, f"{document.name}: {message}")
    else:
        return False
    return True


def _look_for(context: Context, unclear: Sequence[Waiting]) -> None:
    """After an unclear answer: list webCRM's Documents and compare by Activity and name."""
    activities = {w.filing.activity_id for w in unclear}
    listed = [d for d in context.webcrm.documents() if d.activity_id in activities]
    with context.begin() as tx:
        taken = documents.ids_in_webcrm(tx, {w.filing.id for w in unclear})
        standing = [d for d in listed if d.document_id not in taken]
        for waiting in unclear:
            found = next((d for d in standing if _is_it(d, waiting)), None)
            if found:
                standing.remove(found)
                documents.change(tx, [waiting.document.id], document_id=found.document_id)
            else:
                _not_found(context, tx, waiting)


def _is_it(row: DocumentRow, waiting: Waiting) -> bool:
    """True for a Document of that Activity and name, compared as webCRM is sent it.

    webCRM keeps the ending by itself too.
    """
    name = neutralize_tags(waiting.document.name).casefold()
    names = {name, PurePosixPath(name).stem}
    return (
        row.activity_id == waiting.filing.activity_id
        and neutralize_tags(row.name).casefold() in names
    )


def _not_found(context: Context, tx: Tx, waiting: Waiting) -> None:
    document, settle = waiting.document, context.settings.search_lag
    assert document.intent_at is not None
    looks = document.looks + 1
    decision = verification.decide_after_search(
        intent_at=document.intent_at, searches=looks, now=tx.now, settle=settle
    )
    again = tx.now
    if decision is VerifyDecision.NOT_THERE:
        documents.retry(tx, document, intent_at=None, looks=0)
    else:
        documents.retry(tx, document, looks=looks)
        again = verification.next_search_at(intent_at=document.intent_at, now=tx.now, settle=settle)
    filings.retry(tx, [waiting.filing.id], due_at=again)


def _complete(context: Context, reachable: Sequence[Filing]) -> None:
    """Close the filings that have nothing left to be written."""
    with context.begin() as tx:
        lock_company(tx)  # another copy of such a mail may be decided at this moment
        known = documents.of_filings(tx, [f.id for f in reachable])
        done = [i for i, rows in known.items() if all(d.is_settled for d in rows)]
        outcome.completed(tx, done)
