"""What a company's first day costs: `mailbox add` for 300 mailboxes at 50 ms a call."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta

from bench.bulk import call_kind
from bench.setup import print_figure
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync_sandbox.environment import Sandbox

_MAILBOXES = 300
_LATENCY = timedelta(milliseconds=50)
#: Seconds that an administrator waits at most.
_LIMIT_S = 180


def measure_many() -> None:
    """Run the command with a list of mailboxes; print its time and its calls."""
    addresses = [f"seller{number}@nordwind.example" for number in range(_MAILBOXES)]
    with tempfile.TemporaryDirectory() as scratch, Sandbox(keep_bodies=False) as sandbox:
        for address in addresses:
            sandbox.outlook.add_mailbox(address, "Seller")
        named = sandbox.environment(DATA_DIR=f"{scratch}/d", SECRET_KEY="bench")
        migrate_database(sandbox.settings_of(named))
        sandbox.faults.latency = _LATENCY
        sandbox.journal.clear()
        command = [sys.executable, "-m", "webcrm_sync", "mailbox", "add", "--from", "-", "--yes"]
        began = time.monotonic()
        subprocess.run(
            command,
            input="\n".join(addresses),
            text=True,
            env={**os.environ, **named},
            check=True,
            capture_output=True,
        )
        took = time.monotonic() - began
        calls = [e for e in sandbox.journal.exchanges if e.service == "graph"]
    print(f"mailbox add, {_MAILBOXES} mailboxes, {_LATENCY.total_seconds() * 1000:.0f} ms a call:")
    print_figure("seconds", took, _LIMIT_S)
    print(f"    graph: {len(calls) / _MAILBOXES:.1f} round trips per mailbox")
    kinds = Counter(call_kind(call) for call in calls).most_common()
    print("    of these: " + ", ".join(f"{count} {kind}" for kind, count in kinds))
