"""Runs thousands of histories: `make machine EXAMPLES=2000 SEED=1`. Prints each batch.

Each batch of histories has its own seed; the next run can continue with the seed that is printed
last. The first failing history ends the run and is printed unshortened: searching for a shorter one
takes longer than reading it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import Manager
from pathlib import Path
from threading import Event

import trustme
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from machine.machine import Machine
from machine.setup import open_setup
from support.fast_database import disable_durability
from webcrm_sync.localdb.embedded import embedded
from webcrm_sync.store.database import Database
from webcrm_sync.store.migrate import migrate

_BATCH, _STEPS = 20, 25
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Played:
    """The result of one batch."""

    seed: int
    histories: int
    steps: int
    seconds: float


def run_histories(number: int) -> Played:
    """Run one batch of histories. Raises the failure of a history, with its steps."""
    began, before = time.monotonic(), (Machine.histories, Machine.steps)
    run_state_machine_as_test(
        seed(number)(type(f"Machine{number}", (Machine,), {})),
        settings=settings(
            max_examples=_BATCH,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Played(
        number,
        Machine.histories - before[0],
        Machine.steps - before[1],
        time.monotonic() - began,
    )


@contextmanager
def _database() -> Iterator[str]:
    """The URL of a new migrated database that never waits for the disk."""
    with tempfile.TemporaryDirectory(prefix="wcs-") as folder:
        home = Path(folder)
        # No test calls the outside: one root that signs nothing is read faster than the real ones.
        trustme.CA().cert_pem.write_to_path(str(home / "root.pem"))
        os.environ |= {"SSL_CERT_FILE": str(home / "root.pem"), "SSL_CERT_DIR": folder}
        with embedded(home / "db", create=True) as url:
            disable_durability(home / "db", url)
            with closing(Database(url, now=lambda: datetime.now(UTC))) as opened:
                migrate(opened.engine)
            yield url


def play_all(seeds: Sequence[int], is_over: Event) -> list[Played]:
    """Run batch after batch and print each, until one fails in any process."""
    try:
        return list(_play_on(seeds, is_over))
    except BaseException:
        is_over.set()
        raise


def _play_on(seeds: Sequence[int], is_over: Event) -> Iterator[Played]:
    with _database() as url, open_setup(url) as opened:
        Machine.setup = opened
        for number in seeds:
            if is_over.is_set():
                return
            one = run_histories(number)
            print(f"seed {number}: {one.histories} histories, {one.seconds:.0f} s", flush=True)
            yield one


def main() -> None:
    """Run the given number of histories, two batches at a time."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--examples", type=int, default=2000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    end = given.seed + -(-given.examples // _BATCH)
    shares = [range(given.seed + n, end, _SIDE_BY_SIDE) for n in range(_SIDE_BY_SIDE)]
    with Manager() as manager, ProcessPoolExecutor(_SIDE_BY_SIDE) as workers:
        is_over = manager.Event()
        shared = workers.map(play_all, shares, [is_over] * _SIDE_BY_SIDE)
        played = [one for share in shared for one in share]
    print(
        f"{sum(p.histories for p in played)} histories with {sum(p.steps for p in played)} steps"
        f" held, seeds {given.seed} to {end - 1}; go on with SEED={end}"
    )


if __name__ == "__main__":
    main()
