"""Thousands of random moves while calls fail, notifications are lost and workers are killed.

`make moves MOVES=10000 SEED=1` prints the ledger; it must say 0 lost, 0 doubled, 0 foreign
categories lost. A seed repeats what people do and which calls fail, not the time it takes.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from moves.ledger import Ledger, is_marked, ledger
from moves.people import People
from support.processes import RunningService, run_service, until
from webcrm_sync.bootstrap import migrate_database
from webcrm_sync.worker import SHARES
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.faults import Kind

#: Two of each worker that `serve` starts: its share of the jobs by name.
_WORKERS = {f"{share} {number}": share for share in SHARES for number in (1, 2)}
_LATENCY = timedelta(milliseconds=5)
#: Four kinds of fault together make one call in twenty fail.
_RATE = 0.05 / 4
_LOST_NOTIFICATIONS = 0.3
#: Nothing changes in either service for so long: it is at rest.
_REST_S = 6.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many moves, by which seed, how many a second, a kill how often."""

    moves: int
    seed: int
    moves_a_second: float = 40.0
    kill_every_s: float = 20.0
    patience_s: float = 600.0


@dataclass(slots=True)
class Outcome:
    """The ledger, and what the product had to bear."""

    plan: Plan
    ledger: Ledger
    kills: int
    calls: int
    took_s: float
    faults: Counter[Kind] = field(default_factory=Counter)

    def __str__(self) -> str:
        """The whole ledger as it is printed."""
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.faults.items()))
        return (
            f"seed {self.plan.seed}\n{self.ledger}\n"
            f"  faults injected: {kinds}; notifications lost: {_LOST_NOTIFICATIONS:.0%}\n"
            f"  kills {self.kills}, calls {self.calls}, time {self.took_s:.0f} s"
        )


def run(plan: Plan) -> Outcome:
    """Make the moves, wait for rest, count."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        Sandbox(seed=plan.seed, keep_bodies=False) as sandbox,
        run_service(
            sandbox, DATA_DIR=f"{scratch}/d", WEBCRM_SETTLE_SECONDS="2", POLL_SECONDS="5"
        ) as service,
    ):
        people = People(sandbox, plan.seed)
        _open(service, people)
        began = time.monotonic()
        _worsen(sandbox)
        with _killing(service, plan) as kills:
            _act(people, plan)
        end = time.monotonic() + plan.patience_s
        _await_marks(people, end)
        sandbox.faults.clear()
        _await_rest(sandbox, end)
        took = time.monotonic() - began
        counted = ledger(sandbox, people)
        return Outcome(
            plan, counted, len(kills), sandbox.faults.calls, took, sandbox.faults.injected
        )


def _open(service: RunningService, people: People) -> None:
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


def _worsen(sandbox: Sandbox) -> None:
    """From here on one call in twenty fails and many notifications are lost."""
    sandbox.faults.latency = _LATENCY
    sandbox.faults.refuse(rate=_RATE)
    sandbox.faults.lose(rate=_RATE)
    sandbox.faults.throttle(rate=_RATE)
    sandbox.faults.unavailable(rate=_RATE)
    sandbox.graph.pusher.faults.lost = _LOST_NOTIFICATIONS


def _act(people: People, plan: Plan) -> None:
    began = time.monotonic()
    while people.moves < plan.moves:
        people.act()
        time.sleep(max(0.0, began + people.moves / plan.moves_a_second - time.monotonic()))


@contextmanager
def _killing(service: RunningService, plan: Plan) -> Iterator[list[str]]:
    """Kill one of the workers now and then, and start another one; the names of the killed."""
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
            while not is_over.wait(0.1):  # one that does not work yet has nothing to lose
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
    """Return when every copy in a sync folder is marked; the faults go on."""
    open_ = [c for m in people.letters for c in m.copies if c.is_inside]
    while open_ and time.monotonic() < end:
        open_ = [c for c in open_ if not is_marked(c)]
        time.sleep(0.2)


def _await_rest(sandbox: Sandbox, end: float) -> None:
    """Return when nothing changes any more."""
    seen, since = _state(sandbox), time.monotonic()
    while time.monotonic() < min(since + _REST_S, end):
        time.sleep(0.5)
        if (now := _state(sandbox)) != seen:
            seen, since = now, time.monotonic()


def _state(sandbox: Sandbox) -> tuple[int, ...]:
    """Grows with each change in webCRM or in a folder of Outlook."""
    logs = [len(f.log) for box in sandbox.outlook.mailboxes for f in box.folders.values()]
    return (len(sandbox.crm.activities), len(sandbox.crm.documents), sum(logs))


def main() -> None:
    """Play by the command line; exit code 1 when the ledger is not clean."""
    parser = argparse.ArgumentParser(prog="make moves", description=__doc__)
    parser.add_argument("--moves", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--kill-every", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--a-second", type=float, default=40.0, metavar="MOVES")
    given = parser.parse_args()
    seed = secrets.randbelow(10**9) if given.seed is None else given.seed
    print(f"{given.moves} moves, seed {seed}", flush=True)
    outcome = run(Plan(given.moves, seed, given.a_second, given.kill_every))
    print(outcome)
    sys.exit(not outcome.ledger.is_clean)


if __name__ == "__main__":
    main()
