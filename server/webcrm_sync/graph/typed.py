"""Calls through the SDK's typed builders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.sdk import InvalidAnswer
from webcrm_sync.graph.transport import Transport


async def call_typed(
    transport: Transport, call: Call, request: Callable[[], Awaitable[Any]]
) -> Any:
    """The SDK's model that `request` returns. An empty or malformed answer counts as lost."""

    async def request_model() -> Any:
        try:
            model = await request()
        except (TypeError, AttributeError, KeyError):  # the SDK trusts the shape of the JSON
            raise InvalidAnswer("Graph's answer has another shape.") from None
        if model is None:
            raise InvalidAnswer("Graph's answer is empty.")
        return model

    return await transport.run(call, request_model)


async def list_typed(transport: Transport, call: Call, builder: Any) -> AsyncIterator[Any]:
    """The entries of a collection, page by page.

    Raises TryLater for a listing that repeats a page or never ends.
    """
    guard = PagingGuard("Graph", max_pages=transport.bounds.pages)
    while builder:
        page = await call_typed(transport, call, builder.get)
        for entry in page.value or ():
            yield entry
        link = page.odata_next_link
        builder = link and builder.with_url(guard.check(link))
