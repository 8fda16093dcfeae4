"""Writes attachments of filed mails to webCRM, as Documents of their Activity."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from io import SEEK_END
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from threading import Lock
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
    PARALLEL_MAILBOXES,
    PARALLEL_READS,
    Source,
    in_parallel,
)
from webcrm_sync.engine.filing.document_batches import (
    SMALL,
    Waiting,
    by_mailbox,
    goes_alone,
    together,
)
from webcrm_sync.engine.filing.mail_reader import from_a_copy
from webcrm_sync.store import documents, filings
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
    waiting: list[Waiting] = []
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
            mailbox = next(iter(holders[email.id]), "")
            waiting += [Waiting(filing, d, mailbox) for d in rows if not d.is_settled]
            reachable.append(filing)
        except (TryLater, AccessLost) as error:
            _postpone(context, filing, error)
        except Refused as error:
            with context.begin() as tx:
                outcome.park(tx, filing, Reason.UNREADABLE_ATTACHMENT, str(error))
    unclear = [w for w in waiting if w.document.intent_at is not None]
    if unclear:
        with turn.take() as is_open:
            if is_open:
                _verify_unclear(context, unclear)
    fresh = [w for w in waiting if w.document.intent_at is None]
    if group := together([w for w in fresh if not goes_alone(w.document)] or fresh):
        _send(context, source, turn, group)
    _complete(context, reachable)


def _plan(context: Context, source: Source, filing: Filing, email: Email) -> Sequence[Document]:
    """Plan the Documents of a filing that had none planned when it was composed."""
    try:
        attachments = source.plan_for(email)
    except Gone:
        attachments = AttachmentPlan()  # The attachments were deleted with the mail.
    rows = attachment_source.plan_documents(context, filing, attachments)
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


def _send(context: Context, source: Source, turn: WriteTurn, group: Sequence[Waiting]) -> None:
    """Read the contents from Outlook, then write the group to webCRM.

    A content above a megabyte is kept in an unnamed temporary file, not in memory.
    """
    with ExitStack() as stack:
        sinks = [(w, stack.enter_context(SpooledTemporaryFile(max_size=SMALL))) for w in group]
        if ready := _read(context, source, sinks):
            with turn.take() as is_open:
                if is_open:
                    _write(context, ready)


def _read(
    context: Context, source: Source, sinks: Sequence[tuple[Waiting, IO[bytes]]]
) -> list[tuple[Waiting, DocumentDraft]]:
    """Drafts of the attachments that could be read: many in one round trip, the rest singly."""
    in_bulk = source.save_small([(w.filing.email_id, w.document, sink) for w, sink in sinks])
    left = [(w, sink) for w, sink in sinks if w.document.id not in in_bulk]
    saved = in_parallel(
        lambda some: _read_singly(context, source, some),
        by_mailbox((w.mailbox, (w, sink)) for w, sink in left),
        at_a_time=PARALLEL_MAILBOXES,
    )
    are_read = in_bulk.union(*saved)
    return [(w, _draft(w, sink)) for w, sink in sinks if w.document.id in are_read]


def _read_singly(
    context: Context, source: Source, sinks: Sequence[tuple[Waiting, IO[bytes]]]
) -> frozenset[int]:
    """The ids of the Documents whose attachments could be read; all are from one mailbox."""
    are_read = in_parallel(
        lambda one: _save(context, source, *one), sinks, at_a_time=PARALLEL_READS
    )
    return frozenset(
        w.document.id for (w, _), is_read in zip(sinks, are_read, strict=True) if is_read
    )


def _write(context: Context, ready: Sequence[tuple[Waiting, DocumentDraft]]) -> None:
    """Commit the intents, create the Documents, save their ids."""
    with context.begin() as tx:
        ids = documents.claim(tx, [w.document.id for w, _ in ready])
        until = verification.latest_send_at(tx.now, settle=context.settings.search_lag)
    ready = [(w, draft) for w, draft in ready if w.document.id in ids]
    if not ready:
        return
    try:
        answers = _create(context, [draft for _, draft in ready], until=until)
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
        _on_unexpected_error(context, [w for w, _ in ready], error)
        return
    with context.begin() as tx:
        pairs = [(w, answer) for (w, _), answer in zip(ready, answers, strict=True)]
        documents.record(
            tx, {w.document.id: a.record_id for w, a in pairs if isinstance(a, CreatedRecord)}
        )
        for waiting, answer in pairs:
            if isinstance(answer, RejectedRecord):
                _rejected(tx, waiting, answer)


def _is_unsent(context: Context, ready: Sequence[tuple[Waiting, DocumentDraft]]) -> bool:
    """True when one of these cannot be serialized for webCRM: then none of them was sent."""
    _, odd = isolate.try_each(
        context, ready, lambda one: context.webcrm.check_document(one[1]), _name
    )
    if odd:
        with context.begin() as tx:
            documents.change(tx, [w.document.id for w, _ in ready], intent_at=None)
    return bool(odd)


def _name(ready: tuple[Waiting, DocumentDraft]) -> str:
    return incidents.hold_mail(ready[0].filing.email_id).name


def _on_unexpected_error(context: Context, group: Sequence[Waiting], error: Exception) -> None:
    """Search for each of these in webCRM, which may have it; then send it alone.

    A mail to which all of them belong is set aside.
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


def _save(context: Context, source: Source, waiting: Waiting, sink: IO[bytes]) -> bool:
    """True when the attachment is in the sink; False = postponed, or refused by Outlook."""
    filing = waiting.filing
    try:
        source.save(filing.email_id, waiting.document, sink)
    except (TryLater, AccessLost) as error:
        _postpone(context, filing, error)
        return False
    except (Gone, Refused) as error:
        is_gone = _is_gone(context, filing.email_id)
        with context.begin() as tx:
            if is_gone:  # The attachment was deleted with the mail.
                documents.drop(tx, waiting.document.id)
            else:
                _unreadable(tx, waiting, str(error))
        return False
    return True


def _is_gone(context: Context, email_id: int) -> bool:
    """True when Outlook holds no copy of the mail any more."""
    try:
        from_a_copy(context, email_id, context.graph.list_attachments)
    except SyncError as error:
        return isinstance(error, Gone)
    return False


def _unreadable(tx: Tx, waiting: Waiting, message: str) -> None:
    if not _schedule_retry(tx, waiting, Reason.UNREADABLE_ATTACHMENT, message):
        attachment_source.leave_out(
            tx, waiting.filing, waiting.document, "Outlook does not give it"
        )


def _rejected(tx: Tx, waiting: Waiting, answer: RejectedRecord) -> None:
    if answer.is_too_large:
        attachment_source.leave_out(tx, waiting.filing, waiting.document, "too large for webCRM")
    elif not _schedule_retry(tx, waiting, Reason.REFUSED_BY_WEBCRM, answer.message):
        attachment_source.leave_out(tx, waiting.filing, waiting.document, "webCRM does not take it")


def _schedule_retry(tx: Tx, waiting: Waiting, reason: Reason, message: str) -> bool:
    """Retry an attachment that was refused; False when it was tried often enough.

    The first retries follow quickly, later ones hourly for a day. A person sees the hourly ones.
    """
    document, filing = waiting.document, waiting.filing
    attempts = document.attempts + 1
    documents.change(tx, [document.id], intent_at=None, attempts=attempts)
    if attempts < _QUICK_TRIES:
        filings.retry(tx, [filing.id], due_at=next_attempt_at(tx.now, attempts))
    elif attempts < _QUICK_TRIES + _HOURLY_TRIES:
        outcome.park(tx, filing, reason, f"{document.name}: {message}")
    else:
        return False
    return True


def _verify_unclear(context: Context, unclear: Sequence[Waiting]) -> None:
    """Search for Documents whose outcome is unclear, by Activity and name."""
    activities = {w.filing.activity_id for w in unclear}
    listed = [d for d in context.webcrm.list_documents() if d.activity_id in activities]
    with context.begin() as tx:
        known_ids = documents.ids_in_webcrm(tx, {w.filing.id for w in unclear})
        candidates = [d for d in listed if d.document_id not in known_ids]
        for waiting in unclear:
            found = next((d for d in candidates if _is_same(d, waiting)), None)
            if found:
                candidates.remove(found)
                documents.change(tx, [waiting.document.id], document_id=found.document_id)
            else:
                _not_found(context, tx, waiting)


def _is_same(row: DocumentRow, waiting: Waiting) -> bool:
    """True for a Document of that Activity and name. Names are compared as they are sent.

    webCRM may return the name without its extension.
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
    searches = document.searches + 1
    decision = verification.decide_after_search(
        intent_at=document.intent_at, searches=searches, now=tx.now, settle=settle
    )
    search_at = tx.now
    if decision is VerifyDecision.NOT_THERE:
        documents.retry(tx, document, intent_at=None, searches=0)
    else:
        documents.retry(tx, document, searches=searches)
        search_at = verification.next_search_at(
            intent_at=document.intent_at, now=tx.now, settle=settle
        )
    filings.retry(tx, [waiting.filing.id], due_at=search_at)


def _complete(context: Context, reachable: Sequence[Filing]) -> None:
    """Complete the filings that have nothing left to write."""
    with context.begin() as tx:
        lock_company(tx)  # Another copy of such a mail may be matched at this moment.
        known = documents.of_filings(tx, [f.id for f in reachable])
        done = [i for i, rows in known.items() if all(d.is_settled for d in rows)]
        outcome.completed(tx, done)
