"""A command imports no more than it uses, so that it starts fast on a small server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click import Context

from webcrm_sync.cli import cli
from webcrm_sync.cli.lazy_commands import COMMANDS

#: Each of these takes a tenth of a second of processor time or more.
HEAVY = {"alembic", "cryptography", "flask", "httpx", "msal", "msgraph", "procrastinate"}
HEAVY |= {"psycopg", "pydantic", "requests", "sqlalchemy", "werkzeug"}
#: What the tables need: a connection, the settings, and the key of the secrets in them.
TABLES = {"cryptography", "procrastinate", "psycopg", "pydantic", "sqlalchemy"}


def imported_by(statement: str) -> set[str]:
    program = f"import json, sys\n{statement}\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_what_the_group_itself_prints_imports_nothing_heavy(argument: str) -> None:
    command = "from webcrm_sync.cli import cli"
    assert imported_by(f"{command}; cli([{argument!r}], standalone_mode=False)") == set()


def test_status_imports_only_what_the_tables_need() -> None:
    assert imported_by("import webcrm_sync.cli.status") == TABLES


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says_of_itself(name: str) -> None:
    command = cli.get_command(Context(cli), name)
    assert command is not None
    said = command.get_short_help_str(limit=1000).removesuffix(".")
    assert said == COMMANDS[name].summary.removesuffix(".")
