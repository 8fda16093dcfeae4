"""Mails that a person moves while thousands of others wait: they overtake the others."""

from __future__ import annotations

import statistics
import time

from bench.bulk import LATENCY, MAILBOXES
from bench.setup import Watch, add_mailboxes, mail, print_figure, service
from support.processes import until

QUEUED = 10_000
_FRESH, _EVERY_S = 10, 3.0


def measure_new_mails() -> None:
    """Print the seconds from move to Synced, for moves during a queue of 10,000 mails."""
    with service() as made:
        boxes = add_mailboxes(made, MAILBOXES)
        old, new = Watch(made.sandbox), Watch(made.sandbox)
        items = [
            (box, box.deliver(mail(n, box)))
            for n in range(QUEUED + _FRESH)
            for box in [boxes[n % MAILBOXES]]
        ]
        made.sandbox.faults.latency = LATENCY
        for box, item in items[_FRESH:]:
            old.move(box, item)
        until(lambda: len(old.took) > 0, "the first of the queue")
        for box, item in items[:_FRESH]:
            new.move(box, item)
            time.sleep(_EVERY_S)
        behind = QUEUED - len(old.took)
        new.wait("the new mails")
        times = sorted(new.took.values())
    ms = f"{LATENCY.total_seconds() * 1000:.0f} ms a call"
    print(f"{_FRESH} new mails while {QUEUED} mails are queued, {ms}:")
    print_figure("median", statistics.median(times), unit="s")
    print_figure("longest", times[-1], 5.0, "s")
    print(f"    at the last of these moves, {behind} mails of the queue were not synced yet")
