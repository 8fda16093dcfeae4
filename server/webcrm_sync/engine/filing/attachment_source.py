"""The attachments of a mail in Outlook: lists them, plans their Documents, reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from threading import Lock
from typing import IO, TypeVar

from webcrm_sync.core.along import TextPart, choice_line
from webcrm_sync.core.attachments import (
    NOT_CHOSEN,
    AttachmentPlan,
    FileChoice,
    classify,
    leave_out_repeated,
    may_be_shown,
    name_attachments,
)
from webcrm_sync.core.errors import Gone, Refused, SyncError, TryLater
from webcrm_sync.core.events import EventKind
from webcrm_sync.core.mail_text.body_text import BodyText
from webcrm_sync.core.message import Attachment, AttachmentKind
from webcrm_sync.core.pictures import NO_PICTURES
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.filing.document_batches import SMALL
from webcrm_sync.engine.filing.mail_reader import along_of, from_a_copy, read_again
from webcrm_sync.graph.batch import MAX_REQUESTS
from webcrm_sync.logs import carried
from webcrm_sync.store import (
    activity_updates,
    along_choices,
    documents,
    events,
    filings,
    mailboxes,
)
from webcrm_sync.store.database import Tx
from webcrm_sync.store.documents import Document
from webcrm_sync.store.emails import Email
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.items import lookup

T = TypeVar("T")
R = TypeVar("R")

#: Mailboxes read at a time, and attachments read at a time from one of them. Outlook allows no
#: more at once, and a mailbox in trouble must not be asked once per file.
PARALLEL_MAILBOXES, PARALLEL_READS = 32, 2
#: The mails whose attachments are listed ahead of the batch that needs them.
_LISTED_AHEAD = 200


def run_in_parallel(read: Callable[[T], R], things: Iterable[T], *, at_a_time: int) -> list[R]:
    """What `read` returns for each thing, in their order. Raises the first error."""
    with ThreadPoolExecutor(at_a_time, "attachments") as threads:
        return list(threads.map(carried(read), things))


class Source:
    """Reads attachments in Outlook. Lists those of a copy about once per run of the job.

    Thread-safe: the tasks of the filing pipeline share one.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock = Lock()
        # Only under the lock: the attachments by Graph id, and the copy of each mail.
        self._lists: dict[str, Sequence[Attachment]] = {}
        self._copies: dict[int, str] = {}

    def prepare(self, mails: Iterable[Email]) -> None:
        """List the attachments of many mails at once, several mailboxes in parallel.

        Also lists those of the mails that follow: often they are in other mailboxes, and each
        mailbox answers slowly. This only saves round trips: a list that cannot be read now is read
        mail by mail later.
        """
        ids = [mail.id for mail in mails if _may_have_attachments(mail)]
        with self._lock:
            ids = [i for i in ids if i not in self._copies]
        if len(ids) < 2:
            return
        with self.context.begin() as tx:
            ids = [*ids, *filings.due_with_files(tx, limit=_LISTED_AHEAD)]
        copies = self._first_copies(ids)
        wanted: dict[str, list[str]] = {}
        for user_id, graph_id in copies.values():
            if self._known_list(graph_id) is None:
                wanted.setdefault(user_id, []).append(graph_id)
        run_in_parallel(
            lambda one: self._prepare(*one), wanted.items(), at_a_time=PARALLEL_MAILBOXES
        )
        with self._lock:
            self._copies.update({email_id: graph_id for email_id, (_, graph_id) in copies.items()})

    def _prepare(self, user_id: str, graph_ids: Sequence[str]) -> None:
        def list_some(some: Sequence[str]) -> None:
            listed = self.context.graph.list_attachments_by_mail(user_id, some)
            with self._lock:
                self._lists.update(listed)

        parts = [graph_ids[n : n + MAX_REQUESTS] for n in range(0, len(graph_ids), MAX_REQUESTS)]
        with suppress(SyncError):
            run_in_parallel(list_some, parts, at_a_time=PARALLEL_READS)

    def _first_copies(self, email_ids: Collection[int]) -> dict[int, tuple[str, str]]:
        """User id and Graph id of one copy of each mail, without paused mailboxes."""
        with self.context.begin() as tx:
            open_ = {
                b.id: b.user_id for b in mailboxes.all_mailboxes(tx) if not b.pause_end(tx.now)
            }
            copies = lookup.first_copies(tx, email_ids)
        return {
            c.email_id: (open_[c.mailbox_id], c.graph_id) for c in copies if c.mailbox_id in open_
        }

    def plan_for(self, email: Email) -> AttachmentPlan:
        """The attachments of a mail, each with what becomes of it. Raises as `from_a_copy`.

        Does not ask Outlook about a mail that shows no sign of attachments.
        """
        listed = self._attachments_of(email) if _may_have_attachments(email) else ()
        read = email
        if email.cids is None or self._needs_text(email, listed):
            read = _with(email, read_again(self.context, email))
        left_out = None if read.left_out_cids is None else frozenset(read.left_out_cids)
        return classify(
            listed,
            cids=read.cids or (),
            largest=self.context.settings.max_attachment_bytes,
            pictures=read.pictures,
            choice=FileChoice(along_of(self.context, email), left_out),
        )

    def _needs_text(self, email: Email, listed: Sequence[Attachment]) -> bool:
        """True if only the whole text tells whether one of these is a picture in it."""
        return email.left_out_cids is None and may_be_shown(listed, email.cids or ())

    def _attachments_of(self, email: Email) -> Sequence[Attachment]:
        with self._lock:
            listed = self._lists.get(self._copies.get(email.id, ""))
        return from_a_copy(self.context, email.id, self._list) if listed is None else listed

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

    def save_small(self, files: Iterable[tuple[int, Document, IO[bytes]]]) -> frozenset[int]:
        """Write small files into their sinks, up to 20 of a mailbox in one round trip.

        `files`: e-mail id, Document and sink of each. Returns the ids of the Documents whose file
        is written. This only saves round trips: `save` reads the others, and says what is wrong.
        """
        files = list(files)
        copies = self._first_copies({email_id for email_id, _, _ in files})
        wanted: dict[str, dict[tuple[str, str], list[_SmallFile]]] = {}
        for email_id, document, sink in files:
            user_id, graph_id = copies.get(email_id, ("", ""))
            found = _wanted(self._known_list(graph_id) or (), document)
            if found and found.kind is AttachmentKind.FILE and found.size <= SMALL:
                small = _SmallFile(document.id, found.size, sink)
                in_mailbox = wanted.setdefault(user_id, {})
                in_mailbox.setdefault((graph_id, found.graph_id), []).append(small)
        several = [(user_id, some) for user_id, some in wanted.items() if len(some) > 1]
        saved = run_in_parallel(
            lambda one: self._save_small(*one), several, at_a_time=PARALLEL_MAILBOXES
        )
        return frozenset().union(*saved)

    def _save_small(
        self, user_id: str, wanted: Mapping[tuple[str, str], Sequence[_SmallFile]]
    ) -> frozenset[int]:
        try:
            contents = self.context.graph.read_files(user_id, list(wanted))
        except SyncError:
            return frozenset()
        saved = set()
        for small_files, content in zip(wanted.values(), contents, strict=True):
            for small in small_files:
                if content is not None and len(content) <= small.size:
                    small.sink.write(content)
                    saved.add(small.document_id)
        return frozenset(saved)

    def _known_list(self, graph_id: str) -> Sequence[Attachment] | None:
        with self._lock:
            return self._lists.get(graph_id)

    def _list(self, user_id: str, graph_id: str) -> Sequence[Attachment]:
        listed = self._known_list(graph_id)
        if listed is None:
            listed = self.context.graph.list_attachments(user_id, graph_id)
            with self._lock:
                self._lists[graph_id] = listed
        return listed


@dataclass(frozen=True, slots=True)
class _SmallFile:
    """A file to read into `sink`. `size`: the largest content in bytes that it may have."""

    document_id: int
    size: int
    sink: IO[bytes]


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
    """The mail with the text that goes along, as far as we keep it; idempotent."""
    part = along_of(context, email).text
    if part is TextPart.NONE:
        return replace(email, content="", cids=(), pictures=NO_PICTURES, is_raw=False)
    if email.is_raw and email.content is not None:
        read = context.body_reader.read(email.subject, email.content, is_html=True, part=part)
        return _with(email, read)
    return replace(email, left_out_cids=()) if part is TextPart.WHOLE else email


def _with(email: Email, read: BodyText) -> Email:
    return replace(
        email,
        content=read.text,
        cids=read.cids,
        pictures=read.pictures,
        is_raw=False,
        left_out_cids=read.left_out_cids,
        is_text_cut=read.is_text_cut,
    )


@dataclass(frozen=True, slots=True)
class Content:
    """What an Activity contains of a mail: its text, and lines about its attachments.

    `is_all`: no Document follows it. `not_chosen`: positions of the attachments that are left out
    by choice.
    """

    text: str
    lines: tuple[str, ...]
    is_all: bool
    not_chosen: frozenset[int] = frozenset()


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
    planned = (
        plan_documents(source.context, filing, email, attachments, is_new=is_new) if has_any else ()
    )
    by_choice = choice_line(
        along_of(source.context, email).text,
        is_text_cut=email.is_text_cut,
        attachments=attachments.not_chosen,
    )
    return Content(
        text=text,
        lines=(*filter(None, [by_choice]), *_lines(attachments, planned, has_text=bool(text))),
        is_all=is_known and all(d.is_settled for d in planned),
        not_chosen=frozenset(f.position for f in attachments.files if f.left_out == NOT_CHOSEN),
    )


def plan_documents(
    context: Context,
    filing: Filing,
    email: Email,
    attachments: AttachmentPlan,
    *,
    is_new: bool = False,
) -> Sequence[Document]:
    """The Documents of a filing. Plans them on the first call; later calls change nothing.

    `is_new`: none were planned a moment ago. Records an event for each attachment that people
    would miss. Raises TryLater if a person has just changed what goes along.
    """
    with context.begin() as tx:
        if not is_new and (planned := documents.of_filing(tx, filing.id)):
            return planned
        if attachments.files and not along_choices.still_holds(tx, filing.id, email):
            raise TryLater("What goes along of the mail has just changed.")
        if sizes := {one.size for one in attachments.files if one.may_repeat}:
            filed = documents.related_files(tx, filing.id, sizes=sizes)
            attachments = leave_out_repeated(attachments, filed)
        added = documents.plan(tx, filing.id, attachments.files)
        positions = {document.position for document in added}
        for one in attachments.files:
            if one.is_reported and one.position in positions:
                _record_left_out(tx, filing, one.name, one.left_out)
        is_complete = len(added) == len(attachments.files)
        return added if is_complete else documents.of_filing(tx, filing.id)


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
