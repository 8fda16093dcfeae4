"""The attachments of a mail in Outlook: lists them, plans their Documents, reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import IO, TypeVar

from webcrm_sync.core.attachments import (
    AttachmentPlan,
    classify,
    leave_out_repeated,
    name_attachments,
)
from webcrm_sync.core.errors import Gone, Refused, SyncError
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.mail_text.body_text import BodyText
from webcrm_sync.core.message import Attachment
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing.mail_reader import from_a_copy, read_again
from webcrm_sync.store import activity_updates, documents, events, filings, mailboxes
from webcrm_sync.store.database import Tx
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup

T = TypeVar("T")
R = TypeVar("R")

#: Mailboxes read at a time, and attachments read at a time from one of them. Outlook allows no
#: more at once, and a mailbox in trouble must not be asked once per file.
PARALLEL_MAILBOXES, PARALLEL_READS = 8, 2


def in_parallel(read: Callable[[T], R], things: Iterable[T], *, at_a_time: int) -> list[R]:
    """What `read` returns for each thing, in their order. Raises the first error."""
    with ThreadPoolExecutor(at_a_time, "attachments") as threads:
        return list(threads.map(read, things))


@dataclass(frozen=True, slots=True)
class Source:
    """Reads attachments in Outlook. Lists those of a copy at most once per run of the job."""

    context: Context
    lists: dict[str, Sequence[Attachment]] = field(default_factory=dict)

    def prepare(self, mails: Iterable[Email]) -> None:
        """List the attachments of many mails at once, several mailboxes in parallel.

        This only saves round trips: a list that cannot be read now is read mail by mail later.
        """
        ids = [mail.id for mail in mails if _may_have_attachments(mail)]
        if len(ids) < 2:
            return
        with self.context.begin() as tx:
            open_ = {
                b.id: b.user_id for b in mailboxes.all_mailboxes(tx) if not b.pause_end(tx.now)
            }
            found = lookup.first_copies(tx, ids)
        wanted: dict[str, list[str]] = {}
        for copy in found:
            if copy.mailbox_id in open_ and copy.graph_id not in self.lists:
                wanted.setdefault(open_[copy.mailbox_id], []).append(copy.graph_id)
        in_parallel(lambda one: self._prepare(*one), wanted.items(), at_a_time=PARALLEL_MAILBOXES)

    def _prepare(self, user_id: str, graph_ids: Sequence[str]) -> None:
        with suppress(SyncError):
            self.lists.update(self.context.graph.list_attachments_by_mail(user_id, graph_ids))

    def plan_for(self, email: Email) -> AttachmentPlan:
        """The attachments of a mail, each with what becomes of it. Raises as `from_a_copy`.

        Does not ask Outlook about a mail that shows no sign of attachments.
        """
        may_have_attachments = _may_have_attachments(email)
        listed = from_a_copy(self.context, email.id, self._list) if may_have_attachments else ()
        read = read_again(self.context, email) if email.cids is None else email
        return classify(
            listed,
            cids=read.cids or (),
            largest=self.context.settings.max_attachment_bytes,
            pictures=read.pictures,
        )

    def save(self, email_id: int, document: Document, sink: IO[bytes]) -> None:
        """Write the document's attachment into `sink`. Raises Gone when the mail has lost it."""

        def read(user_id: str, graph_id: str) -> None:
            listed = self._list(user_id, graph_id)
            wanted = _wanted(listed, document)
            if wanted is None:
                raise Gone("The attachment is no longer on the mail.")
            sink.seek(0)
            sink.truncate()  # An earlier copy may have been read in part.
            self.context.graph.save_attachment(
                user_id, graph_id, wanted.graph_id, sink=sink, at_most=wanted.max_content_size
            )

        from_a_copy(self.context, email_id, read)

    def _list(self, user_id: str, graph_id: str) -> Sequence[Attachment]:
        if graph_id not in self.lists:
            self.lists[graph_id] = self.context.graph.list_attachments(user_id, graph_id)
        return self.lists[graph_id]


def _wanted(listed: Sequence[Attachment], document: Document) -> Attachment | None:
    """The attachment that the document was planned for.

    It is found by its name, at its position first. An earlier version of the product may have
    named it differently, so position and size are compared last.
    """
    named = [a for a, n in zip(listed, name_attachments(listed), strict=True) if n == document.name]
    here = listed[document.position - 1 : document.position]
    same_size = (a for a in here if a.size == document.size)
    in_place = (a for a in here if a in named)
    return next(chain(in_place, named, same_size), None)


def _may_have_attachments(email: Email) -> bool:
    """True for a mail that may have attachments.

    `hasAttachments` does not count what is flagged as inline (Microsoft Graph: message), and an
    encrypted mail has no text.
    """
    return email.has_attachments or email.cids is None or bool(email.cids) or not email.content


def with_text(context: Context, email: Email) -> Email:
    """The mail with its text read from the kept HTML; unchanged when it has a text already."""
    if not email.is_raw or email.content is None:
        return email
    reading = context.body_reader.read(email.subject, email.content, is_html=True)
    return _with(email, reading)


def _with(email: Email, read: BodyText) -> Email:
    return replace(email, content=read.text, cids=read.cids, pictures=read.pictures, is_raw=False)


@dataclass(frozen=True, slots=True)
class Content:
    """What an Activity contains of a mail: its text, and lines about its attachments.

    `is_all`: no Document follows it.
    """

    text: str
    lines: tuple[str, ...]
    is_all: bool


def content(source: Source, filing: Filing, email: Email, *, is_new: bool = False) -> Content:
    """The content of a filing's Activity. Plans the Documents of its attachments.

    `is_new`: no Documents were planned before. Reads the mail again when we keep no text of it.
    Raises Gone when it no longer exists, else as `from_a_copy`.
    """
    email = with_text(source.context, email)
    text, cids = email.content, email.cids
    if text is None or cids is None:
        reading = read_again(source.context, email)
        text, email = reading.text, _with(email, reading)
    try:
        attachments, is_known = source.plan_for(email), True
    except Gone:  # The attachments were deleted with the mail.
        attachments, is_known = AttachmentPlan(), True
    except Refused:  # File the mail now and retry its attachments later.
        attachments, is_known = AttachmentPlan(), False
    has_any = is_known and not (is_new and not attachments.files)
    planned = plan_documents(source.context, filing, attachments) if has_any else ()
    return Content(
        text=text,
        lines=_lines(attachments, planned, has_text=bool(text)),
        is_all=is_known and all(d.is_settled for d in planned),
    )


def plan_documents(
    context: Context, filing: Filing, attachments: AttachmentPlan
) -> Sequence[Document]:
    """The Documents of a filing. Plans them on the first call; later calls change nothing.

    Records an event for each attachment that people would miss.
    """
    with context.begin() as tx:
        if planned := documents.of_filing(tx, filing.id):
            return planned
        if sizes := {one.size for one in attachments.files if one.may_repeat}:
            filed = documents.related_files(tx, filing.id, sizes=sizes)
            attachments = leave_out_repeated(attachments, filed)
        for one in documents.plan(tx, filing.id, attachments.files):
            if one.is_reported:
                _record_left_out(tx, filing, one.name, one.left_out)
        return documents.of_filing(tx, filing.id)


def leave_out(tx: Tx, filing: Filing, document: Document, why: str) -> None:
    """Do not write a planned Document; let its Activity say why."""
    documents.change(tx, [document.id], left_out=why, intent_at=None)
    _record_left_out(tx, filing, document.name, why)
    activity_updates.request_rewrite(tx, filing.id)
    filings.retry(tx, [filing.id], due_at=tx.now)


def _record_left_out(tx: Tx, filing: Filing, name: str, why: str) -> None:
    """Record in the mail's history that an attachment is left out, once for all its filings."""
    detail = f"{name} ({why})"
    known = events.of_email(tx.connection, filing.email_id)
    if not any(
        t.kind == EventKind.ATTACHMENT_LEFT_OUT and t.facts.get("detail") == detail for t in known
    ):
        tx.record_event(EventKind.ATTACHMENT_LEFT_OUT, email_id=filing.email_id, detail=detail)


def _lines(
    attachments: AttachmentPlan, planned: Iterable[Document], *, has_text: bool
) -> tuple[str, ...]:
    """The Activity's lines about attachments, with the reasons found after planning."""
    late = {d.position: d.left_out for d in planned if d.left_out}
    files = tuple(
        replace(one, left_out=late.get(one.position, one.left_out)) for one in attachments.files
    )
    return replace(attachments, files=files).lines(has_text=has_text)
