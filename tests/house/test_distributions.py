"""The product's wheel holds the product alone: the sandbox and `demo` are a wheel of their own."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from support.distributions import ROOT, build_wheel, copy_sources, link_dependencies

SANDBOX = ROOT / "server" / "webcrm_sync_sandbox"
#: `webcrm-sync`, with these directories instead of the installed packages.
COMMAND = """
import sys
sys.path += sys.argv.pop(1).split(":")
from webcrm_sync.cli import main
main()
"""


def _build(source: Path, built: Path) -> Path:
    """The wheel of the distribution in `source`, unpacked."""
    done = build_wheel(source, built)
    assert done.returncode == 0, done.stderr
    (wheel,) = built.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(built / "unpacked")
    return built / "unpacked"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files."""
    return copy_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def product(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel of the product."""
    return _build(sources, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def sandbox(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel of the sandbox."""
    return _build(sources / "server" / SANDBOX.name, tmp_path_factory.mktemp("sandbox"))


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every installed package except the product and its sandbox."""
    return link_dependencies(tmp_path_factory.mktemp("dependencies"))


def _run(arguments: list[str], *directories: Path) -> str:
    """What `webcrm-sync` prints where only these directories are installed."""
    path = ":".join(map(str, directories))
    # -I and -S leave out PYTHONPATH and the environment's own packages, -B writes no bytecode.
    command = [sys.executable, "-B", "-I", "-S", "-c", COMMAND, path, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _files(unpacked: Path) -> set[str]:
    return {str(p.relative_to(unpacked)) for p in unpacked.rglob("*") if p.is_file()}


def test_product_wheel_holds_neither_sandbox_nor_demo(product: Path) -> None:
    tops = {path.name for path in product.iterdir()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"webcrm_sync"}
    traces = [name for name in _files(product) if "sandbox" in name or "demo" in name]
    assert traces == []
    (entry_points,) = product.glob("*.dist-info/entry_points.txt")
    assert entry_points.read_text().split() == [
        *("[console_scripts]", "webcrm-sync", "=", "webcrm_sync.cli:main")
    ]


def test_sandbox_wheel_holds_every_file_of_the_sandbox(sources: Path, sandbox: Path) -> None:
    written = sources / "server" / SANDBOX.name
    packed = sandbox / SANDBOX.name
    assert _files(packed) == _files(written) - {"pyproject.toml"} - _build_traces(written)


def _build_traces(written: Path) -> set[str]:
    """What the build itself left in its directory."""
    return {n for n in _files(written) if n.startswith("build/") or ".egg-info/" in n}


def test_sandbox_names_each_of_its_packages() -> None:
    named = tomllib.loads((SANDBOX / "pyproject.toml").read_text())["tool"]["setuptools"][
        "packages"
    ]
    inits = SANDBOX.rglob("__init__.py")
    found = [".".join(init.parent.relative_to(SANDBOX.parent).parts) for init in inits]
    assert named == sorted(found)


def test_demo_is_a_command_only_where_the_sandbox_is_installed(
    product: Path, sandbox: Path, dependencies: Path
) -> None:
    without = _run(["--help"], product, dependencies)
    assert "serve" in without
    assert "demo" not in without
    beside = _run(["--help"], product, sandbox, dependencies)
    assert "\n  demo " in beside
    assert "--once" in _run(["demo", "--help"], product, sandbox, dependencies)
