"""The lock files fix every installed package by its hash, from any registry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
PACKAGE = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)(?: ; [^:/\\]+)?(?P<hashes>.*)")
HASHES = re.compile(r"(?: --hash=sha256:[0-9a-f]{64})+")


def _packages(lock: str) -> dict[str, set[str]]:
    """The versions that a lock file names of each package; fails where a line says anything else.

    A package may have several versions, each with a marker.
    """
    found: dict[str, set[str]] = {}
    for line in re.sub(r" \\\n +", " ", (ROOT / lock).read_text("ascii")).splitlines():
        package, _, hashes = line.partition(" --")
        read = PACKAGE.fullmatch(package)
        assert read, f"{lock}: {line[:60]}"
        assert HASHES.fullmatch(f" --{hashes}"), f"{lock}: {package} has no hash"
        found.setdefault(read["name"], set()).add(read["version"])
    return found


def _pinned(*requirements: str) -> dict[str, set[str]]:
    """The one version of each of these requirements; fails where one is not exact."""
    exact = [re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?==([\w.]+)", one) for one in requirements]
    assert all(exact), requirements
    return {one[1].lower(): {one[2]} for one in exact if one}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_exact_versions_with_hashes_and_no_index(lock: str) -> None:
    assert len(_packages(lock)) > 50


@pytest.mark.parametrize(("lock", "extra"), [*zip(LOCKS, (None, "dev", "bench"), strict=True)])
def test_each_dependency_is_locked_as_the_project_pins_it(lock: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    direct = list(project["project"]["dependencies"])
    direct += project["project"]["optional-dependencies"][extra] if extra else []
    pinned, locked = _pinned(*direct), _packages(lock)
    assert {name: locked.get(name) for name in pinned} == pinned, "`make lock` renews it"


@pytest.mark.parametrize("lock", LOCKS[:2])
def test_build_dependencies_are_locked_too(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]
    pinned, locked = _pinned(*project["build-system"]["requires"]), _packages(lock)
    assert {name: locked.get(name) for name in pinned} == pinned


def test_the_lock_files_agree() -> None:
    small, dev, bench = map(_packages, LOCKS)
    assert {name: dev.get(name) for name in small} == small
    both = dev.keys() & bench.keys()
    assert {name: bench[name] for name in both} == {name: dev[name] for name in both}


def test_nothing_is_installed_without_a_hash() -> None:
    text = (
        (ROOT / "Makefile")
        .read_text("utf-8")
        .replace("\\\n", " ")
        .replace("$(LOCKED)", "--require-hashes")
    )
    installs = [
        line for line in text.splitlines() if re.search(r"python\)? \$\(pip_install\)", line)
    ]
    commands = [part for line in installs for part in line.split("&&") if "pip_install" in part]
    assert len(commands) == 3
    unhashed = [part for part in commands if "--require-hashes" not in part]
    assert [part.split()[2:] for part in unhashed] == [
        [
            *("--no-deps", "--no-build-isolation"),
            *("--editable", ".", "--editable", "server/webcrm_sync_sandbox"),
        ]
    ]
