"""Listings of raw JSON, page by page."""

from __future__ import annotations

from collections.abc import Iterator

from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.transport import Transport


def list_pages(transport: Transport, call: Call, url: str) -> Iterator[wire.Json]:
    """The pages from `url` on. Raises TryLater for a listing that repeats a page or never ends."""
    guard = PagingGuard("Graph", max_pages=transport.bounds.pages)
    while url:
        page = transport.request_json("GET", guard.check(url), call)
        yield page
        url = wire.get_text(page, "@odata.nextLink")


def list_entries(transport: Transport, call: Call, url: str) -> list[wire.Json]:
    """The entries on all pages from `url` on. Raises as `list_pages` does."""
    return [
        entry
        for page in list_pages(transport, call, url)
        for entry in wire.get_objects(page, "value")
    ]
