"""Calls through the SDK's typed builders: their answers, their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from webcrm_sync.core.paging_guard import PagingGuard
from webcrm_sync.graph.concurrency import Call
from webcrm_sync.graph.sdk import InvalidAnswer
from webcrm_sync.graph.transport import Transport


async def call_typed(transport: Transport, call: Call, ask: Callable[[], Awaitable[Any]]) -> Any:
    """The model that `ask` answers; one without content, or of another shape, counts as lost."""

    async def ask_for_something() -> Any:
        try:
            model = await ask()
        except (TypeError, AttributeError, KeyError):  # the SDK builds what the JSON says
            raise InvalidAnswer("Graph's answer has another shape.") from None
        if model is None:
            raise InvalidAnswer("Graph's answer is empty.")
        return model

    return await transport.send(call, ask_for_something)


async def list_typed(transport: Transport, call: Call, builder: Any) -> AsyncIterator[Any]:
    """Each entry of a collection, page after page, as far as `Trail` lets it."""
    guard = PagingGuard("Graph", most=transport.bounds.pages)
    while builder:
        page = await call_typed(transport, call, builder.get)
        for entry in page.value or ():
            yield entry
        link = page.odata_next_link
        builder = link and builder.with_url(guard.check(link))
