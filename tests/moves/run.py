"""Thousands of random moves while calls fail, notifications are lost and workers are killed.

`make moves MOVES=10000 SEED=1` prints the ledger, which must say 0 lost, 0 duplicated, 0 foreign
categories lost. A seed repeats the actions of people and the failing calls, not the timing.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from moves.customers import NewCustomers
from moves.deals import Dealers
from moves.ledger import Ledger, count_ledger, is_marked
from moves.parts import Cutters
from moves.people import People
from support.processes import RunningService, run_service, until
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.worker import SHARES
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.faults import Kind

#: Two of each worker that `serve` starts: its share of the jobs by name.
_WORKERS = {f"{share} {number}": share for share in SHARES for number in (1, 2)}
_LATENCY = timedelta(milliseconds=5)
#: With four kinds of fault, one call in twenty fails.
_RATE = 0.05 / 4
_LOST_NOTIFICATIONS = 0.3
#: How often a move comes with a choice about a mail that is in webCRM.
_DEALS = 0.15
#: How often a move comes with a mail of which a person leaves everything out.
_CUTS = 0.1
#: How often a move comes with a new customer.
_CUSTOMERS = 0.03
#: After this time without a change in either service all work is done.
_REST_S = 6.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of moves, their seed and rate, and the interval between kills."""

    moves: int
    seed: int
    moves_a_second: float = 40.0
    kill_every_s: float = 20.0
    patience_s: float = 600.0


@dataclass(slots=True)
class Outcome:
    """The ledger, and the faults and kills of the run."""

    plan: Plan
    ledger: Ledger
    kills: int
    calls: int
    took_s: float
    faults: Counter[Kind] = field(default_factory=Counter)

    def __str__(self) -> str:
        """The outcome in the lines that are printed."""
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.faults.items()))
        return (
            f"seed {self.plan.seed}\n{self.ledger}\n"
            f"  faults injected: {kinds}; notifications lost: {_LOST_NOTIFICATIONS:.0%}\n"
            f"  kills {self.kills}, calls {self.calls}, time {self.took_s:.0f} s"
        )


def run(plan: Plan) -> Outcome:
    """Make the moves, wait until all work is done, count the ledger."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sandbox(seed=plan.seed, keep_bodies=False) as sandbox,
        run_service(
            sandbox, DATA_DIR=f"{scratch}/d", WEBCRM_SETTLE_SECONDS="2", POLL_SECONDS="5"
        ) as service,
    ):
        people = People(sandbox, plan.seed)
        _start(service, people)
        began = time.monotonic()
        _start_faults(sandbox)
        with (
            _kill_workers(service, plan) as kills,
            open_context(sandbox.settings_of(service.environment)) as context,
        ):
            dealers = Dealers(context, sandbox, people, plan.seed)
            customers = NewCustomers(context, sandbox, people, plan.seed)
            cutters = Cutters(context, people, plan.seed)
            chances = ((_DEALS, dealers.act), (_CUTS, cutters.act), (_CUSTOMERS, customers.act))
            _act(people, chances, plan)
        end = time.monotonic() + plan.patience_s
        _await_marks(people, end)
        sandbox.faults.clear()
        _await_idle(sandbox, end)
        took = time.monotonic() - began
        counted = count_ledger(sandbox, people, customers.count())
        return Outcome(
            plan, counted, len(kills), sandbox.faults.calls, took, sandbox.faults.injected
        )


def _start(service: RunningService, people: People) -> None:
    migrate_database(service.sandbox.settings_of(service.environment))
    service.start("web")
    for name in _WORKERS:
        _start_worker(service, name)
    service.await_healthy()
    service.watch(*(box.address for box in people.boxes))
    until(lambda: all(_has_folders(service, b.user_id) for b in people.boxes), "the folders")


def _start_worker(service: RunningService, name: str) -> None:
    service.start("worker", "--only", _WORKERS[name], name=name)


def _has_folders(service: RunningService, user_id: str) -> bool:
    box = service.sandbox.outlook.mailbox(user_id)
    return all(box.child(box.folder(p), "webCRM sync") for p in ("inbox", "sentitems"))


def _start_faults(sandbox: Sandbox) -> None:
    """Let one call in twenty fail and many notifications get lost from now on."""
    sandbox.faults.latency = _LATENCY
    sandbox.faults.refuse(rate=_RATE)
    sandbox.faults.lose(rate=_RATE)
    sandbox.faults.throttle(rate=_RATE)
    sandbox.faults.unavailable(rate=_RATE)
    sandbox.graph.pusher.faults.lost = _LOST_NOTIFICATIONS


def _act(people: People, chances: Sequence[tuple[float, Callable[[], None]]], plan: Plan) -> None:
    """Make the moves, each with a chance of further acts."""
    began = time.monotonic()
    rng = random.Random(plan.seed)
    while people.moves < plan.moves:
        people.act()
        for chance, act in chances:
            if rng.random() < chance:
                act()
        time.sleep(max(0.0, began + people.moves / plan.moves_a_second - time.monotonic()))


@contextmanager
def _kill_workers(service: RunningService, plan: Plan) -> Iterator[list[str]]:
    """Kill and restart a random worker at intervals during the block; the names of the killed."""
    killed: list[str] = []
    rng = random.Random(plan.seed)
    is_over = threading.Event()

    def kill() -> None:
        while not is_over.wait(plan.kill_every_s):
            name = rng.choice(list(_WORKERS))
            service.kill(name)
            killed.append(name)
            logins = service.sandbox.journal.count("entra")
            _start_worker(service, name)
            while not is_over.wait(0.1):  # a worker that does not work yet loses nothing
                if service.sandbox.journal.count("entra") > logins:
                    break

    thread = threading.Thread(target=kill, name="killer")
    thread.start()
    try:
        yield killed
    finally:
        is_over.set()
        thread.join()


def _await_marks(people: People, end: float) -> None:
    """Wait until every copy in a sync folder is marked, while calls still fail."""
    unmarked = [c for m in people.records for c in m.copies if c.is_inside]
    while unmarked and time.monotonic() < end:
        unmarked = [c for c in unmarked if not is_marked(c)]
        time.sleep(0.2)


def _await_idle(sandbox: Sandbox, end: float) -> None:
    """Wait until nothing changes any more."""
    seen, since = _state(sandbox), time.monotonic()
    while time.monotonic() < min(since + _REST_S, end):
        time.sleep(0.5)
        if (now := _state(sandbox)) != seen:
            seen, since = now, time.monotonic()


def _state(sandbox: Sandbox) -> tuple[int, ...]:
    """Numbers that differ after each change in webCRM or in a folder of Outlook."""
    places = hash(
        tuple(
            (a["ActivityOrganisationId"], a.get("ActivityOpportunityId"))
            for a in sandbox.crm.activities
        )
    )
    logs = [len(f.log) for box in sandbox.outlook.mailboxes for f in box.folders.values()]
    return (len(sandbox.crm.activities), len(sandbox.crm.documents), places, sum(logs))


def main() -> None:
    """Run with the options of the command line. Exit code 1 if the ledger is not clean."""
    parser = argparse.ArgumentParser(prog="make moves", description=__doc__)
    parser.add_argument("--moves", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None, help="default: a random one")
    parser.add_argument("--kill-every", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--a-second", type=float, default=40.0, metavar="MOVES")
    options = parser.parse_args()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    print(f"{options.moves} moves, seed {seed}", flush=True)
    outcome = run(Plan(options.moves, seed, options.a_second, options.kill_every))
    print(outcome)
    sys.exit(not outcome.ledger.is_clean)


if __name__ == "__main__":
    main()
