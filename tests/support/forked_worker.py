"""Starts real worker processes quickly, as forks of a process that has imported the code."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from contextlib import ExitStack
from multiprocessing.process import BaseProcess

from support.planting import ErrorPlanter, MailTraces
from webcrm_sync.cli import cli

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "webcrm_sync.cli.serve"])


def start_worker(
    environment: Mapping[str, str], *, dies_in: tuple[str, str] | None = None
) -> BaseProcess:
    """Start a worker process. `kill` sends SIGKILL; the caller joins it afterwards.

    `dies_in`: a function of the product and a word. The process kills itself when this function is
    called about a mail with the word.
    """
    process = _FORKS.Process(target=_work, args=(dict(environment), dies_in))
    process.start()
    return process


class _Killed(BaseException):
    """Ends this process as the system does: nothing runs after it."""

    def __init__(self, *_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def _work(environment: dict[str, str], dies_in: tuple[str, str] | None) -> None:
    os.environ.update(environment)
    with ExitStack() as stack:
        if dies_in:
            place, word = dies_in
            planter = ErrorPlanter(MailTraces((word,), frozenset()), place, _Killed)
            stack.enter_context(planter.watching())
        cli(["--log-level", "warning", "worker"])
