"""Calls through the SDK's typed builders: their options, their answers, their pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import httpx
from kiota_abstractions.base_request_configuration import RequestConfiguration

from webcrm_sync.graph.gate import Call
from webcrm_sync.graph.transport import Transport


def asking(query: Any) -> RequestConfiguration[Any]:
    """The options of a request with these query parameters (a builder's own class of them)."""
    return RequestConfiguration(query_parameters=query)


async def answer(transport: Transport, call: Call, ask: Callable[[], Awaitable[Any]]) -> Any:
    """The model that `ask` answers; an answer without content counts as lost."""

    async def ask_for_something() -> Any:
        model = await ask()
        if model is None:
            raise httpx.RemoteProtocolError("the answer is empty")
        return model

    return await transport.send(call, ask_for_something)


async def every(
    transport: Transport, call: Call, builder: Any, query: Any = None
) -> AsyncIterator[Any]:
    """Each entry of a collection, page after page."""
    options = asking(query) if query else None
    while builder:
        page = await answer(transport, call, partial(builder.get, options))
        for entry in page.value or ():
            yield entry
        builder = page.odata_next_link and builder.with_url(page.odata_next_link)
