"""The parent of the service's processes: it forks them, restarts them and stops them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.processes import until

#: Two children, which write their process ids down and then wait for a signal. A file named `fail`
#: makes a child fail at its start.
PROGRAM = """
import os, signal, sys
from functools import partial
from pathlib import Path
import click
from webcrm_sync.cli.supervisor import Supervisor

def wait(name):
    if Path("fail").exists():
        raise click.ClickException(f"{name} cannot start")
    with open(name, "a") as file:
        file.write(f"{os.getpid()}\\n")
    signal.sigwait({signal.SIGUSR1})

Supervisor({name: partial(wait, name) for name in ("one", "two")}).run()
Path("stopped").touch()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A supervisor in `tmp_path`, whose children run."""
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: all(_ids(tmp_path / name) for name in ("one", "two")), "the children")
        yield process
        process.kill()


def _ids(file: Path) -> list[int]:
    """The process ids that a child has had, the present one last."""
    with suppress(FileNotFoundError):
        return [int(line) for line in file.read_text().splitlines()]
    return []


def _is_running(process_id: int) -> bool:
    """True for a process that has not ended; an orphan may wait for its new parent (proc(5))."""
    with suppress(OSError):
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def test_a_child_that_dies_is_forked_anew_and_the_other_goes_on(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    (first,), (other,) = _ids(tmp_path / "one"), _ids(tmp_path / "two")
    os.kill(first, signal.SIGKILL)
    until(lambda: len(_ids(tmp_path / "one")) == 2, "another child")
    assert _is_running(_ids(tmp_path / "one")[-1])
    assert _is_running(other)
    assert _ids(tmp_path / "two") == [other]
    parent.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_stops_the_children_and_then_the_parent(
    parent: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    parent.send_signal(number)
    assert parent.wait(timeout=60) == 0
    assert (tmp_path / "stopped").exists()
    assert not any(_is_running(_ids(tmp_path / name)[-1]) for name in ("one", "two"))


def test_children_end_when_the_parent_is_killed(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    children = [_ids(tmp_path / name)[-1] for name in ("one", "two")]
    parent.kill()
    until(lambda: not any(map(_is_running, children)), "the children to follow")
    assert not (tmp_path / "stopped").exists()


def test_a_child_that_cannot_start_says_why_and_is_tried_again_with_pauses(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert parent.stderr is not None
    (tmp_path / "fail").touch()
    os.kill(_ids(tmp_path / "two")[-1], signal.SIGKILL)
    said = next(line for line in parent.stderr if "cannot start" in line)
    assert said == "Error: two cannot start\n"
    (tmp_path / "fail").unlink()
    until(lambda: len(_ids(tmp_path / "two")) == 2, "another child")
    parent.terminate()
