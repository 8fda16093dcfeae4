"""Listings of a service that lead in a circle or never end."""

from __future__ import annotations

import pytest

from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.paging_guard import PagingGuard


def test_each_page_is_read_once() -> None:
    guard = PagingGuard("Graph", max_pages=3)
    assert [guard.check(page) for page in ("a", "b")] == ["a", "b"]
    with pytest.raises(TryLater, match=r"Graph's list leads in a circle\.") as raised:
        guard.check("a")
    assert raised.value.code == "EndlessList"


def test_a_listing_ends_after_as_many_pages_as_allowed() -> None:
    guard = PagingGuard("webCRM", max_pages=2)
    guard.check("a")
    guard.check("b")
    with pytest.raises(TryLater, match=r"webCRM's list does not end\.") as raised:
        guard.check("c")
    assert raised.value.code == "EndlessList"


def test_a_link_that_no_server_accepts_is_no_page() -> None:
    guard = PagingGuard("Graph", max_pages=2)
    assert guard.check("x" * 32_000)
    with pytest.raises(TryLater, match="names no page") as raised:
        guard.check("x" * 32_001)
    assert raised.value.code == "EndlessList"
