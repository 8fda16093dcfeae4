"""Runs the service's processes as forks of one process that has imported the product.

Forks share the memory of the imports, which is most of what each process needs (ADR 26). Forking is
safe only while the parent has one thread and no open connection, so this process does nothing else.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

import click

from webcrm_sync.cli.common import FinalError

logger = logging.getLogger(__name__)

#: The shortest and the longest pause before a child that keeps dying is started again.
_MIN_PAUSE_S, _MAX_PAUSE_S = 0.5, 5.0
#: The exit code of a child that must not be started again.
_FINAL = os.EX_CONFIG
#: A child that has not stopped after this time is killed.
_STOP_S = 25
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class _Child:
    """One process to keep running. `process_id`: None while it does not run."""

    name: str
    run: Callable[[], None]
    process_id: int | None = None
    #: by `time.monotonic`
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause_s: float = _MIN_PAUSE_S


class Supervisor:
    """Starts a process for each function, restarts one that dies, and stops them together.

    Create it when everything is imported. A function that raises a ClickException ends its process
    with that message.
    """

    def __init__(self, functions: Mapping[str, Callable[[], None]]) -> None:
        self._children = [_Child(name, function) for name, function in functions.items()]
        self._is_stopping = False
        self._has_final_error = False
        # The writing end closes when this process ends, even if it is killed: children read that.
        self._parent_reader, self._parent_writer = os.pipe()
        # Each signal writes a byte, so that a wait ends.
        self._signal_reader, self._signal_writer = os.pipe()

    def run(self) -> bool:
        """Keep the processes running until SIGTERM or SIGINT, then stop them.

        False if one of them ended with a FinalError, which stops the others.
        """
        self._install_signal_handlers()
        # What exists now lives as long as this process. A collection in a child would write to each
        # object, and so copy the shared memory.
        gc.collect()
        gc.freeze()
        while not self._is_stopping:
            self._wait(self._start_due())
            self._reap()
        self._stop()
        return not self._has_final_error

    def _install_signal_handlers(self) -> None:
        for end in (self._signal_reader, self._signal_writer):
            os.set_blocking(end, False)
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._signal_writer, warn_on_full_buffer=False)

    def _wait(self, seconds: float) -> None:
        """Wait this long, or until a signal arrives or a child ends."""
        if select.select([self._signal_reader], [], [], seconds)[0]:
            os.read(self._signal_reader, 1024)

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._is_stopping = True

    def _start_due(self) -> float:
        """Start the children whose pause is over. Returns the seconds until the next one is due."""
        now = time.monotonic()
        missing = [child for child in self._children if child.process_id is None]
        for child in missing:
            if child.start_again_at <= now:
                self._start(child)
        later = [c.start_again_at - now for c in missing if c.process_id is None]
        return min(later, default=_MAX_PAUSE_S)

    def _start(self, child: _Child) -> None:
        assert threading.active_count() == 1, "only a process with one thread may fork"
        child.started_at = time.monotonic()
        # A signal that arrives before the child has its own handlers must not get lost in ours.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        process_id = os.fork()
        if process_id == 0:
            self._run_child(child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        child.process_id = process_id
        logger.info("child_started", extra={"child": child.name, "process_id": process_id})

    def _run_child(self, child: _Child) -> NoReturn:
        exit_code = 1
        try:
            self._leave_parent()
            child.run()
            exit_code = 0
        except click.ClickException as error:
            error.show()
            exit_code = _FINAL if isinstance(error, FinalError) else error.exit_code
        except Exception:
            logger.exception("child_failed", extra={"child": child.name})
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(exit_code)  # without the exit handlers of the parent

    def _leave_parent(self) -> None:
        """Give up what belongs to the parent, and follow its end.

        The parent's lock on the embedded database stays: it ends with the last of these processes.
        """
        signal.set_wakeup_fd(-1)
        for end in (self._signal_reader, self._signal_writer, self._parent_writer):
            os.close(end)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        threading.Thread(target=_stop_with_parent, args=(self._parent_reader,), daemon=True).start()

    def _reap(self) -> None:
        """Note which children have ended, and when to start them again."""
        for child in self._children:
            if child.process_id is None:
                continue
            ended, status = os.waitpid(child.process_id, os.WNOHANG)
            if ended:
                child.process_id = None
                if os.waitstatus_to_exitcode(status) == _FINAL:
                    self._has_final_error = self._is_stopping = True
                if not self._is_stopping:
                    self._schedule_restart(child, os.waitstatus_to_exitcode(status))

    def _schedule_restart(self, child: _Child, exit_code: int) -> None:
        logger.error("child_ended", extra={"child": child.name, "exit_code": exit_code})
        now = time.monotonic()
        has_lived_long = now - child.started_at > _MAX_PAUSE_S
        child.pause_s = _MIN_PAUSE_S if has_lived_long else min(child.pause_s * 2, _MAX_PAUSE_S)
        child.start_again_at = now + child.pause_s

    def _stop(self) -> None:
        """Stop the children; kill those that take too long."""
        self._signal_children(signal.SIGTERM)
        deadline = time.monotonic() + _STOP_S
        while self._is_any_running() and (left := deadline - time.monotonic()) > 0:
            self._wait(left)
            self._reap()
        self._signal_children(signal.SIGKILL)
        while self._is_any_running():
            self._wait(_MIN_PAUSE_S)
            self._reap()

    def _is_any_running(self) -> bool:
        return any(child.process_id is not None for child in self._children)

    def _signal_children(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.process_id is not None:
                os.kill(child.process_id, number)


def _stop_with_parent(parent_reader: int) -> None:
    """Stop this process like SIGTERM when the parent ends, even if the parent is killed."""
    while os.read(parent_reader, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_S)
    os._exit(1)
