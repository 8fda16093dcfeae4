"""How much free space is enough."""

from __future__ import annotations

import pytest

from webcrm_sync.core.free_space import FreeSpace, judge_free_space


@pytest.mark.parametrize(
    ("free_bytes", "low_bytes", "space"),
    [
        (10**9, 10**9, FreeSpace.ENOUGH),
        (10**9 - 1, 10**9, FreeSpace.LOW),
        (100_000_000, 10**9, FreeSpace.LOW),
        (99_999_999, 10**9, FreeSpace.FULL),
        (0, 10**9, FreeSpace.FULL),
        (50_000_000, 50_000_000, FreeSpace.ENOUGH),
        (0, 0, FreeSpace.ENOUGH),
    ],
)
def test_the_free_bytes_of_a_disk(free_bytes: int, low_bytes: int, space: FreeSpace) -> None:
    assert judge_free_space(free_bytes, low_bytes) is space
