"""Chooses which of the waiting attachments one request to webCRM carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TypeVar

from webcrm_sync.store.documents import Document
from webcrm_sync.store.filings import Filing

T = TypeVar("T")

#: A Document above this size (bytes) is sent alone. Smaller ones share a request, up to this many
#: bytes and Documents.
SMALL, _MAX_BYTES = 1_000_000, 4_000_000
_MAX_DOCUMENTS = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attachment that webCRM does not have yet. `mailbox`: the address of one that holds it."""

    filing: Filing
    document: Document
    mailbox: str


def together(waiting: Sequence[Waiting]) -> Sequence[Waiting]:
    """The attachments of the next request: several small ones, or one alone.

    A large attachment is sent alone, and so is one that failed among others before. They come
    from as many mailboxes as possible, since each mailbox allows only a few reads at once.
    """
    group = list(islice(_alternating(waiting), _MAX_DOCUMENTS))
    left = _MAX_BYTES
    for count, one in enumerate(group):
        left -= one.document.size
        if left < 0 or one.document.size > SMALL or one.document.attempts:
            return group[: max(count, 1)]
    return group


def by_mailbox(pairs: Iterable[tuple[str, T]]) -> list[list[T]]:
    """The values of these (mailbox, value) pairs, one list per mailbox."""
    per_mailbox: dict[str, list[T]] = {}
    for mailbox, one in pairs:
        per_mailbox.setdefault(mailbox, []).append(one)
    return list(per_mailbox.values())


def _alternating(waiting: Iterable[Waiting]) -> Iterator[Waiting]:
    """The first of each mailbox, then the second of each, and so on."""
    rows = zip_longest(*by_mailbox((w.mailbox, w) for w in waiting))
    return (one for row in rows for one in row if one)
