"""Bodies are read within bounds: in place, in a process, or abandoned."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.engine.body_reader.reader import READ_IN_PLACE, UNREADABLE, BodyReader

LONG = "<p>A long letter with <a href='https://x.example'>a link</a>.</p>" * 2000


@pytest.fixture
def reader() -> Iterator[BodyReader]:
    with closing(BodyReader()) as opened:
        yield opened


def test_a_process_reads_the_same_text_as_the_caller(reader: BodyReader) -> None:
    assert len(LONG) > READ_IN_PLACE
    picture = "<img src='cid:Plan@1'><p>\U0001f600 \ud83d</p>"
    for body in (picture, picture + LONG, LONG):
        assert reader.read("Offer", body, is_html=True) == read_body(body, is_html=True)


def test_a_long_plain_text_is_read_as_text(reader: BodyReader) -> None:
    body = "words <b>and</b> more\n" * 100_000
    assert reader.read("Offer", body, is_html=False) == read_body(body, is_html=False)


@pytest.mark.parametrize("is_html", [True, False])
@pytest.mark.parametrize("bounds", [{"seconds": 0.0001}, {"megabytes": 1}])
def test_a_body_beyond_the_bounds_is_abandoned(bounds: dict[str, float], is_html: bool) -> None:
    with closing(BodyReader(**bounds)) as narrow:  # type: ignore[arg-type] # one of two keywords
        assert narrow.read("Offer", LONG * 20, is_html=is_html) == UNREADABLE


def test_the_next_body_is_read_after_one_was_abandoned() -> None:
    with closing(BodyReader(seconds=0.6)) as hasty:
        endless = "<i>" * 10 + "<p>&nbsp;<b>x</b>" * 180_000
        next_one = LONG[: 2 * READ_IN_PLACE]  # read in 20 ms: a busy machine has time for it
        started = time.monotonic()
        assert hasty.read("Offer", "<pre>" + "\n" * 60_000_000, is_html=True) == UNREADABLE
        assert time.monotonic() - started < 10
        assert hasty.read("Offer", next_one, is_html=True) == read_body(next_one, is_html=True)
        assert hasty.read("Offer", endless[:READ_IN_PLACE], is_html=True) != UNREADABLE


def test_many_threads_share_the_processes(reader: BodyReader) -> None:
    bodies = [f"<p>number {number}</p>{LONG}" for number in range(12)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda body: reader.read("Offer", body, is_html=True), bodies))
    assert [one.text.split("\n")[0] for one in found] == [f"number {n}" for n in range(12)]


def test_a_closed_reader_leaves_no_process_behind() -> None:
    reader = BodyReader()
    reader.read("Offer", LONG, is_html=True)
    process = reader._idle.queue[0]
    reader.close()
    assert process.poll() is not None
