"""Runs the unit tests against mutants of core/ and prints those that no test notices.

`make mutants ONLY=retry,mail_text.links`. mutmut does not fit: it takes a module's name from its
path below the working directory, which begins with `server` here. A library that starts a process
per mutant imports everything each time; here each mutant is a fork of a process that is warm.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.util
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as _warm  # noqa: F401 - imported so that no fork has to

from mutants.mutate import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
CORE = ROOT / "server" / "webcrm_sync" / "core"
UNIT = ROOT / "tests" / "unit"
#: A mutant that runs longer than this many times the unchanged tests is in an endless loop.
PATIENCE = 5
KILLED, SURVIVED = 1, 0
PYTEST_OPTIONS = [
    *("--exitfirst", "--quiet", "--noconftest", "--assert=plain"),
    *("-p", "no:cacheprovider"),
]


def main() -> None:
    """Print the survivors of each module that was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="modules of core/, separated by commas")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(",")))
    for path in sorted(CORE.rglob("*.py")):
        name = ".".join(path.relative_to(CORE).with_suffix("").parts)
        if path.name != "__init__.py" and (not wanted or name in wanted):
            _report(name, path, options.jobs)


def _report(name: str, path: Path, jobs: int) -> None:
    source = path.read_text("utf-8")
    run = _Run(f"webcrm_sync.core.{name}", path, _tests_of(name, path))
    start = time.monotonic()
    _, status = os.waitpid(run.fork(ast.parse(source), seconds=600), 0)
    if os.waitstatus_to_exitcode(status) != SURVIVED:
        raise SystemExit(f"{name}: the tests fail without any change")
    seconds = max(10, int(PATIENCE * (time.monotonic() - start)))
    mutants = list(mutants_of(source))
    survivors = list(run.survivors(mutants, seconds=seconds, jobs=jobs))
    print(f"{name}: {len(mutants) - len(survivors)} of {len(mutants)} killed", flush=True)
    for mutant in sorted(survivors, key=lambda mutant: mutant.line):
        print(f"  {mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)


def _tests_of(name: str, path: Path) -> list[str]:
    """The module's doctests, and the unit tests that import it or, if none does, its package."""
    tests = [*sorted(UNIT.glob("test_core_*.py")), UNIT / "test_quoted_reply.py"]
    texts = {test: test.read_text("utf-8") for test in tests}
    for imported in (
        rf"core\.{re.escape(name)}\b",
        r"core\.mail_text\b" if "." in name else "core",
    ):
        if found := [str(test) for test, text in texts.items() if re.search(imported, text)]:
            return [str(path), *found]
    return [str(path)]


@dataclass(frozen=True)
class _Run:
    """The tests of one module."""

    module: str
    path: Path
    tests: Sequence[str]

    def survivors(self, mutants: Sequence[Mutant], *, seconds: int, jobs: int) -> Iterator[Mutant]:
        """The mutants that no test notices."""
        running: dict[int, Mutant] = {}
        for mutant in [*mutants, *[None] * jobs]:
            if running and (mutant is None or len(running) >= jobs):
                process, status = os.wait()
                finished = running.pop(process)
                if os.waitstatus_to_exitcode(status) == SURVIVED:
                    yield finished
            if mutant is not None:
                running[self.fork(mutant.tree, seconds=seconds)] = mutant

    def fork(self, tree: ast.Module, *, seconds: int) -> int:
        """Run the tests against a mutant in a process of its own; the process's id."""
        if process := os.fork():
            return process
        code = KILLED
        with contextlib.suppress(BaseException), Path(os.devnull).open("w") as nowhere:
            signal.alarm(seconds)  # ends the process, which counts as killed
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # importing them takes a second
            self._import(tree)
            hypothesis.settings.register_profile(
                "mutants", deadline=None, max_examples=25, derandomize=True, database=None
            )
            hypothesis.settings.load_profile("mutants")
            code = KILLED if pytest.main([*PYTEST_OPTIONS, *self.tests]) else SURVIVED
        os._exit(code)

    def _import(self, tree: ast.Module) -> None:
        """Put the mutant in the module's place, before anything imports it."""
        spec = importlib.util.spec_from_file_location(self.module, self.path)
        assert spec is not None
        package, _, name = self.module.rpartition(".")
        parent = import_module(package)
        mutant = importlib.util.module_from_spec(spec)
        sys.modules[self.module] = mutant
        setattr(parent, name, mutant)
        exec(compile(tree, self.path, "exec"), mutant.__dict__)


if __name__ == "__main__":
    main()
