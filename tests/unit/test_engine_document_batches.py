"""The attachments that are sent to webCRM in one request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.engine.filing.document_batches import SMALL, Waiting, together
from webcrm_sync.store.documents import Document
from webcrm_sync.store.filings import Filing

_FILING = Filing(1, 1, 1, None, MatchedBy.CONTACT, "ms1-", None, None, 0, 0, 1, is_complete=False)


def _waiting(*places: tuple[str, int]) -> list[Waiting]:
    """One attachment for each mailbox and size, numbered from 0."""
    return [
        Waiting(_FILING, Document(n, 1, n, f"{n}.pdf", size, None, 0, 0, None), mailbox)
        for n, (mailbox, size) in enumerate(places)
    ]


def _numbers(waiting: list[Waiting]) -> list[int]:
    return [one.document.id for one in together(waiting)]


def test_mailboxes_take_turns() -> None:
    waiting = _waiting(("kim", 10), ("kim", 10), ("kim", 10), ("eva", 10))
    assert _numbers(waiting) == [0, 3, 1, 2]


def test_a_large_attachment_is_sent_alone_and_delays_no_small_one() -> None:
    assert _numbers(_waiting(("kim", SMALL + 1), ("kim", 10))) == [0]
    assert _numbers(_waiting(("kim", 10), ("kim", SMALL + 1), ("kim", 10))) == [0]


@given(
    st.lists(
        st.tuples(st.sampled_from(("kim", "eva", "lis")), st.integers(0, 2 * SMALL)), max_size=60
    )
)
def test_request_is_neither_too_large_nor_empty(places: list[tuple[str, int]]) -> None:
    waiting = _waiting(*places)
    chosen = _numbers(waiting)
    assert chosen[:1] == [0][: len(waiting)]  # the oldest one is never skipped
    assert len(set(chosen)) == len(chosen) <= 20
    sizes = [waiting[n].document.size for n in chosen]
    assert len(sizes) < 2 or (max(sizes) <= SMALL and sum(sizes) <= 4 * SMALL)
