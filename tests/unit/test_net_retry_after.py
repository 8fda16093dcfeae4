"""Retry-After: one reader with one cap, whichever service sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.errors import TryLater
from webcrm_sync.graph import errors as graph
from webcrm_sync.net.retry_after import LONGEST_WAIT, read_retry_after
from webcrm_sync.webcrm import errors as webcrm

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
CAP_S = 3600
Reader = Callable[[str], datetime | None]

#: The header's value, and the seconds to wait (None: the value is unusable).
TABLE: list[tuple[str, float | None]] = [
    # seconds
    ("0", 0),
    ("7", 7),
    (" 30 ", 30),
    ("007", 7),
    ("2.128", 2.128),
    ("2,128", 2.128),
    ("3600", CAP_S),
    # HTTP dates (RFC 9110, 5.6.7), with and without their zone
    ("Fri, 20 Nov 2026 10:01:00 GMT", 60),
    ("Fri, 20 Nov 2026 11:01:00 +0100", 60),
    ("20 Nov 2026 10:01:00", 60),
    ("Friday, 20-Nov-26 10:01:00 GMT", 60),
    ("Fri Nov 20 10:01:00 2026", 60),
    # the past
    ("Fri, 20 Nov 2026 09:59:00 GMT", 0),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Mon, 01 Jan 0001 00:00:00 +1400", 0),
    # absurd
    ("3601", CAP_S),
    ("86400", CAP_S),
    ("9999999", CAP_S),  # 115 days
    ("9" * 400, CAP_S),
    ("Fri, 20 Nov 9999 10:01:00 GMT", CAP_S),
    ("Fri, 31 Dec 9999 23:59:59 -1400", CAP_S),
    # negative
    ("-5", None),
    ("-0.5", None),
    # junk
    ("soon", None),
    ("nan", None),
    ("inf", None),
    ("1e9", None),
    ("1e300", None),
    ("٣", None),
    ("1.2.3", None),
    ("5 seconds", None),
    ("Fri, 99 Nov 2026 10:01:00 GMT", None),
    # empty
    ("", None),
    ("   ", None),
]


def from_graph(value: str) -> datetime | None:
    error = graph.classify_failure(
        graph.Failure(429, retry_after=value), now=NOW, is_idempotent=True
    )
    assert isinstance(error, TryLater)
    return error.retry_at


def from_webcrm(value: str) -> datetime | None:
    answer = webcrm.Answer(429, {"retry-after": value}, b"")
    error = webcrm.classify_answer(answer, is_write=False, now=NOW)
    assert isinstance(error, TryLater)
    return error.retry_at


def from_the_reader(value: str) -> datetime | None:
    return read_retry_after(value, NOW)


@pytest.mark.parametrize("read", [from_the_reader, from_graph, from_webcrm])
@pytest.mark.parametrize(("value", "wait_s"), TABLE)
def test_each_service_reads_the_header_the_same_way(
    read: Reader, value: str, wait_s: float | None
) -> None:
    expected = None if wait_s is None else NOW + timedelta(seconds=wait_s)
    found = read(value)
    assert found == expected
    assert found is None or found.tzinfo is not None


def test_a_missing_header_is_none() -> None:
    assert read_retry_after(None, NOW) is None


@given(st.text() | st.from_regex(r"[0-9.,+-]{1,12}", fullmatch=True) | st.datetimes().map(str))
def test_no_text_breaks_the_parser_or_exceeds_its_cap(value: str) -> None:
    at = read_retry_after(value, NOW)
    assert at is None or NOW <= at <= NOW + LONGEST_WAIT
