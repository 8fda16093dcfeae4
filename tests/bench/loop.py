"""A simple integration over the same sandbox, and how much faster the product is per mail."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from bench.bulk import LATENCY, Figures
from bench.setup import add_customers, mail, print_figure
from support.scenario import BOTH
from webcrm_sync_sandbox.environment import Sandbox

_AT_LEAST = 10.0


def measure_loop(mails: int, product: Figures | None) -> None:
    """Print the costs per mail of a loop over `mails`, compared with `product` if measured."""
    with Sandbox(keep_bodies=False) as sandbox:
        add_customers(sandbox)
        box = sandbox.outlook.add_mailbox("peer@nordwind.example", "Peer")
        folder = box.make_folder("inbox", "webCRM sync")
        items = [box.put(mail(n, box), folder) for n in range(mails)]
        sandbox.faults.latency = LATENCY
        line = [sys.executable, "-m", "bench.simple_integration", box.user_id, folder.id]
        environment = {**os.environ, **sandbox.environment()}
        finished = subprocess.run(line, env=environment, capture_output=True, check=True, text=True)
        assert all(box.read(i).categories == BOTH for i in items)
        calls = sandbox.journal.count("graph") + sandbox.journal.count("webcrm")
    took = json.loads(finished.stdout)
    print(f"a simple integration: {mails} mails, typed calls, one webCRM call per step")
    print_figure("time per mail", took["s"] / mails, unit="s")
    print_figure("calls per mail", calls / mails)
    print_figure("processor per mail", took["cpu_s"] / mails * 1000, unit="ms")
    if product:
        _compare(product, took["s"] / mails, calls / mails, took["cpu_s"] / mails * 1000)


def _compare(product: Figures, time_s: float, calls: float, cpu_ms: float) -> None:
    ratio = time_s / product.time_s
    print(f"  the product is faster per mail by a factor of {ratio:.0f}   limit {_AT_LEAST:.0f}")
    print(f"  it makes {calls / product.calls:.0f} times fewer calls", end="")
    print(f" and uses 1/{cpu_ms / product.cpu_ms:.1f} of the processor" if product.cpu_ms else "")
