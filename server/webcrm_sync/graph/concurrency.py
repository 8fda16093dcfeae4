"""How many requests of one mailbox may be in flight."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

#: Exchange runs four requests per mailbox and app at a time; one is left for the add-in
#: (Microsoft Graph: throttling limits, Outlook).
PER_MAILBOX = 3


@dataclass(frozen=True, slots=True)
class Call:
    """What is known about a request besides its URL.

    `mailbox`: the user id whose places it takes, None = no mailbox's. `places`: how many.
    `is_repeatable`: sending it twice does no harm.
    """

    mailbox: str | None
    is_repeatable: bool = True
    places: int = 1


class MailboxLimiter:
    """The places of each mailbox. Lives on one event loop."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, tuple[asyncio.Lock, asyncio.Semaphore]] = {}

    @asynccontextmanager
    async def hold(self, call: Call) -> AsyncIterator[None]:
        """Holds the places that the call needs; waits in line for them."""
        async with AsyncExitStack() as held:
            if call.mailbox is not None:
                line, places = self._of(call.mailbox.casefold())
                async with line:  # two that each hold a part would wait for each other
                    for _ in range(call.places):
                        await held.enter_async_context(places)
            yield

    def _of(self, mailbox: str) -> tuple[asyncio.Lock, asyncio.Semaphore]:
        if mailbox not in self._mailboxes:
            self._mailboxes[mailbox] = (asyncio.Lock(), asyncio.Semaphore(PER_MAILBOX))
        return self._mailboxes[mailbox]
