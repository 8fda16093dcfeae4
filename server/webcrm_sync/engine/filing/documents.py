"""Writes attachments of filed mails to webCRM, as Documents of their Activity."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO

from webcrm_sync.core import phrases, verification
from webcrm_sync.core.attachments import AttachmentPlan
from webcrm_sync.core.crm import CreatedRecord, DocumentDraft, RejectedRecord
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
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.fault_isolation import incidents, isolate
from webcrm_sync.engine.filing import attachment_source, outcome
from webcrm_sync.engine.filing.asked_attachments import plan_asked_for
from webcrm_sync.engine.filing.attachment_source import (
    PARALLEL_MAILBOXES,
    PARALLEL_READS,
    Source,
    run_in_parallel,
)
from webcrm_sync.engine.filing.document_batches import (
    SMALL,
    PendingAttachment,
    choose_request,
    goes_alone,
    group_by_mailbox,
)
from webcrm_sync.engine.filing.mail_reader import from_a_copy
from webcrm_sync.engine.filing.verify_documents import verify_documents
from webcrm_sync.store import activity_updates, documents, filings
from webcrm_sync.store.database import Tx
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup
from webcrm_sync.store.items.locks import lock_company

logger = logging.getLogger(__name__)

#: Tries in quick succession, then hourly ones; after these the attachment is left out.
_QUICK_TRIES, _HOURLY_TRIES = 4, 24
#: Ask a mailbox that does not answer for the attachments again after this time.
_MAILBOX_RETRY = timedelta(seconds=30)


class WriteTurn:
    """Lets one thread at a time send attachments to webCRM, none while it is closed.

    So at most one request of attachments is in webCRM's line, and a batch of Activities waits for
    one only.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_closed = False

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Wait for the turn. False = it is closed: send nothing."""
        with self._lock:
            yield not self._is_closed

    def close(self) -> None:
        """Let nobody send any more; a request that is being sent goes on."""
        self._is_closed = True

    def open(self) -> None:
        """Let others send again."""
        self._is_closed = False


def add_documents(
    context: Context, source: Source, turn: WriteTurn, filed: Sequence[tuple[Filing, Email]]
) -> None:
    """Write one request of attachments of these filings; complete filings that have none left.

    Small attachments come first. Raises Unclear or TryLater when webCRM is in trouble. Documents
    whose outcome is unclear are searched for before they are written again.
    """
    pending: list[PendingAttachment] = []
    reachable = []
    with context.begin() as tx:
        holders = lookup.addresses_holding(tx, [email.id for _, email in filed])
        planned = documents.of_filings(tx, [filing.id for filing, _ in filed])
    # Only planning needs the text: it shows which pictures are part of the message.
    filed = [(f, e if planned[f.id] else attachment_source.with_text(context, e)) for f, e in filed]
    source.prepare([email for _, email in filed])
    for filing, email in filed:
        try:
            rows = planned[filing.id] or _plan(context, source, filing, email)
            if any(d.is_placeholder for d in rows):
                rows = plan_asked_for(context, source, filing, email)
            mailbox = next(iter(holders[email.id]), "")
            pending += [PendingAttachment(filing, d, mailbox) for d in rows if not d.is_settled]
            reachable.append(filing)
        except (TryLater, AccessLost) as error:
            _postpone(context, filing, error)
        except Refused as error:
            with context.begin() as tx:
                outcome.park(tx, filing, Reason.UNREADABLE_ATTACHMENT, str(error))
    unclear = [p for p in pending if p.document.intent_at is not None]
    if unclear:
        with turn.take() as is_open:
            if is_open:
                verify_documents(context, unclear)
    fresh = [p for p in pending if p.document.intent_at is None]
    small = [p for p in fresh if not goes_alone(p.document)]
    if group := choose_request(small or fresh, max_bytes=context.webcrm.request_bytes):
        _send(context, source, turn, group)
    _complete(context, reachable)


def _plan(context: Context, source: Source, filing: Filing, email: Email) -> Sequence[Document]:
    """Plan the Documents of a filing that had none planned when it was composed."""
    try:
        attachments = source.plan_for(email)
    except Gone:
        attachments = AttachmentPlan()  # The attachments were deleted with the mail.
    rows = attachment_source.plan_documents(context, filing, email, attachments)
    if attachments.not_chosen:  # The Activity was composed before these were known.
        with context.begin() as tx:
            activity_updates.request_rewrite(tx, filing.id)
    return _mark_unclear(context, filing) if filing.lease is None else rows


def _mark_unclear(context: Context, filing: Filing) -> Sequence[Document]:
    """The Documents, marked as unclear: the Activity existed before, perhaps with Documents."""
    with context.begin() as tx:
        planned = documents.of_filing(tx, filing.id)
        documents.change(tx, [d.id for d in planned if not d.is_settled], intent_at=tx.now)
        return documents.of_filing(tx, filing.id)


def _postpone(context: Context, filing: Filing, error: SyncError) -> None:
    """Retry the filing's attachments later: the mailbox does not answer now."""
    asked = error.retry_at if isinstance(error, TryLater) else None
    with context.begin() as tx:
        soon = tx.now + _MAILBOX_RETRY
        filings.retry(tx, [filing.id], due_at=max(soon, asked or soon))


def _send(
    context: Context, source: Source, turn: WriteTurn, group: Sequence[PendingAttachment]
) -> None:
    """Read the contents from Outlook, then write the group to webCRM.

    A content above a megabyte is kept in an unnamed temporary file, not in memory.
    """
    with ExitStack() as stack:
        sinks = [(p, stack.enter_context(SpooledTemporaryFile(max_size=SMALL))) for p in group]
        if ready := _read(context, source, sinks):
            with turn.take() as is_open:
                if is_open:
                    _write(context, ready)


def _read(
    context: Context, source: Source, sinks: Sequence[tuple[PendingAttachment, IO[bytes]]]
) -> list[tuple[PendingAttachment, DocumentDraft]]:
    """Drafts of the attachments that could be read: many in one round trip, the rest singly."""
    in_bulk = source.save_small([(p.filing.email_id, p.document, sink) for p, sink in sinks])
    left = [(p, sink) for p, sink in sinks if p.document.id not in in_bulk]
    saved = run_in_parallel(
        lambda some: _read_singly(context, source, some),
        group_by_mailbox((p.mailbox, (p, sink)) for p, sink in left),
        at_a_time=PARALLEL_MAILBOXES,
    )
    are_read = in_bulk.union(*saved)
    return [(p, _draft(p, sink)) for p, sink in sinks if p.document.id in are_read]


def _read_singly(
    context: Context, source: Source, sinks: Sequence[tuple[PendingAttachment, IO[bytes]]]
) -> frozenset[int]:
    """The ids of the Documents whose attachments could be read; all are from one mailbox."""
    are_read = run_in_parallel(
        lambda one: _save(context, source, *one), sinks, at_a_time=PARALLEL_READS
    )
    return frozenset(
        p.document.id for (p, _), is_read in zip(sinks, are_read, strict=True) if is_read
    )


def _write(context: Context, ready: Sequence[tuple[PendingAttachment, DocumentDraft]]) -> None:
    """Commit the intents, create the Documents, save their ids."""
    with context.begin() as tx:
        ids = documents.claim(tx, [p.document.id for p, _ in ready])
        until = verification.latest_send_at(tx.now, settle=context.settings.search_lag)
    ready = [(p, draft) for p, draft in ready if p.document.id in ids]
    if not ready:
        return
    try:
        answers = _create(context, [draft for _, draft in ready], until=until)
    except Unclear:
        with context.begin() as tx:
            first = tx.now + verification.FIRST_SEARCH
            documents.change(tx, ids, intent_at=tx.now)
            filings.retry(tx, [p.filing.id for p, _ in ready], due_at=first)
        raise
    except TryLater:
        with context.begin() as tx:
            documents.change(tx, ids, intent_at=None)
        raise
    except Exception as error:
        if incidents.is_trouble(error) or _is_unsent(context, ready):
            raise
        _on_unexpected_error(context, [p for p, _ in ready], error)
        return
    with context.begin() as tx:
        pairs = [(p, answer) for (p, _), answer in zip(ready, answers, strict=True)]
        documents.record(
            tx, {p.document.id: a.record_id for p, a in pairs if isinstance(a, CreatedRecord)}
        )
        for pending, answer in pairs:
            if isinstance(answer, RejectedRecord):
                _rejected(tx, pending, answer)


def _is_unsent(context: Context, ready: Sequence[tuple[PendingAttachment, DocumentDraft]]) -> bool:
    """True when one of these cannot be serialized for webCRM: then none of them was sent."""
    _, odd = isolate.try_each(
        context,
        "check the attachment",
        ready,
        lambda one: context.webcrm.check_document(one[1]),
        _name,
    )
    if odd:
        with context.begin() as tx:
            documents.change(tx, [p.document.id for p, _ in ready], intent_at=None)
    return bool(odd)


def _name(ready: tuple[PendingAttachment, DocumentDraft]) -> str:
    return incidents.hold_mail(ready[0].filing.email_id).name


def _on_unexpected_error(
    context: Context, group: Sequence[PendingAttachment], error: Exception
) -> None:
    """Search for each of these in webCRM, which may have it; then send it alone.

    A mail to which all of them belong is set aside.
    """
    with context.begin() as tx:
        for one in group:
            attempts = one.document.attempts + 1
            documents.change(tx, [one.document.id], intent_at=tx.now, attempts=attempts)
        filings.retry(tx, [p.filing.id for p in group], due_at=tx.now + verification.FIRST_SEARCH)
    mails = {p.filing.email_id for p in group}
    if len(mails) == 1:
        incidents.hold_back(context, "attach", incidents.hold_mail(mails.pop()), error)
    else:
        logger.error(
            "attachments_failed", extra={"mails": len(mails), "trace": format_trace(error)}
        )


def _create(
    context: Context, drafts: Sequence[DocumentDraft], *, until: datetime
) -> Sequence[CreatedRecord | RejectedRecord]:
    try:
        if len(drafts) == 1:
            return [context.webcrm.write_document(drafts[0], until=until)]
        return context.webcrm.write_documents(drafts, until=until)
    except (Refused, Gone) as error:  # Some servers answer "not found" to a body that is too large.
        if len(drafts) == 1:
            return [RejectedRecord(str(error), is_too_large=isinstance(error, TooLarge))]
        return [answer for draft in drafts for answer in _create(context, [draft], until=until)]


def _draft(pending: PendingAttachment, content: IO[bytes]) -> DocumentDraft:
    filing = pending.filing
    assert filing.activity_id is not None
    return DocumentDraft(
        activity_id=filing.activity_id,
        organisation_id=filing.organisation_id or None,
        name=pending.document.name,
        content=content,
        size=content.seek(0, SEEK_END),
    )


def _save(context: Context, source: Source, pending: PendingAttachment, sink: IO[bytes]) -> bool:
    """True when the attachment is in the sink; False = postponed, or refused by Outlook."""
    filing = pending.filing
    try:
        source.save(filing.email_id, pending.document, sink)
    except (TryLater, AccessLost) as error:
        _postpone(context, filing, error)
        return False
    except (Gone, Refused) as error:
        is_gone = _is_gone(context, filing.email_id)
        with context.begin() as tx:
            if is_gone:  # The attachment was deleted with the mail.
                documents.drop(tx, pending.document.id)
            else:
                _unreadable(tx, pending, str(error))
        return False
    return True


def _is_gone(context: Context, email_id: int) -> bool:
    """True when Outlook holds no copy of the mail any more."""
    try:
        from_a_copy(context, email_id, context.graph.list_attachments)
    except SyncError as error:
        return isinstance(error, Gone)
    return False


def _unreadable(tx: Tx, pending: PendingAttachment, message: str) -> None:
    if not _schedule_retry(tx, pending, Reason.UNREADABLE_ATTACHMENT, message):
        attachment_source.leave_out(
            tx, pending.filing, pending.document, phrases.FILE_NOT_GIVEN.english
        )


def _rejected(tx: Tx, pending: PendingAttachment, answer: RejectedRecord) -> None:
    if answer.is_too_large:
        attachment_source.leave_out(
            tx, pending.filing, pending.document, phrases.TOO_LARGE_FOR_WEBCRM.english
        )
    elif not _schedule_retry(tx, pending, Reason.REFUSED_BY_WEBCRM, answer.message):
        attachment_source.leave_out(
            tx, pending.filing, pending.document, phrases.FILE_REFUSED.english
        )


def _schedule_retry(tx: Tx, pending: PendingAttachment, reason: Reason, message: str) -> bool:
    """Retry an attachment that was refused; False when it was tried often enough.

    The first retries follow quickly, later ones hourly for a day. A person sees the hourly ones.
    """
    document, filing = pending.document, pending.filing
    attempts = document.attempts + 1
    documents.change(tx, [document.id], intent_at=None, attempts=attempts)
    if attempts < _QUICK_TRIES:
        filings.retry(tx, [filing.id], due_at=next_attempt_at(tx.now, attempts))
    elif attempts < _QUICK_TRIES + _HOURLY_TRIES:
        outcome.park(tx, filing, reason, f"{document.name}: {message}")
    else:
        return False
    return True


def _complete(context: Context, reachable: Sequence[Filing]) -> None:
    """Complete the filings that have nothing left to write."""
    with context.begin() as tx:
        lock_company(tx)  # Another copy of such a mail may be matched at this moment.
        known = documents.of_filings(tx, [f.id for f in reachable])
        done = [i for i, rows in known.items() if all(d.is_settled for d in rows)]
        outcome.completed(tx, done)
