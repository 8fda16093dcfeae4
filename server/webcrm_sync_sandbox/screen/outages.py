"""What webCRM does at the will of the person at the screen: refuse everything, or take its time."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webcrm_sync_sandbox.faults import Faults

#: Longer than the pane finds usual, shorter than the patience with one call.
_SLOW_BY = timedelta(seconds=16)


class Outage(StrEnum):
    """`REFUSES`: takes nobody's token. `SLOW`: answers each call after some seconds."""

    REFUSES = "refuses"
    SLOW = "slow"


class Outages:
    """The moods that webCRM is in now. Faults that somebody else has set stay as they are."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._now: set[Outage] = set()

    @property
    def now(self) -> list[str]:
        """Their names."""
        return sorted(self._now)

    def turn(self, outage: Outage, *, is_on: bool) -> None:
        """Begin or end a mood. Idempotent."""
        if not is_on:
            self._now.discard(outage)
        elif outage not in self._now:
            self._now.add(outage)
            self._begin(outage)

    def _begin(self, outage: Outage) -> None:
        """Sets a fault that acts for as long as the mood lasts."""
        if outage is Outage.REFUSES:
            self._faults.deny("webcrm", when=lambda method, path: outage in self._now)
        else:  # who refuses does so at once
            self._faults.slow(
                "webcrm", by=_SLOW_BY, when=lambda method, path: self._now == {outage}
            )
