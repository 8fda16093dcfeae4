"""Runs the commands as an administrator does, over the sandbox of a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from support.scenario import Scenario


@contextmanager
def shell(scenario: Scenario, folder: Path) -> Iterator[None]:
    """The environment points the commands to the scenario; `folder` holds no `.env`."""
    given = scenario.context.settings
    named = {"DATABASE_URL": given.database_url or "", "SECRET_KEY": "test"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in scenario.sandbox.environment(**named).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        yield


def run(command: click.Command, *arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run a command with these arguments, without a terminal."""
    return CliRunner().invoke(command, arguments, input=stdin)


def as_json(command: click.Command, *arguments: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(run(command, *arguments, "--json").stdout)
