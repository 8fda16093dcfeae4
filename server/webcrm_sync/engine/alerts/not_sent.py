"""The error of a message that was not accepted."""

from __future__ import annotations

from datetime import datetime


class NotSent(Exception):
    """A message was not accepted. Its text says why and what to do; it may hold addresses.

    `retry_at`: the time that the receiver asks for, None = it names none.
    """

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at
