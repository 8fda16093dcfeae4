"""Chooses which attachments one request to webCRM carries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from typing import TypeVar

from webcrm_sync.store.documents import Document
from webcrm_sync.store.filings import Filing

T = TypeVar("T")

#: A Document above this size (bytes) is sent alone.
SMALL = 1_000_000
#: Smaller ones share a request of at most this many.
_MAX_DOCUMENTS = 50


@dataclass(frozen=True, slots=True)
class PendingAttachment:
    """An attachment that webCRM does not have yet. `mailbox`: the address of one that holds it."""

    filing: Filing
    document: Document
    mailbox: str


@dataclass(frozen=True, slots=True)
class AttachmentGroup:
    """Filings whose next attachments fit into one request. `is_alone`: it carries a single one."""

    filing_ids: tuple[int, ...]
    is_alone: bool = False


def group_filings(
    filed: Sequence[Filing],
    documents: Mapping[int, Sequence[Document]],
    mailboxes: Mapping[int, str],
    *,
    max_bytes: int,
) -> list[AttachmentGroup]:
    """The filings in groups, the group of the first filing first.

    Filings of one mailbox are kept together, since one round trip reads many of its files.
    `documents`: the attachments by filing id, empty = not planned yet. `mailboxes`: the address of
    a mailbox that holds the mail, by e-mail id. Filings with an attachment whose outcome is unclear
    form one group, since one listing of webCRM's Documents verifies all of them.
    """
    open_ = {f.id: [d for d in documents[f.id] if not d.is_settled] for f in filed}
    unclear = [f.id for f in filed if any(d.intent_at for d in open_[f.id])]
    clear = [(mailboxes[f.email_id], f.id) for f in filed if f.id not in unclear]
    in_order = list(chain.from_iterable(group_by_mailbox(clear)))
    alone = [i for i in in_order if open_[i] and all(map(goes_alone, open_[i]))]
    small = {i: [d for d in open_[i] if not goes_alone(d)] for i in in_order if i not in alone}
    groups = [AttachmentGroup(tuple(ids)) for ids in _fill_requests(small, max_bytes)]
    groups += [AttachmentGroup((i,), is_alone=True) for i in alone]
    groups.sort(key=lambda group: in_order.index(group.filing_ids[0]))
    return [AttachmentGroup(tuple(unclear)), *groups] if unclear else groups


def _fill_requests(small: Mapping[int, Sequence[Document]], max_bytes: int) -> Iterator[list[int]]:
    """The filing ids in parts whose small attachments fit into one request each."""
    part: list[int] = []
    bytes_left, count_left = max_bytes, _MAX_DOCUMENTS
    for filing_id, documents in small.items():
        size = sum(d.size for d in documents)
        if part and (size > bytes_left or len(documents) > count_left):
            yield part
            part, bytes_left, count_left = [], max_bytes, _MAX_DOCUMENTS
        part.append(filing_id)
        bytes_left, count_left = bytes_left - size, count_left - len(documents)
    if part:
        yield part


def goes_alone(document: Document) -> bool:
    """True for an attachment that shares no request: it is large, or failed among others."""
    return document.size > SMALL or document.attempts > 0


def choose_request(
    pending: Sequence[PendingAttachment], *, max_bytes: int
) -> Sequence[PendingAttachment]:
    """The attachments of the next request: several small ones, or one alone.

    They come from as many mailboxes as possible, since each mailbox allows only a few reads at
    once.
    """
    group = list(islice(_alternating(pending), _MAX_DOCUMENTS))
    left = max_bytes
    for count, one in enumerate(group):
        left -= one.document.size
        if left < 0 or goes_alone(one.document):
            return group[: max(count, 1)]
    return group


def group_by_mailbox(pairs: Iterable[tuple[str, T]]) -> list[list[T]]:
    """The values of these (mailbox, value) pairs, one list per mailbox."""
    per_mailbox: dict[str, list[T]] = {}
    for mailbox, one in pairs:
        per_mailbox.setdefault(mailbox, []).append(one)
    return list(per_mailbox.values())


def _alternating(pending: Iterable[PendingAttachment]) -> Iterator[PendingAttachment]:
    """The first of each mailbox, then the second of each, and so on."""
    rows = zip_longest(*group_by_mailbox((p.mailbox, p) for p in pending))
    return (one for row in rows for one in row if one)
