"""Builds wheels from a copy of the project, and runs them without the project's own environment."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import copyfile, copytree

ROOT = Path(__file__).parents[2]
#: What the product's build reads; the sandbox's build reads its own directory.
SOURCES = ("pyproject.toml", "README.md", "server", "Makefile", "requirements.lock", "docs")
#: The built add-in, below the project's top.
ADDIN = Path("server", "webcrm_sync", "web", "static", "addin")


def copy_sources(target: Path, *, with_addin: bool = True) -> Path:
    """Copy the project's files and the built add-in there, since a build leaves files behind."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *SOURCES]
    names = subprocess.check_output(listing, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            # A link to a folder of the project stays one; a link to a file becomes the file.
            is_folder = (ROOT / name).is_dir()
            copyfile(ROOT / name, target / name, follow_symlinks=not is_folder)
    if with_addin:
        copytree(ROOT / ADDIN, target / ADDIN)
    return target


def build_wheel(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build the wheel of the distribution in `source` into `target`. Reaches no network."""
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", *options]
    line = [*pip, "--wheel-dir", str(target), str(source)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def build_archive(target: Path) -> Path:
    """The archive that `make dist` builds, from a copy of the project, with this Python."""
    sources = copy_sources(target)
    # Empty names leave out what those rules would install; it is here.
    line = ["make", "--silent", "dist", "RUNTIME=", "PANE=", f"PACKER={sys.executable}"]
    subprocess.run(line, cwd=sources, check=True, stdout=subprocess.DEVNULL)
    (archive,) = (sources / "dist").glob("*.tar.gz")
    return archive


def link_dependencies(target: Path) -> Path:
    """Link every installed package there, except the product and its sandbox."""
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "webcrm_sync" not in entry.name:
            (target / entry.name).symlink_to(entry)
    return target
