"""Calls through the SDK's typed builders: their answers, their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx

from webcrm_sync.graph.gate import Call
from webcrm_sync.graph.transport import Transport


async def answer(transport: Transport, call: Call, ask: Callable[[], Awaitable[Any]]) -> Any:
    """The model that `ask` answers; an answer without content counts as lost."""

    async def ask_for_something() -> Any:
        model = await ask()
        if model is None:
            raise httpx.RemoteProtocolError("the answer is empty")
        return model

    return await transport.send(call, ask_for_something)


async def every(transport: Transport, call: Call, builder: Any) -> AsyncIterator[Any]:
    """Each entry of a collection, page after page."""
    while builder:
        page = await answer(transport, call, builder.get)
        for entry in page.value or ():
            yield entry
        builder = page.odata_next_link and builder.with_url(page.odata_next_link)
