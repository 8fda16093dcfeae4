"""What the tests of an installation share: the archive, and the packages that it needs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from support.distributions import ROOT, build_archive


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that `make dist` builds."""
    return build_archive(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder with every wheel of `requirements.lock`: the tests' machine has no network.

    The folder is kept under `build`, one for each state of the lock file.
    """
    lock = ROOT / "requirements.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = ROOT / "build" / "packages" / digest
    complete = folder / "complete"
    if not complete.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        locked = ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
        subprocess.run([*pip, *locked, "--dest", str(folder)], check=True)
        complete.touch()
    return folder


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Follow the guide in its own order, though others shuffle the tests."""
    guide = [one for one in items if one.path.name == "test_guide.py"]
    if guide:
        first = items.index(guide[0])
        rest = [one for one in items if one not in guide]
        in_order = sorted(guide, key=lambda one: one.location[1] or 0)
        items[:] = [*rest[:first], *in_order, *rest[first:]]
