"""What a restart costs a company of 300 mailboxes, 50 ms a call: until the service works again."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta

import httpx

from bench.setup import Watch, add_customers, add_mailboxes, mail, print_figure
from support.processes import RunningService, run_service, until
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_MAILBOXES = 300
_LATENCY = timedelta(milliseconds=50)
#: The leases of all mailboxes are confirmed after a start before anything is written.
_LIMIT_S = 60


def measure_restart() -> None:
    """Print the times from the start of the command, and those of a mail in each mailbox."""
    print(f"\nserve again, with {_MAILBOXES} mailboxes, {_LATENCY.total_seconds() * 1000:.0f} ms")
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sandbox(keep_bodies=False) as sandbox,
        run_service(sandbox, "serve", DATA_DIR=f"{scratch}/d") as made,
    ):
        add_customers(sandbox)
        boxes = add_mailboxes(made, _MAILBOXES)
        made.stop()
        sandbox.faults.latency = _LATENCY
        _measure(made, boxes)


def _measure(made: RunningService, boxes: list[SimMailbox]) -> None:
    items = [box.deliver(mail(number, box)) for number, box in enumerate(boxes)]
    watch = Watch(made.sandbox)
    began = time.monotonic()
    made.start("serve")
    for box, item in zip(boxes, items, strict=True):
        watch.move(box, item)
    made.await_healthy()
    print_figure("until it answers", time.monotonic() - began, unit="s")
    until(lambda: httpx.get(f"{made.public_url}/readyz", timeout=5).is_success, "readiness")
    print_figure("until it is ready", time.monotonic() - began, unit="s")
    watch.wait("the mails")
    took = sorted(watch.took.values())
    print_figure("until the first mailbox's mail is synced", took[0], unit="s")
    print_figure("until the last mailbox's mail is synced", took[-1], _LIMIT_S, "s")
    began = time.monotonic()
    made.stop()
    print_figure("stop", time.monotonic() - began, unit="s")
