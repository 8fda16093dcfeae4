"""How many requests of one mailbox run at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Semaphore

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


@dataclass(frozen=True, slots=True)
class _Slots:
    """One mailbox's slots. `turn`: held by the call that takes slots."""

    turn: Lock = field(default_factory=Lock)
    free: Semaphore = field(default_factory=lambda: Semaphore(PER_MAILBOX))


class MailboxLimiter:
    """The slots of each mailbox. Thread-safe."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, _Slots] = {}
        self._adding = Lock()

    @contextmanager
    def hold(self, call: Call) -> Iterator[None]:
        """Waits for the slots that `call` needs, and holds them during the block."""
        if call.mailbox is None:
            yield
            return
        slots = self._slots_of(call.mailbox.casefold())
        with slots.turn:  # otherwise two calls that hold some slots each could deadlock
            for _ in range(call.slots):
                slots.free.acquire()
        try:
            yield
        finally:
            slots.free.release(call.slots)

    def _slots_of(self, mailbox: str) -> _Slots:
        with self._adding:
            if mailbox not in self._mailboxes:
                self._mailboxes[mailbox] = _Slots()
            return self._mailboxes[mailbox]
