"""Files many mails of many mailboxes at once: time against the bound, calls, processor, memory."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from bench.bound import Load, bound
from bench.setup import Usage, Watch, add_mailboxes, mail, print_figure, service
from webcrm_sync.core.jobs import Queue
from webcrm_sync.worker import LANES, SHARES
from webcrm_sync_sandbox.journal import Exchange
from webcrm_sync_sandbox.outlook.mail import File

MAILS, MAILBOXES = 5000, 20
LATENCY = timedelta(milliseconds=300)
_LARGE = File("drawing.pdf", b"%PDF" + bytes(30 * 1024 * 1024))


@dataclass(frozen=True, slots=True)
class Figures:
    """The costs of one mail. `cpu_ms` None = unknown on this system."""

    time_s: float
    calls: float
    cpu_ms: float | None


def measure_bulk() -> Figures:
    """Move all mails at once; print the figures and return those per mail."""
    with service(ATTACHMENT_MAX_MB="40") as made:
        sandbox = made.sandbox
        boxes = add_mailboxes(made, MAILBOXES)
        watch = Watch(sandbox)
        items = [
            (box, box.deliver(mail(n, box, *((_LARGE,) if n == 0 else ()))))
            for n in range(MAILS)
            for box in [boxes[n % MAILBOXES]]
        ]
        before = Usage.of(made, *SHARES)
        sandbox.faults.latency = LATENCY
        began = time.monotonic()
        for box, item in items:
            watch.move(box, item)
        watch.wait("all mails")
        took = time.monotonic() - began
        time.sleep(3)  # the echoes of the last marks count too
        after = Usage.of(made, *SHARES)
        exchanges = sandbox.journal.exchanges
    _print_figures(took, exchanges, before, after)
    calls = sum(e.service in {"graph", "webcrm"} for e in exchanges)
    cpu_s = after.cpu_since(before)
    return Figures(took / MAILS, calls / MAILS, cpu_s and cpu_s / MAILS * 1000)


def _print_figures(took: float, exchanges: list[Exchange], before: Usage, after: Usage) -> None:
    load = Load(
        MAILS, MAILBOXES, LATENCY.total_seconds(), lanes=LANES[Queue.MAILBOXES], documents=1
    )
    best = bound(load)
    ms = LATENCY / timedelta(milliseconds=1)
    print(f"in bulk: {MAILS} mails, {MAILBOXES} mailboxes, {ms:.0f} ms a call, one of 30 MB")
    print(
        f"  bound {best.total:.1f} s = the longest of: first page {best.first_page:.1f} + webCRM "
        f"{best.webcrm:.1f} + last mark {best.last_mark:.1f}; one mailbox {best.one_mailbox:.1f};"
        f" all mailboxes over {load.lanes} lanes {best.all_mailboxes:.1f}"
    )
    print_figure("time", took, 1.3 * best.total, "s")
    print_figure("time / bound", took / best.total, 1.3)
    cpu = after.cpu_since(before)
    print_figure("workers: processor per mail", cpu and cpu / MAILS * 1000, 5.0, "ms")
    print_figure("workers: peak memory of one", after.peak_mb, 250, "MB")
    for name, limit in (("graph", 0.15), ("webcrm", 0.06)):
        calls_of_service = [e for e in exchanges if e.service == name]
        print_figure(f"{name}: calls per mail", len(calls_of_service) / MAILS, limit)
        kinds = Counter((call_kind(e), e.status) for e in calls_of_service).most_common()
        print("    of these: " + ", ".join(f"{n} {kind} ({status})" for (kind, status), n in kinds))


def call_kind(exchange: Exchange) -> str:
    """The kind of a call, for counting."""
    if exchange.service == "webcrm":
        return f"{exchange.method} {exchange.path}"
    path = exchange.path
    return "delta pages" if "delta" in path else "batches" if "$batch" in path else exchange.method
