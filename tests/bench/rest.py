"""What an idle hour costs: the calls to Graph of 40 mailboxes in which nothing happens."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta

from bench.bulk import call_kind
from bench.setup import print_figure
from support.scenario import Scenario
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import Server, free_port

_MAILBOXES = 40
_STEP, _HOUR = timedelta(seconds=5), timedelta(hours=1)
#: Graph's round trips for each mailbox in an idle hour with push.
_LIMIT = 14


def measure_rest() -> None:
    """Let the second idle hour pass on the sandbox's clock; print the calls to Graph by kind."""
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch, Sandbox(keep_bodies=False) as sandbox:
        settings = sandbox.settings(
            DATA_DIR=f"{scratch}/d", PUBLIC_URL=f"http://127.0.0.1:{port}", SECRET_KEY="bench"
        )
        migrate_database(settings)
        with (
            open_context(settings, now=sandbox.clock.now) as context,
            Server(create_app(context).wsgi_app, port=port),
        ):
            scenario = Scenario(sandbox, context)
            for number in range(_MAILBOXES):
                scenario.add_mailbox(f"seller{number}@nordwind.example", f"Seller {number}")
                sandbox.clock.advance(_STEP)
            _pass_an_hour(scenario)
            sandbox.journal.clear()
            _pass_an_hour(scenario)
            calls = [e for e in sandbox.journal.exchanges if e.service == "graph"]
    print(f"an idle hour with push, {_MAILBOXES} mailboxes:")
    print_figure("graph: round trips per mailbox", len(calls) / _MAILBOXES, _LIMIT)
    kinds = Counter(call_kind(call) for call in calls).most_common()
    print("    of these: " + ", ".join(f"{count} {kind}" for kind, count in kinds))


def _pass_an_hour(scenario: Scenario) -> None:
    for _ in range(_HOUR // _STEP):
        scenario.sandbox.clock.advance(_STEP)
        scenario.run_until_idle()
