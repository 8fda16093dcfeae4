"""A move by hand while thousands of others are waiting: it overtakes them."""

from __future__ import annotations

import statistics
import time

from bench.bulk import LATENCY, MAILBOXES
from bench.ground import Watch, mail, mailboxes, service, told
from support.processes import until

QUEUED = 10_000
_FRESH, _EVERY_S = 10, 3.0


def overtaking() -> None:
    """Seconds from move to Synced, for moves made while 10,000 others wait."""
    with service() as made:
        boxes = mailboxes(made, MAILBOXES)
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
        new.wait("the fresh moves")
        times = sorted(new.took.values())
    ms = f"{LATENCY.total_seconds() * 1000:.0f} ms a call"
    print(f"{_FRESH} fresh moves while {QUEUED} mails are queued, {ms}:")
    told("median", statistics.median(times), unit="s")
    told("longest", times[-1], 10.0, "s")
    print(f"    when the last one was made, {behind} of the queue were not synced yet")
