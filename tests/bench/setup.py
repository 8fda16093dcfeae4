"""The setup of every section: a service in separate processes, mailboxes and mails."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.processes import RunningService, run_service, until
from support.scenario import BOTH, FOLDER
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Attachment, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.outlook.store import Notice

_ORGANISATIONS, _PEOPLE_EACH = 100, 2
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_WORDS = [
    *("offer", "hall", "crane", "delivery", "Thursday", "drawing", "price", "steel", "gate"),
    *("contract", "site", "meeting", "invoice", "truck", "revised", "colour", "floor", "roof"),
    *("permit", "deadline", "answer", "measure", "quantity", "foundation"),
]


@contextmanager
def service(**settings: str) -> Iterator[RunningService]:
    """Run the processes of `serve` over a new sandbox whose webCRM knows the customers."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sandbox(keep_bodies=False) as sandbox,
        run_service(sandbox, DATA_DIR=f"{scratch}/d", **settings) as made,
    ):
        add_customers(sandbox)
        migrate_database(sandbox.settings_of(made.environment))
        made.start("web")
        made.start_workers()
        made.await_healthy()
        yield made


def add_customers(sandbox: Sandbox) -> None:
    """Add every sender of these mails to webCRM."""
    for number in range(_ORGANISATIONS):
        organisation = sandbox.crm.add_organisation(f"Customer {number}")
        for person in range(_PEOPLE_EACH):
            sandbox.crm.add_person(organisation, _address(number * _PEOPLE_EACH + person))


def _address(number: int) -> str:
    return f"c{number % (_ORGANISATIONS * _PEOPLE_EACH)}@customer.example"


def add_mailboxes(made: RunningService, count: int) -> list[SimMailbox]:
    """Add `count` watched mailboxes; wait for their subscriptions and for webCRM's contacts."""
    boxes = [
        made.sandbox.outlook.add_mailbox(f"seller{n}@nordwind.example", f"Seller {n}")
        for n in range(count)
    ]
    made.watch(*(b.address for b in boxes))
    status = ("status", "--json")
    until(lambda: '"directory_read_at": null' not in made.run(*status).stdout, "webCRM")
    until(lambda: _are_subscribed(made.sandbox, count), "the subscriptions")
    made.sandbox.journal.clear()
    return boxes


def _are_subscribed(sandbox: Sandbox, mailboxes: int) -> bool:
    """True once each mailbox has subscriptions, and no more follow."""
    calls = _subscription_calls(sandbox)
    time.sleep(2)
    return mailboxes <= calls == _subscription_calls(sandbox)


def _subscription_calls(sandbox: Sandbox) -> int:
    """The number of calls about subscriptions. Polls of folders do not count."""
    return sum("subscriptions" in e.path for e in sandbox.journal.exchanges)


def mail(number: int, box: SimMailbox, *attachments: Attachment) -> Mail:
    """A mail of about 5 kB of HTML, as Outlook writes it, from one of the customers."""
    rng = random.Random(number)
    lines = [" ".join(rng.choices(_WORDS, k=14)).capitalize() + "." for _ in range(12)]
    paragraphs = "".join(
        f'<p class="MsoNormal"><span lang="EN">{line}</span></p>' for line in lines
    )
    cells = "".join(
        f'<tr><td style="width:30pt;padding:0 5pt">{n}</td>'
        f'<td style="border:solid 1pt">{rng.choice(_WORDS)}</td></tr>'
        for n in range(12)
    )
    html = (
        f"<html><head><style>p.MsoNormal {{margin:0cm;font-size:11.0pt}}</style></head><body>"
        f"{paragraphs}<table>{cells}</table><p>Regards<br><b>Customer</b><br>"
        f'<a href="https://customer.example/{number}">customer.example</a></p></body></html>'
    )
    return Mail(f"Mail {number}", _address(number), box.address, body=html, attachments=attachments)


class Watch:
    """Records when each mail carries both categories, without polling."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self._begun: dict[str, float] = {}
        self.took: dict[str, float] = {}
        sandbox.outlook.listen(self._record_change)

    def move(self, box: SimMailbox, item: str) -> None:
        """Move the mail to the sync folder and start its time."""
        with self._lock:
            self._begun[item] = time.monotonic()
        box.move(item, f"inbox/{FOLDER}")

    def wait(self, what: str, *, patience_s: float = 600) -> None:
        """Wait until every moved mail is synced."""
        until(lambda: len(self.took) == len(self._begun), what, patience_s=patience_s)

    def _record_change(self, notice: Notice) -> None:
        item = notice.change.item_id
        if notice.change.kind != "updated" or item not in self._begun or item in self.took:
            return
        copy = self._sandbox.outlook.mailbox(notice.user_id).item(item)
        if copy and copy.categories == BOTH:
            with self._lock:
                self.took[item] = time.monotonic() - self._begun[item]


def cpu_s(pid: int) -> float | None:
    """Seconds of processor time of a process so far; None = unknown on this system."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None
    # The name in brackets may contain spaces; utime and stime are the 12th and 13th after it.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of processes so far. None = unknown on this system.

    `cpu_s` is their sum, `peak_mb` the memory of the largest.
    """

    cpu_s: float | None
    peak_mb: float | None

    @classmethod
    def of(cls, made: RunningService, *names: str) -> Usage:
        """The usage until now of processes of the service (Linux: proc(5))."""
        pids = [made.processes[name].pid for name in names]
        if not Path("/proc/self/status").exists():
            return cls(None, None)
        return cls(sum(cpu_s(pid) or 0 for pid in pids), max(map(_peak_mb, pids)))

    def cpu_since(self, before: Usage) -> float | None:
        """Seconds of processor time since an earlier usage."""
        if self.cpu_s is None or before.cpu_s is None:
            return None
        return self.cpu_s - before.cpu_s


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line for line in status.splitlines() if "VmHWM" in line)
    return int(peak.split()[1]) / 1024


def print_figure(
    name: str, value: float | None, limit: float | None = None, unit: str = ""
) -> None:
    """Print one figure, with its limit and its share of the limit."""
    if value is None:
        print(f"  {name:<42} unknown on this system")
        return
    line = f"  {name:<42} {value:>9.3f} {unit}"
    print(line if limit is None else f"{line:<62} limit {limit:g}  ({value / limit:.0%})")
