"""The peers' loop over the same sandbox, and by how much the product is faster per mail."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from bench.bulk import LATENCY, Figures
from bench.ground import customers, mail, told
from support.scenario import BOTH
from webcrm_sync_sandbox.environment import Sandbox

_AT_LEAST = 10.0


def one_by_one(mails: int, ours: Figures | None) -> None:
    """Time per mail of a loop over so many mails, beside `ours` if that was measured."""
    with Sandbox(keep_bodies=False) as sandbox:
        customers(sandbox)
        box = sandbox.outlook.add_mailbox("peer@nordwind.example", "Peer")
        folder = box.make_folder("inbox", "webCRM sync")
        items = [box.put(mail(n, box), folder) for n in range(mails)]
        sandbox.faults.latency = LATENCY
        line = [sys.executable, "-m", "bench.peer", box.user_id, folder.id]
        environment = {**os.environ, **sandbox.environment()}
        answer = subprocess.run(line, env=environment, capture_output=True, check=True, text=True)
        assert all(box.read(i).categories == BOTH for i in items)
        calls = sandbox.journal.count("graph") + sandbox.journal.count("webcrm")
    took = json.loads(answer.stdout)
    print(f"one by one, as peers write it: {mails} mails, typed calls, one webCRM call per step")
    told("time per mail", took["s"] / mails, unit="s")
    told("calls per mail", calls / mails)
    told("processor per mail", took["cpu_s"] / mails * 1000, unit="ms")
    if ours:
        _compare(ours, took["s"] / mails, calls / mails, took["cpu_s"] / mails * 1000)


def _compare(ours: Figures, time_s: float, calls: float, cpu_ms: float) -> None:
    ratio = time_s / ours.time_s
    print(f"  the product is faster per mail by a factor of {ratio:.0f}   limit {_AT_LEAST:.0f}")
    print(f"  it makes {calls / ours.calls:.0f} times fewer calls", end="")
    print(f" and takes 1/{cpu_ms / ours.cpu_ms:.1f} of the processor" if ours.cpu_ms else "")
