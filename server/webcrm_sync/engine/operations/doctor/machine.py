"""The checks of this machine, from the settings alone: variables, folder, disk, certificates."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from webcrm_sync.core.free_space import FreeSpace, judge_free_space
from webcrm_sync.engine.operations.doctor.certificates import check_certificates
from webcrm_sync.engine.operations.doctor.check import Check, Verdict, run_part
from webcrm_sync.engine.operations.troubles import limits_of
from webcrm_sync.settings import PREFIX, Settings, find_warnings


def check_machine(settings: Settings, now: datetime) -> Iterator[Check]:
    """All checks of this machine."""
    yield Check("settings", Verdict.OK, "every setting is well formed")
    for text in find_warnings():
        yield Check("settings", Verdict.WARNING, text)
    if not (settings.database_url and settings.secret_key):
        yield from run_part("data folder", lambda: check_data_dir(settings))
    yield from check_certificates(settings, now)


def check_data_dir(settings: Settings) -> Iterator[Check]:
    """Whether the product can keep its database and its key in the folder."""
    name, folder = "data folder", settings.data_dir
    if trouble := find_trouble(folder):
        text = f"{PREFIX}DATA_DIR {trouble}. Name a folder that this user may write"
        yield Check(name, Verdict.FAILED, text)
        return
    low_bytes = limits_of(settings).min_free
    yield judge_disk(shutil.disk_usage(_nearest(folder)).free, low_bytes)


def find_trouble(folder: Path) -> str | None:
    """What is wrong with the folder, to follow its name; None = it exists or can be created."""
    try:
        nearest = _nearest(folder)
        if not nearest.is_dir():
            return (
                "is not a folder" if nearest == folder else "is below something that is no folder"
            )
    except ValueError:  # a NUL in the name
        return "is no name of a folder"
    except OSError as error:
        return f"cannot be used ({error.strerror})"
    if not os.access(nearest, os.W_OK | os.X_OK):
        is_read_only = bool(os.statvfs(nearest).f_flag & os.ST_RDONLY)
        return "is on a read-only disk" if is_read_only else "may not be written by this user"
    return None


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    here = folder.absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    return here


def judge_disk(free_bytes: int, low_bytes: int) -> Check:
    """What the free space of the data folder's disk means."""
    name, space = "disk", judge_free_space(free_bytes, low_bytes)
    if space is FreeSpace.ENOUGH:
        return Check(name, Verdict.OK, "the data folder can be written and has space")
    text = f"{free_bytes / 1_000_000:.0f} MB are free on the disk of {PREFIX}DATA_DIR: make room"
    return Check(name, Verdict.FAILED if space is FreeSpace.FULL else Verdict.WARNING, text)
