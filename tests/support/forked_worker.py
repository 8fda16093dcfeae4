"""Starts real worker processes quickly, as forks of a process that has imported the code."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.process import BaseProcess

from webcrm_sync.cli import cli

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "webcrm_sync.cli.serve"])


def start_worker(environment: Mapping[str, str]) -> BaseProcess:
    """Start a worker process. `kill` sends SIGKILL; the caller joins it afterwards."""
    process = _FORKS.Process(target=_work, args=(dict(environment),))
    process.start()
    return process


def _work(environment: dict[str, str]) -> None:
    os.environ.update(environment)
    cli(["--log-level", "warning", "worker"])
