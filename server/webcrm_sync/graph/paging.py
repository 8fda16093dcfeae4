"""The pages of a listing, one after another."""

from __future__ import annotations

from collections.abc import AsyncIterator

from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.graph import wire
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.transport import Transport


async def list_pages(transport: Transport, call: Call, url: str) -> AsyncIterator[wire.Json]:
    """Each page from that address on. Raises TryLater where they lead in a circle or never end."""
    guard = PagingGuard("Graph", most=transport.bounds.pages)
    while url:
        page = await transport.json("GET", guard.check(url), call)
        yield page
        url = wire.get_text(page, "@odata.nextLink")


async def list_entries(transport: Transport, call: Call, url: str) -> list[wire.Json]:
    """The lines of all these pages."""
    return [
        line
        async for page in list_pages(transport, call, url)
        for line in wire.get_objects(page, "value")
    ]
