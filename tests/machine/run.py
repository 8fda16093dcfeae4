"""Runs thousands of histories: `make machine EXAMPLES=2000 SEED=1`. Prints each batch.

Each batch of histories has its own seed. The next run can continue with the seed that this one
prints last. The first failing history ends the run and is printed in full: shortening a history
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
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The result of one batch."""

    seed: int
    histories: int
    steps: int
    seconds: float


def run_histories(number: int) -> BatchResult:
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
    return BatchResult(
        number,
        Machine.histories - before[0],
        Machine.steps - before[1],
        time.monotonic() - began,
    )


@contextmanager
def _database() -> Iterator[str]:
    """The URL of a new, migrated database that never waits for the disk."""
    with tempfile.TemporaryDirectory(prefix="wcs-") as folder:
        home = Path(folder)
        # The histories call no other machine: one root loads faster than the system's roots.
        trustme.CA().cert_pem.write_to_path(str(home / "root.pem"))
        os.environ |= {"SSL_CERT_FILE": str(home / "root.pem"), "SSL_CERT_DIR": folder}
        with embedded(home / "db", create=True) as url:
            disable_durability(home / "db", url)
            with closing(Database(url, now=lambda: datetime.now(UTC))) as opened:
                migrate(opened.engine)
            yield url


def run_batches(seeds: Sequence[int], is_over: Event) -> list[BatchResult]:
    """Run and print one batch per seed, until a batch of any process fails."""
    try:
        return list(_run_batches(seeds, is_over))
    except BaseException:
        is_over.set()
        raise


def _run_batches(seeds: Sequence[int], is_over: Event) -> Iterator[BatchResult]:
    with _database() as url, open_setup(url) as opened:
        Machine.setup = opened
        for number in seeds:
            if is_over.is_set():
                return
            result = run_histories(number)
            print(
                f"seed {number}: {result.histories} histories, {result.seconds:.0f} s", flush=True
            )
            yield result


def main() -> None:
    """Run at least the given number of histories, two batches at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    end = options.seed + -(-options.examples // _BATCH)
    shares = [range(options.seed + n, end, _PROCESSES) for n in range(_PROCESSES)]
    with Manager() as manager, ProcessPoolExecutor(_PROCESSES) as workers:
        is_over = manager.Event()
        by_process = workers.map(run_batches, shares, [is_over] * _PROCESSES)
        results = [result for share in by_process for result in share]
    print(
        f"{sum(p.histories for p in results)} histories with {sum(p.steps for p in results)} steps"
        f" passed, seeds {options.seed} to {end - 1}; continue with SEED={end}"
    )


if __name__ == "__main__":
    main()
