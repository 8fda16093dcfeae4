"""Events before they are stored."""

from __future__ import annotations

import pytest

from webcrm_sync.core.events import EventKind
from webcrm_sync.store.events import NewEvent


def test_event_carries_no_fact_that_its_kind_does_not_name() -> None:
    assert NewEvent(EventKind.SYNCED, facts={"took_s": 3}).facts == {"took_s": 3}
    with pytest.raises(AssertionError, match="detail"):
        NewEvent(EventKind.SYNCED, facts={"took_s": 3, "detail": "slow"})
