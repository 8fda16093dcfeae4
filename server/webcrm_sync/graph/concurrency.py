"""How many requests of one mailbox run at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

#: Exchange runs four requests per mailbox and app at a time (Microsoft Graph: throttling limits,
#: Outlook). The two workers share them; the web process sends single requests.
PER_MAILBOX = 2


@dataclass(frozen=True, slots=True)
class Call:
    """Facts about a request beyond its URL.

    `mailbox`: the id of the user whose slots it takes, None = it takes none. `slots`: how many it
    takes. `is_idempotent`: a second request does no harm.
    """

    mailbox: str | None
    is_idempotent: bool = True
    slots: int = 1


class MailboxLimiter:
    """The slots of each mailbox. Belongs to one event loop."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, tuple[asyncio.Lock, asyncio.Semaphore]] = {}

    @asynccontextmanager
    async def hold(self, call: Call) -> AsyncIterator[None]:
        """Waits, in order of arrival, for the slots that `call` needs, and holds them."""
        async with AsyncExitStack() as slots_held:
            if call.mailbox is not None:
                lock, slots = self._lock_and_slots(call.mailbox.casefold())
                async with lock:  # otherwise two calls that hold some slots each could deadlock
                    for _ in range(call.slots):
                        await slots_held.enter_async_context(slots)
            yield

    def _lock_and_slots(self, mailbox: str) -> tuple[asyncio.Lock, asyncio.Semaphore]:
        if mailbox not in self._mailboxes:
            self._mailboxes[mailbox] = (asyncio.Lock(), asyncio.Semaphore(PER_MAILBOX))
        return self._mailboxes[mailbox]
