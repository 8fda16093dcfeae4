"""Counts what happens in this process, until somebody stores the numbers for all processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock

#: What is counted, and how it ended. Both are words of this code: few, and never an address.
Key = tuple[str, str]
#: The outcome of a call that nobody answered.
NO_ANSWER = "none"


class Tally:
    """Numbers by subject and outcome. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers: Counter[Key] = Counter()

    def count(self, subject: str, outcome: str, number: int = 1) -> None:
        """Count something that happened."""
        with self._lock:
            self._numbers[subject, outcome] += number

    def take(self) -> Mapping[Key, int]:
        """The numbers since the last call, which begin at nothing again."""
        with self._lock:
            taken, self._numbers = self._numbers, Counter()
        return taken

    def give_back(self, taken: Mapping[Key, int]) -> None:
        """Count again what was taken and could not be stored."""
        with self._lock:
            self._numbers.update(taken)


#: The numbers of this process.
TALLY = Tally()
