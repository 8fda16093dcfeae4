"""The migrations are one chain: two of one number would leave every database where it is."""

from __future__ import annotations

import re
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "server/webcrm_sync/store/migrations/versions"
FILES = sorted(VERSIONS.glob("[0-9]*.py"))


def _value(file: Path, name: str) -> str | None:
    found = re.search(rf'^{name} = "?(\w+)"?$', file.read_text("utf-8"), re.MULTILINE)
    assert found, f"{file.name} sets no {name}"
    return None if found[1] == "None" else found[1]


def test_each_migration_follows_the_one_before_it() -> None:
    numbers = [f"{number:04}" for number in range(1, len(FILES) + 1)]
    assert [file.name[:4] for file in FILES] == numbers
    assert [_value(file, "revision") for file in FILES] == numbers
    assert [_value(file, "down_revision") for file in FILES] == [None, *numbers[:-1]]


def test_each_migration_says_why_old_processes_go_on_after_it_or_not() -> None:
    """The earlier ones are of a time when nobody asked."""
    said = re.compile(r"^#: \w.+\nOLD_PROCESSES_GO_ON = (True|False)$", re.MULTILINE)
    silent = [file.name for file in FILES[18:] if not said.search(file.read_text("utf-8"))]
    assert (FILES[18].name[:4], silent) == ("0019", [])
