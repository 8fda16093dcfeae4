"""One database holds one company: another tenant is refused by every command."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from support.scenario import KIM, Scenario
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.cli import cli
from webcrm_sync.core.outlook import MailUser
from webcrm_sync.engine.context import Context
from webcrm_sync.settings import PREFIX, Settings
from webcrm_sync.store import companies, mailboxes
from webcrm_sync.store.companies import AnotherCompany
from webcrm_sync.store.database import Database

OTHER = "00000000-aaaa-4bbb-8ccc-dddddddddddd"
#: Each command that opens the database, with its arguments.
COMMANDS = {
    "alert": [],
    "doctor": [],
    "explain": ["<1@x.example>"],
    "mailbox": ["list"],
    "migrate": [],
    "prove": [],
    "rebuild": [KIM],
    "reseal": [],
    "resubscribe": [],
    "serve": [],
    "status": [],
    "web": [],
    "worker": [],
}


@pytest.fixture
def other(scenario: Scenario, tmp_path: Path) -> Iterator[Settings]:
    """The settings of another tenant with the database of the scenario."""
    given = scenario.context.settings
    named = {
        "DATABASE_URL": given.database_url or "",
        "SECRET_KEY": "test",
        "ENTRA_TENANT_ID": OTHER.upper(),
        "LISTEN": "127.0.0.1:0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**scenario.sandbox.environment(), **named}.items():
            patch.setenv(name if name.startswith(PREFIX) else PREFIX + name, value)
        patch.chdir(tmp_path)  # this folder has no `.env`
        yield Settings.model_validate({})


def test_every_command_refuses_and_names_both_companies_and_the_fix(
    scenario: Scenario, other: Settings
) -> None:
    scenario.add_mailbox()
    assert set(COMMANDS) | {"demo", "manifest"} == set(
        cli.list_commands(cli.make_context("x", ["status"]))
    )
    for name, arguments in COMMANDS.items():
        told = CliRunner().invoke(cli, [name, *arguments])
        assert told.exit_code == 1, name
        held = scenario.context.tenant_id
        said = told.stdout if name == "doctor" else told.stderr  # a failed check among others
        assert f"holds the mailboxes of the Entra tenant {held}" in said, name
        assert f"ENTRA_TENANT_ID is {OTHER}" in said
        assert f"{PREFIX}DATABASE_URL" in said
    for arguments in (["add", "--yes", KIM], ["remove", "--yes", KIM]):
        assert CliRunner().invoke(cli, ["mailbox", *arguments]).exit_code != 0
    with scenario.context.begin() as tx:
        assert tx.connection.scalar(text("SELECT count(*) FROM company")) == 1


def test_a_tenant_is_the_same_in_any_case(scenario: Scenario, other: Settings) -> None:
    scenario.add_mailbox()
    same = other.model_copy(update={"entra_tenant_id": scenario.context.tenant_id.upper()})
    migrate_database(same)
    with open_context(same) as context:
        assert context.company_id == scenario.context.company_id


def test_a_typo_of_the_first_set_up_can_be_corrected(scenario: Scenario, other: Settings) -> None:
    with open_context(other) as mistaken:
        assert mistaken.company_id != scenario.context.company_id
    scenario.add_mailbox()  # its jobs finish; those of the wrong company never would
    with open_context(scenario.context.settings, url=other.database_url) as context:
        assert context.company_id == scenario.context.company_id
    with pytest.raises(AnotherCompany):
        open_context(other).__enter__()


def test_one_of_two_simultaneous_first_starts_adds_a_mailbox(
    scenario: Scenario, other: Settings
) -> None:
    """Both processes already run when they add their first mailboxes at the same moment."""
    assert other.database_url
    with closing(Database(other.database_url, now=scenario.context.now)) as database:
        with database.begin() as tx:
            second = companies.ensure_company(tx, OTHER)
        rivals = [scenario.context, replace(scenario.context, database=database, company_id=second)]
        both_are_here, refused = threading.Barrier(2), list[str]()

        def add(context: Context, name: str) -> None:
            user = MailUser(name, f"{name}@x.example", name, frozenset(), False)
            both_are_here.wait(10)
            try:
                with context.begin() as tx:
                    mailboxes.save_mailbox(tx, user, mirror_since=tx.now)
            except AnotherCompany as error:
                refused.append(str(error))

        racers = [
            threading.Thread(target=add, args=pair) for pair in zip(rivals, "ab", strict=True)
        ]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(20)
    assert len(refused) == 1
    with scenario.context.begin() as tx:
        assert tx.connection.scalar(text("SELECT count(*) FROM mailbox")) == 1
