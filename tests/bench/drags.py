"""How long a person with a mouse waits: from the drag to both categories."""

from __future__ import annotations

import random
import statistics
import time
from datetime import timedelta

from bench.setup import Watch, add_mailboxes, mail, service

_LATENCY = timedelta(milliseconds=50)


def measure_drags(drags: int, name: str, *, poll_s: float | None = None) -> None:
    """Print the seconds from a drag to the categories in Outlook. `poll_s`: without push."""
    settings = {} if poll_s is None else {"POLL_SECONDS": str(poll_s)}
    limit = 0.3 + 2 * (poll_s or 0)  # a folder is read at the next tick after its poll is due
    with service(**settings) as made:
        if poll_s is not None:
            made.sandbox.graph.pusher.faults.lost = 1.0
        (box,) = add_mailboxes(made, 1)
        watch = Watch(made.sandbox)
        made.sandbox.faults.latency = _LATENCY
        for number in range(drags):
            item = box.deliver(mail(number, box))
            time.sleep(random.uniform(0.1, 0.8))  # as a person does
            watch.move(box, item)
            watch.wait("the categories")
    times = sorted(watch.took.values())
    p95 = times[int(len(times) * 0.95) - 1]
    median = statistics.median(times)
    print(f"drag to Synced {name}, 50 ms a call, {drags} drags:")
    print(f"  median {median:.2f} s   p95 {p95:.2f} s   limit {limit:.1f} s  ({p95 / limit:.0%})")
