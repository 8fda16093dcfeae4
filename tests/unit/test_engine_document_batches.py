"""The attachments that are sent to webCRM in one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.matching import MatchedBy
from webcrm_sync.engine.filing.document_batches import (
    SMALL,
    AttachmentGroup,
    PendingAttachment,
    choose_request,
    group_filings,
)
from webcrm_sync.store.documents import Document
from webcrm_sync.store.filings import Filing

_FILING = Filing(1, 1, 1, None, MatchedBy.CONTACT, "ms1-", None, None, 0, 0, 1, is_complete=False)


def _pending(*places: tuple[str, int]) -> list[PendingAttachment]:
    """One attachment for each mailbox and size, numbered from 0."""
    return [
        PendingAttachment(_FILING, Document(n, 1, n, f"{n}.pdf", size, None, 0, 0, None), mailbox)
        for n, (mailbox, size) in enumerate(places)
    ]


def _numbers(pending: list[PendingAttachment]) -> list[int]:
    return [one.document.id for one in choose_request(pending, max_bytes=2 * SMALL)]


def test_mailboxes_take_turns() -> None:
    pending = _pending(("kim", 10), ("kim", 10), ("kim", 10), ("eva", 10))
    assert _numbers(pending) == [0, 3, 1, 2]


def test_a_large_attachment_is_sent_alone_and_delays_no_small_one() -> None:
    assert _numbers(_pending(("kim", SMALL + 1), ("kim", 10))) == [0]
    assert _numbers(_pending(("kim", 10), ("kim", SMALL + 1), ("kim", 10))) == [0]


@given(
    st.lists(
        st.tuples(st.sampled_from(("kim", "eva", "lis")), st.integers(0, 2 * SMALL)), max_size=60
    )
)
def test_request_is_neither_too_large_nor_empty(places: list[tuple[str, int]]) -> None:
    pending = _pending(*places)
    chosen = _numbers(pending)
    assert chosen[:1] == [0][: len(pending)]  # the oldest one is never skipped
    assert len(set(chosen)) == len(chosen) <= 50
    sizes = [pending[n].document.size for n in chosen]
    assert len(sizes) < 2 or (max(sizes) <= SMALL and sum(sizes) <= 2 * SMALL)


def test_a_request_and_its_group_keep_the_limit() -> None:
    pending = _pending(*[("kim", 400_000)] * 10)
    assert len(choose_request(pending, max_bytes=1_000_000)) == 2
    assert len(choose_request(pending, max_bytes=4_000_000)) == 10


def _groups(*filings: tuple[str, Sequence[Document]]) -> list[AttachmentGroup]:
    """The groups of filings 0, 1 and so on, each with its mailbox and attachments."""
    filed = [replace(_FILING, id=n, email_id=n) for n in range(len(filings))]
    return group_filings(
        filed,
        {n: documents for n, (_, documents) in enumerate(filings)},
        {n: mailbox for n, (mailbox, _) in enumerate(filings)},
        max_bytes=2 * SMALL,
    )


def _documents(*sizes: int, **facts: Any) -> list[Document]:
    document = Document(1, 1, 1, "plan.pdf", 0, None, 0, 0, None)
    return [replace(document, size=size, **facts) for size in sizes]


def test_small_attachments_of_many_mails_share_a_request_ordered_by_mailbox() -> None:
    small = _documents(10, 20)
    assert _groups(("kim", small), ("eva", small), ("kim", small)) == [AttachmentGroup((0, 2, 1))]


def test_next_group_begins_when_a_request_is_full() -> None:
    assert _groups(*[("kim", _documents(SMALL - 1))] * 3) == [
        AttachmentGroup((0, 1)),
        AttachmentGroup((2,)),
    ]
    assert len(_groups(*[("kim", _documents(1))] * 51)) == 2


@pytest.mark.parametrize("facts", [{"size": SMALL + 1}, {"attempts": 1}])
def test_attachment_that_shares_no_request_is_in_a_group_of_its_own(facts: dict[str, int]) -> None:
    alone = _documents(10, **facts) if "attempts" in facts else _documents(facts["size"])
    assert _groups(("kim", _documents(5)), ("kim", alone), ("kim", _documents(5))) == [
        AttachmentGroup((0, 2)),
        AttachmentGroup((1,), is_alone=True),
    ]
    assert _groups(("kim", alone), ("kim", _documents(5)))[0] == AttachmentGroup(
        (0,), is_alone=True
    )


def test_small_attachments_of_a_mail_are_written_before_its_large_ones() -> None:
    assert _groups(("kim", _documents(5, SMALL + 1)), ("kim", _documents(5))) == [
        AttachmentGroup((0, 1))
    ]


def test_unclear_attachments_are_verified_together_and_first() -> None:
    unclear = _documents(SMALL + 1, intent_at=datetime(2026, 1, 5, tzinfo=UTC))
    assert _groups(("kim", _documents(5)), ("kim", unclear), ("eva", unclear)) == [
        AttachmentGroup((1, 2)),
        AttachmentGroup((0,)),
    ]


def test_filing_without_open_attachments_is_in_a_group_so_that_it_is_completed() -> None:
    assert _groups(("kim", []), ("kim", _documents(5, document_id=7))) == [AttachmentGroup((0, 1))]
