"""First figures: calls per synced mail, and the time from drag to Synced. Prints, never asserts."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bench import pane
from play import BOTH, FOLDER
from running import Running, running, until
from webcrm_sync.sandbox.journal import Exchange
from webcrm_sync.sandbox.outlook.mail import Mail
from webcrm_sync.sandbox.outlook.mailbox import SimMailbox
from webcrm_sync.sandbox.stage import Stage

_MAILS, _MAILBOXES = 1000, 10
_DRAGS = 60
_LATENCY = timedelta(milliseconds=50)


def main() -> None:
    """Run every figure in turn."""
    in_bulk()
    drag_to_synced("with push")
    drag_to_synced("without push, POLL_SECONDS=1", poll_s=1.0)
    pane.weight()
    pane.waits()


def in_bulk() -> None:
    """Calls per mail when 1,000 mails of 10 mailboxes are moved at once."""
    with _service() as service:
        stage = service.stage
        boxes = [_mailbox(stage, n) for n in range(_MAILBOXES)]
        service.watch(*(b.address for b in boxes))
        items = [
            (box, box.deliver(Mail(f"Mail {n}", f"c{n % 50}@customer.example", box.address)))
            for box in boxes
            for n in range(_MAILS // _MAILBOXES)
        ]
        _quiet(service)
        stage.journal.clear()
        stage.faults.latency = _LATENCY
        began = time.monotonic()
        for box, item in items:
            box.move(item, f"inbox/{FOLDER}")
        until(lambda: all(b.read(i).categories == BOTH for b, i in items), "all mails")
        took = time.monotonic() - began
        time.sleep(3)  # the echoes of the last marks count too
    graph = stage.journal.count("graph") / _MAILS
    webcrm = stage.journal.count("webcrm") / _MAILS
    kinds = Counter(_kind(e) for e in stage.journal.exchanges if e.service == "graph")
    print(f"in bulk, {_MAILS} mails, {_MAILBOXES} mailboxes, 50 ms a call: {took:.1f} s")
    print(f"  Graph round trips per mail   {graph:.3f}   limit 0.150  ({graph / 0.15:.0%})")
    print(f"    of these: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}")
    print(f"  webCRM calls per mail        {webcrm:.3f}   limit 0.060  ({webcrm / 0.06:.0%})")


@contextmanager
def _service(**settings: str) -> Iterator[Running]:
    """`serve` over a stage of its own, with 50 customers known to webCRM."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Stage(keep_bodies=False) as stage,
        running(stage, "serve", DATA_DIR=f"{scratch}/d", **settings) as service,
    ):
        _customers(stage)
        yield service


def drag_to_synced(name: str, *, poll_s: float | None = None) -> None:
    """Seconds from a drag to the categories in Outlook."""
    settings = {} if poll_s is None else {"POLL_SECONDS": str(poll_s)}
    limit = 3.0 + (poll_s or 0)
    with _service(**settings) as service:
        if poll_s is not None:
            service.stage.graph.pusher.luck.lost = 1.0
        box = _mailbox(service.stage, 0)
        service.watch(box.address)
        _quiet(service)
        service.stage.faults.latency = _LATENCY
        times = sorted(_one_drag(box, n) for n in range(_DRAGS))
    p95 = times[int(len(times) * 0.95) - 1]
    median = statistics.median(times)
    print(f"drag to Synced {name}, 50 ms a call, {_DRAGS} drags:")
    print(f"  median {median:.2f} s   p95 {p95:.2f} s   limit {limit:.1f} s  ({p95 / limit:.0%})")


def _one_drag(box: SimMailbox, number: int) -> float:
    item = box.deliver(Mail(f"Drag {number}", f"c{number % 50}@customer.example", box.address))
    time.sleep(random.uniform(0.1, 0.8))  # a person's hand
    began = time.monotonic()
    box.move(item, f"inbox/{FOLDER}")
    until(lambda: box.read(item).categories == BOTH, "the categories")
    return time.monotonic() - began


def _kind(exchange: Exchange) -> str:
    path = exchange.path
    return "delta pages" if "delta" in path else "batches" if "$batch" in path else exchange.method


def _mailbox(stage: Stage, number: int) -> SimMailbox:
    return stage.outlook.add_mailbox(f"seller{number}@nordwind.example", f"Seller {number}")


def _customers(stage: Stage) -> None:
    organisation = stage.crm.add_organisation("Customer")
    for number in range(50):
        stage.crm.add_person(organisation, f"c{number}@customer.example")


def _quiet(service: Running) -> None:
    """Let start-up and subscriptions come to rest, and the contacts be read."""
    until(
        lambda: '"directory_read_at": null' not in service.run("status", "--json").stdout, "webCRM"
    )
    time.sleep(4)


if __name__ == "__main__":
    main()
