"""How much free space is enough on the disk of the data folder: one answer for all who ask."""

from __future__ import annotations

from enum import Enum

#: Below this the embedded database may stop at any moment: it writes files of 16 MB (PostgreSQL:
#: wal_segment_size) and needs several at once.
FULL_BYTES = 100_000_000


class FreeSpace(Enum):
    """What the free bytes of a disk mean."""

    ENOUGH = "enough"
    LOW = "low"
    FULL = "full"


def judge_free_space(free_bytes: int, low_bytes: int) -> FreeSpace:
    """The state of a disk. `low_bytes`: below this a person should make room; 0 = never.

    >>> judge_free_space(500_000_000, 1_000_000_000)
    <FreeSpace.LOW: 'low'>
    """
    if free_bytes >= low_bytes:
        return FreeSpace.ENOUGH
    return FreeSpace.FULL if free_bytes < FULL_BYTES else FreeSpace.LOW
