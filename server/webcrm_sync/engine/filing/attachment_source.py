"""What is attached to a mail in Outlook: listed, told what becomes of it, read."""

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

#: So many mailboxes are asked at a time, and so many attachments of one: Outlook answers no more
#: at once, and a mailbox in trouble is not to be asked once per file.
MAILBOXES, OF_ONE_MAILBOX = 8, 3


def side_by_side(ask: Callable[[T], R], about: Iterable[T], *, at_a_time: int) -> list[R]:
    """What `ask` returns about each of these, in their order."""
    with ThreadPoolExecutor(at_a_time, "attachments") as threads:
        return list(threads.map(ask, about))


@dataclass(frozen=True, slots=True)
class Source:
    """The attachments in Outlook; a copy's list is asked for once per run of the job."""

    context: Context
    lists: dict[str, Sequence[Attachment]] = field(default_factory=dict)

    def prepare(self, mails: Iterable[Email]) -> None:
        """Ask for the lists of many mails at once, mailbox by mailbox side by side.

        A mere saving of round trips: what cannot be had is asked for again mail by mail.
        """
        ids = [mail.id for mail in mails if _may_have_any(mail)]
        if len(ids) < 2:
            return
        with self.context.begin() as tx:
            open_ = {
                b.id: b.user_id for b in mailboxes.all_mailboxes(tx) if not b.shut_until(tx.now)
            }
            found = lookup.first_copies(tx, ids)
        wanted: dict[str, list[str]] = {}
        for copy in found:
            if copy.mailbox_id in open_ and copy.graph_id not in self.lists:
                wanted.setdefault(open_[copy.mailbox_id], []).append(copy.graph_id)
        side_by_side(lambda one: self._prepare(*one), wanted.items(), at_a_time=MAILBOXES)

    def _prepare(self, user_id: str, graph_ids: Sequence[str]) -> None:
        with suppress(SyncError):
            self.lists.update(self.context.graph.attachment_lists(user_id, graph_ids))

    def enclosures(self, email: Email) -> AttachmentPlan:
        """What becomes of the attachments of a mail. Raises Gone when no copy is left.

        Outlook is not asked about a mail that shows no sign of any.
        """
        may_have_any = _may_have_any(email)
        listed = from_a_copy(self.context, email.id, self._list) if may_have_any else ()
        read = read_again(self.context, email) if email.cids is None else email
        return classify(
            listed,
            cids=read.cids or (),
            largest=self.context.settings.max_attachment_bytes,
            pictures=read.pictures,
        )

    def save(self, email_id: int, document: Document, sink: IO[bytes]) -> None:
        """Write the attachment at the document's position into an empty sink. Raises Gone."""

        def read(user_id: str, graph_id: str) -> None:
            listed = self._list(user_id, graph_id)
            wanted = _wanted(listed, document)
            if wanted is None:
                raise Gone("The attachment is no longer on the mail.")
            sink.seek(0)
            sink.truncate()  # another copy may have been read in part
            self.context.graph.save_attachment(
                user_id, graph_id, wanted.graph_id, sink=sink, at_most=wanted.max_content_size
            )

        from_a_copy(self.context, email_id, read)

    def _list(self, user_id: str, graph_id: str) -> Sequence[Attachment]:
        if graph_id not in self.lists:
            self.lists[graph_id] = self.context.graph.attachments(user_id, graph_id)
        return self.lists[graph_id]


def _wanted(listed: Sequence[Attachment], document: Document) -> Attachment | None:
    """The attachment that was planned: by its name, the one in its place first.

    An earlier version may have given it another name: then its place and size tell.
    """
    named = [a for a, n in zip(listed, name_attachments(listed), strict=True) if n == document.name]
    here = listed[document.position - 1 : document.position]
    same_size = (a for a in here if a.size == document.size)
    in_place = (a for a in here if a in named)
    return next(chain(in_place, named, same_size), None)


def _may_have_any(email: Email) -> bool:
    """True for a mail that may have attachments.

    `hasAttachments` does not count what is flagged as inline (Microsoft Graph: message), and an
    encrypted mail has no text.
    """
    return email.has_attachments or email.cids is None or bool(email.cids) or not email.content


def laid_out(context: Context, email: Email) -> Email:
    """The mail with its text, where its HTML is kept as it came."""
    if not email.is_raw or email.content is None:
        return email
    reading = context.body_reader.read(email.subject, email.content, is_html=True)
    return _with(email, reading)


def _with(email: Email, read: BodyText) -> Email:
    return replace(email, content=read.text, cids=read.cids, pictures=read.pictures, is_raw=False)


@dataclass(frozen=True, slots=True)
class Content:
    """What an Activity says of a mail. `is_all`: no Document follows it."""

    text: str
    lines: tuple[str, ...]
    is_all: bool


def content(source: Source, filing: Filing, email: Email, *, is_new: bool = False) -> Content:
    """The mail's text and what is to be said about its attachments, which are planned with it.

    `is_new`: none were planned before. What is not kept is read again. Raises Gone when it is
    lost, else as `from_a_copy`.
    """
    email = laid_out(source.context, email)
    text, cids = email.content, email.cids
    if text is None or cids is None:
        reading = read_again(source.context, email)
        text, email = reading.text, _with(email, reading)
    try:
        enclosures, is_known = source.enclosures(email), True
    except Gone:
        enclosures, is_known = AttachmentPlan(), True  # what was attached went with the mail
    except Refused:
        enclosures, is_known = (
            AttachmentPlan(),
            False,
        )  # the mail is filed; its files are tried again
    has_any = is_known and not (is_new and not enclosures.files)
    planned = plan(source.context, filing, enclosures) if has_any else ()
    return Content(
        text=text,
        lines=_lines(enclosures, planned, has_text=bool(text)),
        is_all=is_known and all(d.is_settled for d in planned),
    )


def plan(context: Context, filing: Filing, enclosures: AttachmentPlan) -> Sequence[Document]:
    """The attachments of a filing, as the first visit decides; what people miss is told.

    Idempotent: what other mails file later changes nothing.
    """
    with context.begin() as tx:
        if planned := documents.of_filing(tx, filing.id):
            return planned
        if sizes := {one.size for one in enclosures.files if one.may_repeat}:
            filed = documents.beside(tx, filing.id, sizes=sizes)
            enclosures = leave_out_repeated(enclosures, filed)
        for one in documents.plan(tx, filing.id, enclosures.files):
            if one.is_reported:
                _tell(tx, filing, one.name, one.left_out)
        return documents.of_filing(tx, filing.id)


def leave_out(tx: Tx, filing: Filing, document: Document, why: str) -> None:
    """An attachment that was to become a Document stays away after all; its Activity says so."""
    documents.change(tx, [document.id], left_out=why, intent_at=None)
    _tell(tx, filing, document.name, why)
    activity_updates.request_rewrite(tx, filing.id)
    filings.retry(tx, [filing.id], due_at=tx.now)


def _tell(tx: Tx, filing: Filing, name: str, why: str) -> None:
    """Tell it in the mail's story, once for all its filings."""
    detail = f"{name} ({why})"
    known = events.of_email(tx.connection, filing.email_id)
    if not any(
        t.kind == EventKind.ATTACHMENT_LEFT_OUT and t.facts.get("detail") == detail for t in known
    ):
        tx.record_event(EventKind.ATTACHMENT_LEFT_OUT, email_id=filing.email_id, detail=detail)


def _lines(
    enclosures: AttachmentPlan, planned: Iterable[Document], *, has_text: bool
) -> tuple[str, ...]:
    """What the Activity says about the attachments, late decisions about them included."""
    late = {d.position: d.left_out for d in planned if d.left_out}
    files = tuple(
        replace(one, left_out=late.get(one.position, one.left_out)) for one in enclosures.files
    )
    return replace(enclosures, files=files).lines(has_text=has_text)
