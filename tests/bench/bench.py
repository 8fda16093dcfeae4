"""Measures the product: `make bench`, `make bench ONLY=bulk,loop FULL=1`."""

from __future__ import annotations

import argparse
import os
import time

from bench import pane
from bench.again import measure_restart
from bench.bulk import Figures, measure_bulk
from bench.drags import measure_drags
from bench.files import measure_files
from bench.fresh import measure_new_mails
from bench.line import measure_questions
from bench.loop import measure_loop
from bench.many import measure_many
from bench.memory import measure_memory
from bench.panes import measure_panes
from bench.reading.hostile import measure_hostile
from bench.receiver import measure_receiver
from bench.rest import measure_rest
from bench.stalled import measure_stalled

SECTIONS = {
    "bulk": "5,000 mails of 20 mailboxes at once: time against the computed bound, calls, memory",
    "files": "1,000 mails, a third of them with files, half with a logo",
    "loop": "the same work mail by mail, as a simple integration does it, and the ratio",
    "fresh": "ten moves by hand while 10,000 mails are queued",
    "line": "a person's questions to webCRM while 10,000 mails are queued",
    "drag": "from the drag to Synced, with push and without",
    "memory": "serve with 105 mailboxes: memory of its processes, start and stop",
    "again": "serve started again with 300 mailboxes: until their mails are synced",
    "many": "mailbox add for 300 mailboxes at 50 ms a call",
    "rest": "an idle hour of 40 mailboxes: calls to Graph by kind",
    "receiver": "2,000 notifications from 16 connections, and hostile requests",
    "panes": "300 idle visible panes: processor time of the web process and its database",
    "pane": "the add-in: its size, its first state, the response to a click",
}
#: Sections that run only on request: they take minutes, or need further libraries.
ON_REQUEST = {
    "hostile": "hostile bodies, deeply nested or huge: time and memory of each",
    "reading": "150 HTML bodies: words found, time and memory, compared with libraries",
    "stalled": "clients that stall, 64 of each kind: how long others wait, and memory",
    "quotes": "332 mails that quote older ones: the new text of each, compared with libraries",
}


def main() -> None:
    """Run the requested sections in their order."""
    wanted, is_full = _parse_options()
    load = os.getloadavg()[0]
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    print(f"{processors} processors, load {load:.1f} before the first section")
    print(f"a plain loop of ten million steps takes {_plain_loop_s():.2f} s of processor time")
    figures: Figures | None = None
    if "bulk" in wanted:
        figures = measure_bulk()
    if "files" in wanted:
        measure_files()
    if "loop" in wanted:
        measure_loop(200 if is_full else 30, figures)
    if "fresh" in wanted:
        measure_new_mails()
    if "line" in wanted:
        measure_questions()
    if "drag" in wanted:
        _measure_drags(is_full=is_full)
    if "memory" in wanted:
        measure_memory()
    _run_web_sections(wanted)
    _run_on_request(wanted)


def _plain_loop_s() -> float:
    """The speed of this machine, to compare figures of different machines."""
    start = time.process_time()
    for _ in range(10_000_000):
        pass
    return time.process_time() - start


def _run_web_sections(wanted: list[str]) -> None:
    if "many" in wanted:
        measure_many()
    if "again" in wanted:
        measure_restart()
    if "rest" in wanted:
        measure_rest()
    if "receiver" in wanted:
        measure_receiver()
    if "panes" in wanted:
        measure_panes()
    if "pane" in wanted:
        pane.measure_size()
        pane.measure_waits()


def _measure_drags(*, is_full: bool) -> None:
    drags = 60 if is_full else 40
    measure_drags(drags, "with push")
    measure_drags(drags, "without push, POLL_SECONDS=1", poll_s=1.0)


def _run_on_request(wanted: list[str]) -> None:
    """Run the requested further sections. Only then are their libraries installed."""
    if "hostile" in wanted:
        measure_hostile()
    if "stalled" in wanted:
        measure_stalled()
    if "reading" in wanted:
        from bench.reading.table import measure_bodies

        measure_bodies()
    if "quotes" in wanted:
        from bench.quotes.table import measure_quotes

        measure_quotes()


def _parse_options() -> tuple[list[str], bool]:
    known = SECTIONS | ON_REQUEST
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        epilog="sections: " + "; ".join(f"{name} = {what}" for name, what in known.items()),
    )
    parser.add_argument("--only", default="", help="sections, comma-separated (make: ONLY=)")
    parser.add_argument(
        "--full",
        action="store_true",
        help="200 mails in the loop, 60 drags (make: FULL=1)",
    )
    options = parser.parse_args()
    wanted = options.only.split(",") if options.only else list(SECTIONS)
    if unknown := set(wanted) - set(known):
        parser.error(f"unknown section {', '.join(sorted(unknown))}")
    return wanted, options.full


if __name__ == "__main__":
    main()
