"""Builds the product's wheel, and refuses to build one without the add-in.

`pyproject.toml` names this module as the build backend (PEP 517: in-tree build backends). All but
the check is setuptools' own work. An editable installation needs no built add-in.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from setuptools import build_meta

#: What `npm --prefix addin run build` writes, below the project's top.
_BUILT = Path("server", "webcrm_sync", "web", "static", "addin")
_PAGES = ("taskpane/main.ts", "commands/main.ts")
#: The page of help, which links to the project's docs.
_HELP = Path("server", "webcrm_sync", "web", "help", "en.md")
_NO_HELP = "The page of help is missing: the build needs docs/use.md and docs/use/."
_NOT_BUILT = (
    "The Outlook add-in is not built, so Outlook would show an empty pane.\n"
    "Run `make dist`, which builds it and the wheel, and install that wheel."
)

build_editable = build_meta.build_editable
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, str | list[str]] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """The name of the wheel built into `wheel_directory`. Exits when the add-in is not built."""
    if not _is_built():
        raise SystemExit(_NOT_BUILT)
    if not _HELP.is_file():
        raise SystemExit(_NO_HELP)
    # setuptools packs all that an earlier build left here, such as older scripts of the add-in.
    shutil.rmtree(Path("build", "lib"), ignore_errors=True)
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def _is_built() -> bool:
    """True when every file of both pages exists, and an icon of the ribbon."""
    try:
        manifest = json.loads((_BUILT / "manifest.json").read_bytes())
    except FileNotFoundError:
        return False
    if not manifest.keys() >= set(_PAGES):
        return False
    files = [name for chunk in manifest.values() for name in (chunk["file"], *chunk.get("css", ()))]
    return all((_BUILT / name).is_file() for name in [*files, "icons/sync-16.png"])
