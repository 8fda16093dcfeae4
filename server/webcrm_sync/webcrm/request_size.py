"""How many bytes a request to webCRM may carry, so that nobody waits long behind it."""

from __future__ import annotations

from dataclasses import dataclass

#: The size of a request at first, at least and at most, in bytes.
_FIRST, LEAST, _MOST = 2_700_000, 1_300_000, 6_700_000
#: How long a request may take. webCRM takes one call at a time, so a person's question waits
#: until the request before it has ended.
_LONGEST_S = 0.6


@dataclass(slots=True)
class RequestSize:
    """The bytes that one request carries, adapted to what webCRM takes quickly.

    Not locked: requests are sent one at a time, and each reader takes one number.
    """

    bytes: int = _FIRST

    def record(self, size: int, seconds: float) -> None:
        """Adapt to a request of `size` bytes. A small one says nothing about the line.

        After a quick one the next may be twice as large: most of its time was the way there and
        back. After a slow one the next is smaller by as much as this one was too slow.
        """
        if size < LEAST:
            return
        if seconds <= _LONGEST_S:
            self.bytes = min(max(self.bytes, 2 * size), _MOST)
        else:
            self.bytes = max(int(size * _LONGEST_S / seconds), LEAST)
