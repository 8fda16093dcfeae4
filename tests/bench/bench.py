"""Measure the product: figures, not verdicts. `make bench`, `make bench ONLY=bulk,loop FULL=1`."""

from __future__ import annotations

import argparse
import os

from bench import pane
from bench.bulk import Figures, in_bulk
from bench.drags import drag_to_synced
from bench.files import with_files
from bench.fresh import overtaking
from bench.loop import one_by_one
from bench.panes import panes
from bench.reading.hostile import play_hostile
from bench.receiver import receiving
from bench.stalled import stall

SECTIONS = {
    "bulk": "5,000 mails of 20 mailboxes at once: time against the computed bound, calls, memory",
    "files": "1,000 mails, a third of them with files, half with a logo",
    "loop": "the same work one by one, as peers write it, and the ratio",
    "fresh": "a move by hand while 10,000 mails are queued",
    "drag": "from the drag to Synced, with push and without",
    "receiver": "2,000 notifications from 16 connections, and what strangers post",
    "panes": "300 visible panes at rest: processor time of the web process and its database",
    "pane": "the add-in: its weight, its first state, the click",
}
#: Only when asked for: they take minutes, or need libraries that nothing else does.
ON_REQUEST = {
    "hostile": "bodies that nest, repeat or grow beyond all reason: time and memory of each",
    "reading": "150 HTML bodies: words found, time and memory, beside other libraries",
    "stalled": "clients that stall, 64 of each kind: how long others wait, and memory",
    "quotes": "332 mails that quote older ones: what is new in each, beside other libraries",
}


def main() -> None:
    """Run the sections that were asked for, in their order."""
    wanted, is_full = _asked()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f} before the first section")
    ours: Figures | None = None
    if "bulk" in wanted:
        ours = in_bulk()
    if "files" in wanted:
        with_files()
    if "loop" in wanted:
        one_by_one(200 if is_full else 30, ours)
    if "fresh" in wanted:
        overtaking()
    if "drag" in wanted:
        _drag(is_full=is_full)
    _of_the_web(wanted)
    _on_request(wanted)


def _of_the_web(wanted: list[str]) -> None:
    if "receiver" in wanted:
        receiving()
    if "panes" in wanted:
        panes()
    if "pane" in wanted:
        pane.weight()
        pane.waits()


def _drag(*, is_full: bool) -> None:
    drags = 60 if is_full else 20
    drag_to_synced(drags, "with push")
    drag_to_synced(drags, "without push, POLL_SECONDS=1", poll_s=1.0)


def _on_request(wanted: list[str]) -> None:
    """Run the further sections that were asked for; only then are their libraries there."""
    if "hostile" in wanted:
        play_hostile()
    if "stalled" in wanted:
        stall()
    if "reading" in wanted:
        from bench.reading.table import read_bodies

        read_bodies()
    if "quotes" in wanted:
        from bench.quotes.table import read_quotes

        read_quotes()


def _asked() -> tuple[list[str], bool]:
    known = SECTIONS | ON_REQUEST
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        epilog="sections: " + "; ".join(f"{name} = {what}" for name, what in known.items()),
    )
    parser.add_argument("--only", default="", help="sections, comma-separated (make: ONLY=)")
    parser.add_argument(
        "--full", action="store_true", help="longer: 200 mails in the loop, 60 drags (make: FULL=1)"
    )
    given = parser.parse_args()
    wanted = given.only.split(",") if given.only else list(SECTIONS)
    if unknown := set(wanted) - set(known):
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    return wanted, given.full


if __name__ == "__main__":
    main()
