"""Attachments of filed mails become Documents of their Activity."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath

from webcrm_sync.core.crm import DocumentDraft, DocumentRow, Rejected, Written
from webcrm_sync.core.errors import AccessLost, Gone, Refused, SyncError, TryLater, Unclear
from webcrm_sync.core.filing import safe_name
from webcrm_sync.core.message import Attachment, AttachmentKind
from webcrm_sync.core.retry import retry_at
from webcrm_sync.core.states import Reason
from webcrm_sync.engine import look, outcome
from webcrm_sync.engine.contents import from_a_copy
from webcrm_sync.engine.parts import Parts
from webcrm_sync.store import filings
from webcrm_sync.store.database import Tx
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Document, Filing

#: Above this size a Document goes alone, below it many go in one bulk request.
_SMALL = 1_000_000
_TRIES = 4
#: A mailbox that does not answer is asked again for the attachments this much later.
_MAILBOX_RETRY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Source:
    """The attachments in Outlook; a copy's list is asked for once per run."""

    parts: Parts
    lists: dict[str, Sequence[Attachment]] = field(default_factory=dict)

    def attachments(self, email_id: int) -> Sequence[Attachment]:
        """The files of a mail in Outlook's order. Raises Gone when no copy is left.

        An inline picture is a part of the text; a link to a cloud file is no file.
        """
        return from_a_copy(self.parts, email_id, self._list)

    def content(self, email_id: int, document: Document) -> bytes:
        """The bytes of the attachment at the document's position. Raises Gone."""

        def read(user_id: str, graph_id: str) -> bytes:
            listed = self._list(user_id, graph_id)
            named = [a for n, a in enumerate(listed, 1) if _name(a, n) == document.name]
            here = listed[document.position - 1 : document.position]
            wanted = next((a for a in here if a in named), None) or next(iter(named), None)
            if wanted is None:
                raise Gone("The attachment is no longer on the mail.")
            sink = io.BytesIO()
            self.parts.graph.save_attachment(user_id, graph_id, wanted.graph_id, sink=sink)
            return sink.getvalue()

        return from_a_copy(self.parts, email_id, read)

    def _list(self, user_id: str, graph_id: str) -> Sequence[Attachment]:
        if graph_id not in self.lists:
            listed = self.parts.graph.attachments(user_id, graph_id)
            self.lists[graph_id] = [
                a for a in listed if not a.is_inline and a.kind is not AttachmentKind.REFERENCE
            ]
        return self.lists[graph_id]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One attachment that webCRM does not have yet."""

    filing: Filing
    document: Document


def add_documents(parts: Parts, filed: Sequence[tuple[Filing, Email]]) -> None:
    """Write the attachments of these filings; those without any left are complete.

    Raises Unclear or TryLater when webCRM is in trouble; what was sent is then looked for first.
    """
    source = Source(parts)
    waiting: list[Waiting] = []
    reachable = []
    for filing, email in filed:
        try:
            waiting += _planned(parts, source, filing, email)
            reachable.append(filing)
        except (TryLater, AccessLost) as error:
            _put_off(parts, filing, error)
        except Refused as error:
            with parts.begin() as tx:
                outcome.park(tx, filing, Reason.UNREADABLE_ATTACHMENT, str(error))
    unclear = [w for w in waiting if w.document.intent_at is not None]
    if unclear:
        _look_for(parts, unclear)
    for group in _groups([w for w in waiting if w.document.intent_at is None]):
        _send(parts, source, group)
    _complete(parts, reachable)


def _planned(parts: Parts, source: Source, filing: Filing, email: Email) -> list[Waiting]:
    """What is still to be written of a filing; planned on the first visit."""
    with parts.begin() as tx:
        rows = filings.documents(tx, filing.id)
    if not rows and email.has_attachments:
        try:
            listed = source.attachments(email.id)
        except Gone:
            listed = ()  # the Activity stands; what was attached is gone with the mail
        with parts.begin() as tx:
            filings.plan_documents(tx, filing.id, _plan(listed))
            rows = filings.documents(tx, filing.id)
    return [Waiting(filing, d) for d in rows if d.document_id is None]


def _plan(listed: Sequence[Attachment]) -> list[dict[str, object]]:
    return [
        {"position": position, "name": _name(attachment, position), "size": attachment.size}
        for position, attachment in enumerate(listed, start=1)
    ]


def _name(attachment: Attachment, position: int) -> str:
    name = safe_name(attachment.name, position=position)
    is_mail = attachment.kind is AttachmentKind.ITEM and not name.lower().endswith(".eml")
    return f"{name}.eml" if is_mail else name


def _put_off(parts: Parts, filing: Filing, error: SyncError) -> None:
    """The mailbox does not answer now: the filing's attachments come later."""
    asked = error.retry_at if isinstance(error, TryLater) else None
    with parts.begin() as tx:
        soon = tx.now + _MAILBOX_RETRY
        filings.retry(tx, [filing.id], due_at=max(soon, asked or soon))


def _groups(fresh: Sequence[Waiting]) -> list[list[Waiting]]:
    """Small ones together up to a few megabytes, large ones alone."""
    groups: list[list[Waiting]] = []
    room = 0
    for one in fresh:
        size = one.document.size
        if not groups or size > _SMALL or room < size:
            groups.append([])
            room = 0 if size > _SMALL else 4 * _SMALL
        groups[-1].append(one)
        room -= size
    return groups


def _send(parts: Parts, source: Source, group: Sequence[Waiting]) -> None:
    """Fetch the contents, commit the intents, write the group, record the ids."""
    ready = [(w, content) for w in group if (content := _content(parts, source, w)) is not None]
    if not ready:
        return
    with parts.begin() as tx:
        ids = filings.intend_documents(tx, [w.document.id for w, _ in ready])
    ready = [(w, content) for w, content in ready if w.document.id in ids]
    if not ready:
        return
    try:
        answers = _write(parts, [_draft(w, content) for w, content in ready])
    except Unclear:
        with parts.begin() as tx:
            first = tx.now + look.FIRST_LOOK
            filings.set_documents(tx, ids, intent_at=tx.now)
            filings.retry(tx, [w.filing.id for w, _ in ready], due_at=first)
        raise
    except TryLater:
        with parts.begin() as tx:
            filings.set_documents(tx, ids, intent_at=None)
        raise
    with parts.begin() as tx:
        for (waiting, _), answer in zip(ready, answers, strict=True):
            if isinstance(answer, Written):
                filings.set_documents(tx, [waiting.document.id], document_id=answer.record_id)
            else:
                _rejected(tx, waiting, Reason.REFUSED_BY_WEBCRM, answer.message)


def _write(parts: Parts, drafts: Sequence[DocumentDraft]) -> Sequence[Written | Rejected]:
    try:
        if len(drafts) == 1:
            return [parts.webcrm.write_document(drafts[0])]
        return parts.webcrm.write_documents(drafts)
    except Refused as error:
        if len(drafts) == 1:
            return [Rejected(str(error))]
        return [answer for draft in drafts for answer in _write(parts, [draft])]


def _draft(waiting: Waiting, content: bytes) -> DocumentDraft:
    filing = waiting.filing
    assert filing.activity_id is not None
    return DocumentDraft(
        activity_id=filing.activity_id,
        organisation_id=filing.organisation_id or None,
        name=waiting.document.name,
        content=content,
    )


def _content(parts: Parts, source: Source, waiting: Waiting) -> bytes | None:
    """The attachment's bytes; None = put off, or refused by Outlook."""
    filing = waiting.filing
    try:
        return source.content(filing.email_id, waiting.document)
    except (TryLater, AccessLost) as error:
        _put_off(parts, filing, error)
    except (Gone, Refused) as error:
        is_gone = _is_gone(parts, filing.email_id)
        with parts.begin() as tx:
            if is_gone:  # the Activity stands; what was attached is gone with the mail
                filings.drop_document(tx, waiting.document.id)
            else:
                _rejected(tx, waiting, Reason.UNREADABLE_ATTACHMENT, str(error))
    return None


def _is_gone(parts: Parts, email_id: int) -> bool:
    """True when no copy of the mail is left in Outlook."""
    try:
        Source(parts).attachments(email_id)
    except SyncError as error:
        return isinstance(error, Gone)
    return False


def _rejected(tx: Tx, waiting: Waiting, reason: Reason, message: str) -> None:
    """One attachment was not taken: a few more tries, then a person must act."""
    document, filing = waiting.document, waiting.filing
    attempts = document.attempts + 1
    filings.set_documents(tx, [document.id], intent_at=None, attempts=attempts)
    if attempts < _TRIES:
        filings.retry(tx, [filing.id], due_at=retry_at(tx.now, attempts))
    else:
        outcome.park(tx, filing, reason, f"{document.name}: {message}")


def _look_for(parts: Parts, unclear: Sequence[Waiting]) -> None:
    """After an unclear answer: list webCRM's Documents and compare by Activity and name."""
    activities = {w.filing.activity_id for w in unclear}
    listed = [d for d in parts.webcrm.documents() if d.activity_id in activities]
    with parts.begin() as tx:
        taken = filings.recorded_documents(tx, {w.filing.id for w in unclear})
        standing = [d for d in listed if d.document_id not in taken]
        for waiting in unclear:
            found = next((d for d in standing if _is_it(d, waiting)), None)
            if found:
                standing.remove(found)
                filings.set_documents(tx, [waiting.document.id], document_id=found.document_id)
            else:
                _not_found(parts, tx, waiting)


def _is_it(row: DocumentRow, waiting: Waiting) -> bool:
    """True for a Document of that Activity and name; webCRM keeps the ending by itself too."""
    names = {waiting.document.name.casefold(), PurePosixPath(waiting.document.name).stem.casefold()}
    return row.activity_id == waiting.filing.activity_id and row.name.casefold() in names


def _not_found(parts: Parts, tx: Tx, waiting: Waiting) -> None:
    document, settle = waiting.document, parts.settings.settle
    assert document.intent_at is not None
    looks = document.looks + 1
    verdict = look.judge(intent_at=document.intent_at, looks=looks, now=tx.now, settle=settle)
    again = tx.now
    if verdict is look.Verdict.NOT_THERE:
        filings.retry_document(tx, document, intent_at=None, looks=0)
    else:
        filings.retry_document(tx, document, looks=looks)
        again = look.next_look(intent_at=document.intent_at, now=tx.now, settle=settle)
    filings.retry(tx, [waiting.filing.id], due_at=again)


def _complete(parts: Parts, reachable: Sequence[Filing]) -> None:
    """Close the filings that have nothing left to be written."""
    with parts.begin() as tx:
        done = [
            f.id
            for f in reachable
            if all(d.document_id is not None for d in filings.documents(tx, f.id))
        ]
        outcome.completed(tx, done)
