"""Attachments that webCRM does not have yet, and which of them go together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import TypeVar

from webcrm_sync.store.documents import Document
from webcrm_sync.store.filings import Filing

T = TypeVar("T")

#: Above this size (bytes) a Document goes alone; below it some go in one request, up to this size.
SMALL, _ROOM = 1_000_000, 4_000_000
_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class Waiting:
    """One attachment that webCRM does not have yet. `mailbox`: the address of one that has it."""

    filing: Filing
    document: Document
    mailbox: str


def together(waiting: Sequence[Waiting]) -> Sequence[Waiting]:
    """The first of these that go in one request: small ones, or one alone.

    One that is large goes alone, and one that did not get through with others before.
    They are taken from as many mailboxes as there are, since each lets us read few at a time.
    """
    some = list(islice(_in_turns(waiting), _TOGETHER))
    room = _ROOM
    for count, one in enumerate(some):
        room -= one.document.size
        if room < 0 or one.document.size > SMALL or one.document.attempts:
            return some[: max(count, 1)]
    return some


def by_mailbox(pairs: Iterable[tuple[str, T]]) -> list[list[T]]:
    """The second of each pair, those of one mailbox (the first) in one list."""
    lanes: dict[str, list[T]] = {}
    for mailbox, one in pairs:
        lanes.setdefault(mailbox, []).append(one)
    return list(lanes.values())


def _in_turns(waiting: Iterable[Waiting]) -> Iterator[Waiting]:
    """One of each mailbox, then the next one of each."""
    rows = zip_longest(*by_mailbox((w.mailbox, w) for w in waiting))
    return (one for row in rows for one in row if one)
