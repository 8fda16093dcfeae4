"""Runs the unit tests against mutants of core/ and prints those that no test notices.

`make mutants ONLY=retry,mail_text.links`. mutmut does not fit: it takes a module's name from its
path below the working directory, which begins with `server` here. A library that starts a process
per mutant imports everything each time; here each mutant is a fork of a process that has imported
the libraries. Mutants that change no behaviour are listed in `equivalent.toml` with the reason.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import os
import re
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import CodeType

import hypothesis
import pytest

from mutants.mutate import Mutant, mutants_of

ROOT = Path(__file__).parents[2]
CORE = ROOT / "server" / "webcrm_sync" / "core"
UNIT, HOUSE = ROOT / "tests" / "unit", ROOT / "tests" / "house"
OURS = (f"{ROOT}/server/", f"{ROOT}/tests/")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
#: A mutant that takes this many times the time of the unchanged tests is in an endless loop.
PATIENCE = 5
KILLED, SURVIVED = 1, 0
PYTEST_OPTIONS = [
    *("--exitfirst", "--quiet", "--noconftest", "--assert=plain"),
    *("-p", "no:cacheprovider"),
    # Without the tests that measure time: they take most of it and notice no other change.
    *("-m", "not timed"),
]


def main() -> None:
    """Print the survivors of each module that was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="modules of core/, separated by commas")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--at-most", type=int, help="mutants per module, spread evenly over it (default: all)"
    )
    options = parser.parse_args()
    wanted = set(filter(None, options.only.split(",")))
    paths = {
        ".".join(path.relative_to(CORE).with_suffix("").parts): path
        for path in sorted(CORE.rglob("*.py"))
        if path.name != "__init__.py"
    }
    if unknown := wanted - paths.keys():
        raise SystemExit(f"no such module in core/: {', '.join(sorted(unknown))}")
    reports = [
        _report(name, path, jobs=options.jobs, at_most=options.at_most)
        for name, path in paths.items()
        if not wanted or name in wanted
    ]
    sys.exit(0 if all(reports) else 1)


def _report(name: str, path: Path, *, jobs: int, at_most: int | None) -> bool:
    """Print a module's survivors; True if each of them is known to be equivalent."""
    mutants = list(mutants_of(path))
    chosen = _spread(mutants, at_most or len(mutants))
    run, seconds = _Run(f"webcrm_sync.core.{name}", path, _tests_of(name, path)).ready()
    survivors = list(run.survivors(chosen, seconds=seconds, jobs=jobs))
    reasons = _reasons(name)
    excused = sum(mutant.change in reasons for mutant in survivors)
    open_ = len(survivors) - excused
    sample = f" (a sample of {len(mutants)})" if len(chosen) < len(mutants) else ""
    killed = f"{len(chosen) - len(survivors)} of {len(chosen)}{sample} killed"
    print(f"{name}: {killed}, {excused} equivalent, {open_} open")
    for mutant in sorted(survivors, key=lambda mutant: mutant.line):
        reason = reasons.get(mutant.change)
        print(f"  {'equivalent' if reason else 'open'}, line {mutant.line}: {mutant.change}")
        print(f"    {reason}\n" if reason else "", end="")
    stale = _stale(reasons, mutants, chosen, survivors)
    for change in stale:
        print(f"  no longer a survivor, remove it from {EQUIVALENT.name}: {change}")
    sys.stdout.flush()
    return not open_ and not stale


def _reasons(name: str) -> Mapping[str, str]:
    """The reason for each change of a module that is known to be equivalent."""
    listed = tomllib.loads(EQUIVALENT.read_text("utf-8")).get(name, {})
    return {change: reason for reason, changes in listed.items() for change in changes}


def _stale(
    reasons: Mapping[str, str],
    mutants: Sequence[Mutant],
    chosen: Sequence[Mutant],
    survivors: Sequence[Mutant],
) -> list[str]:
    """The listed changes that the module no longer allows, or that a test has noticed."""
    possible, tried, alive = ({m.change for m in group} for group in (mutants, chosen, survivors))
    return sorted(change for change in reasons if change not in possible - (tried - alive))


def _spread(mutants: Sequence[Mutant], count: int) -> Sequence[Mutant]:
    """At most `count` of the mutants, at equal distances."""
    count = min(count, len(mutants))
    return [mutants[number * len(mutants) // count] for number in range(count)]


def _tests_of(name: str, path: Path) -> list[str]:
    """The module's doctests, and the unit tests that import it, then those of its package.

    The tests of the package follow only for `mail_text`, whose modules work as one.
    """
    unit = [*sorted(UNIT.glob("test_core_*.py")), UNIT / "test_quoted_reply.py"]
    tests = [*unit, *sorted(HOUSE.glob("test_*.py"))]
    texts = {test: test.read_text("utf-8") for test in tests}

    def importing(module: str) -> list[str]:
        return [str(test) for test, text in texts.items() if re.search(module, text)]

    found = importing(rf"core\.{re.escape(name)}\b")
    found += importing(r"core\.mail_text\b") if "." in name else []
    return [str(path), *dict.fromkeys(found or map(str, unit))]


@dataclass(frozen=True)
class _Run:
    """The tests of one module."""

    module: str
    path: Path
    tests: Sequence[str]

    def ready(self) -> tuple[_Run, int]:
        """This run, its likeliest and quickest tests first, and the seconds to give each mutant.

        Imports the libraries that the tests need, so that no fork has to. Raises SystemExit if the
        tests fail without any change.
        """
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # importing them takes a second
        seconds: dict[str, float] = {}
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            # The second time without importing the libraries, as each fork runs them.
            for test in [*self.tests, *self.tests]:
                _forget_own_modules()
                start = time.process_time()
                if _fails(test):
                    raise SystemExit(f"{test} fails without any change")
                seconds[test] = time.process_time() - start
        own = UNIT / f"test_core_{self.module.rpartition('.')[2]}.py"
        ordered = sorted(self.tests, key=lambda test: (test != str(own), seconds[test]))
        return replace(self, tests=ordered), max(5, int(PATIENCE * sum(seconds.values())))

    def survivors(self, mutants: Sequence[Mutant], *, seconds: int, jobs: int) -> Iterator[Mutant]:
        """The mutants that no test notices."""
        gc.freeze()  # else each fork copies what its collector visits
        running: dict[int, Mutant] = {}
        for mutant in [*mutants, *[None] * jobs]:
            if running and (mutant is None or len(running) >= jobs):
                process, status = os.wait()
                finished = running.pop(process)
                if os.waitstatus_to_exitcode(status) == SURVIVED:
                    yield finished
            if mutant is not None:
                running[self.fork(mutant.code, seconds=seconds)] = mutant

    def fork(self, code: CodeType, *, seconds: int) -> int:
        """Run the tests against a mutant in a process of its own; the process's id."""
        if process := os.fork():
            return process
        result = KILLED
        with contextlib.suppress(BaseException), Path(os.devnull).open("w") as nowhere:
            # Ends the process, which counts as killed. Processor time: the load does not matter.
            signal.setitimer(signal.ITIMER_PROF, seconds)
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            self._import(code)
            result = KILLED if any(map(_fails, self.tests)) else SURVIVED
        os._exit(result)

    def _import(self, code: CodeType) -> None:
        """Put the mutant in the module's place, before anything imports it."""
        _forget_own_modules()
        spec = importlib.util.spec_from_file_location(self.module, self.path)
        assert spec is not None
        package, _, name = self.module.rpartition(".")
        parent = import_module(package)
        mutant = importlib.util.module_from_spec(spec)
        sys.modules[self.module] = mutant
        setattr(parent, name, mutant)
        exec(code, mutant.__dict__)


def _fails(test: str) -> bool:
    hypothesis.settings.register_profile(
        "mutants", deadline=None, max_examples=25, derandomize=True, database=None
    )
    hypothesis.settings.load_profile("mutants")
    code = pytest.main([*PYTEST_OPTIONS, test])
    return code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}  # no doctest


def _forget_own_modules() -> None:
    """Make the product and the tests be imported again, but not the libraries."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(OURS) and name.partition(".")[0] != "mutants":
            del sys.modules[name]


if __name__ == "__main__":
    main()
