"""The memory of `serve` with 105 mailboxes, and how long it takes to start and to stop.

Counted by shares (PSS): a page that several processes share counts once (Linux: proc(5)).
"""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.setup import Watch, add_customers, add_mailboxes, cpu_s, mail, print_figure
from support.processes import RunningService, run_service
from webcrm_sync_sandbox.environment import Sandbox

_MAILBOXES, _MAILS = 105, 500
_LIMIT_MB = 400


def measure_memory() -> None:
    """Print the figures at rest and after some mails."""
    print(f"\nserve: its processes with {_MAILBOXES} mailboxes")
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sandbox(keep_bodies=False) as sandbox,
        run_service(sandbox, DATA_DIR=f"{scratch}/d") as made,
    ):
        add_customers(sandbox)
        started = time.monotonic()
        made.start("serve")
        made.await_healthy()
        print_figure("start, with a new database", time.monotonic() - started, unit="s")
        _measure_mails(made)
        started = time.monotonic()
        made.stop()
        print_figure("stop", time.monotonic() - started, unit="s")


def _measure_mails(made: RunningService) -> None:
    boxes = add_mailboxes(made, _MAILBOXES)
    _print_memory(made, "at rest")
    watch = Watch(made.sandbox)
    for number in range(_MAILS):
        box = boxes[number % len(boxes)]
        watch.move(box, box.deliver(mail(number, box)))
    watch.wait("the mails")
    _print_memory(made, f"after {_MAILS} mails")


def _print_memory(made: RunningService, when: str) -> None:
    processes = _processes(made)
    memory = [_shared_mb(process) for process in processes]
    print_figure(f"{len(memory)} processes {when}", sum(memory), _LIMIT_MB, "MB")
    print(f"    each: {', '.join(f'{one:.0f}' for one in sorted(memory, reverse=True))} MB")
    cpu = sum(cpu_s(int(process.name)) or 0 for process in processes)
    print_figure(f"processor time {when}", cpu, unit="s")


def _processes(made: RunningService) -> list[Path]:
    """The product's processes, without the database, which were started with this address."""
    mine = f"WEBCRM_SYNC_PUBLIC_URL={made.public_url}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or belongs to another user
            is_database = b"postgres" in (environment.parent / "cmdline").read_bytes()
            if mine in environment.read_bytes().split(b"\0") and not is_database:
                found.append(environment.parent)
    return found


def _shared_mb(process: Path) -> float:
    lines = (process / "smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
