"""What the tests of the store share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from webcrm_sync.store.database import Database


@pytest.fixture
def database(fresh_database: str) -> Iterator[Database]:
    """A database with nothing in it."""
    with closing(Database(fresh_database, now=lambda: datetime.now(UTC))) as opened:
        yield opened
