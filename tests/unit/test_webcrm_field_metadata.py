"""The cached fields of webCRM's Activity."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from webcrm_sync.core.crm import Field
from webcrm_sync.core.errors import Gone
from webcrm_sync.webcrm.field_metadata import FieldMetadata, LevelMetadata

_NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_threads_that_need_the_fields_at_once_read_them_once() -> None:
    reads: list[float] = []

    def fetch() -> tuple[Field, ...]:
        reads.append(time.monotonic())
        time.sleep(0.05)
        return ()

    metadata = FieldMetadata(fetch=fetch, now=lambda: _NOW)
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: metadata.read(), range(4))) == [{}] * 4
    assert len(reads) == 1


def test_missing_description_counts_as_known_for_half_an_hour() -> None:
    reads: list[None] = []

    def fetch() -> tuple[Field, ...]:
        reads.append(None)
        raise Gone("404")

    metadata = FieldMetadata(fetch=fetch, now=lambda: _NOW)
    assert metadata.read() == metadata.read() == {}
    assert len(reads) == 1


def test_levels_are_read_every_half_hour_and_none_is_an_answer_too() -> None:
    answers = iter([{4: "Won"}, {5: "Won"}])
    now = [_NOW]

    def fetch() -> Mapping[int, str]:
        try:
            return next(answers)
        except StopIteration:
            raise Gone("404") from None

    levels = LevelMetadata(fetch=fetch, now=lambda: now[0])
    assert levels.read() == levels.read() == {4: "Won"}
    for expected in ({5: "Won"}, {}, {}):
        now[0] += timedelta(minutes=31)
        assert levels.read() == expected
