"""Outages of webCRM that a person at the screen switches on: it refuses all calls, or is slow."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webcrm_sync_sandbox.faults import Faults

#: Long enough for the pane to mention it, shorter than the timeout of a call.
_SLOW_BY = timedelta(seconds=16)


class Outage(StrEnum):
    """`REFUSES`: webCRM rejects every token. `SLOW`: it answers each call after some seconds."""

    REFUSES = "refuses"
    SLOW = "slow"


class Outages:
    """The outages that are on now. Faults that others have set stay."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._now: set[Outage] = set()

    @property
    def now(self) -> list[str]:
        """The names of the outages that are on."""
        return sorted(self._now)

    def turn(self, outage: Outage, *, is_on: bool) -> None:
        """Begin or end an outage. Idempotent."""
        if not is_on:
            self._now.discard(outage)
        elif outage not in self._now:
            self._now.add(outage)
            self._begin(outage)

    def _begin(self, outage: Outage) -> None:
        """Set a fault that acts while the outage lasts."""
        if outage is Outage.REFUSES:
            self._faults.deny("webcrm", when=lambda method, path: outage in self._now)
        else:  # a refusal is not slow
            self._faults.slow(
                "webcrm", by=_SLOW_BY, when=lambda method, path: self._now == {outage}
            )
