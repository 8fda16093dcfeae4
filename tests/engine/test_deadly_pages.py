"""Workers that die while they read a page of Microsoft Graph: no mail stops the others."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from support.deaths import deadly, deaths_in
from support.forked_worker import start_worker
from support.processes import RunningService, run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.store.database import Database
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail

EVA = "eva@nordwind.example"
DEADLY = ("graph.wire:read_message", "Poisonous")
_STATE = text("SELECT state, detail FROM item WHERE is_bare")


@pytest.fixture
def service(fresh_database: str) -> Iterator[RunningService]:
    """The services of a company without push, and no process yet."""
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as scratch:
        sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
        quick = {"POLL_SECONDS": "60", "WEBCRM_SETTLE_SECONDS": "2", "DIRECTORY_SECONDS": "1"}
        own = {"DATA_DIR": scratch, "DATABASE_URL": fresh_database, "SECRET_KEY": "test"}
        with run_service(sandbox, **own, **quick) as running:
            yield running


@pytest.mark.long
def test_a_mail_whose_entry_kills_is_parked_and_the_others_are_synced(
    service: RunningService, fresh_database: str
) -> None:
    sandbox = service.sandbox
    box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    migrate_database(sandbox.settings_of(service.environment))
    service.watch(KIM)
    fine, poisonous = (
        box.deliver(Mail(subject, BO, KIM, message_id=f"<{subject}@x.example>"))
        for subject in ("Fine", DEADLY[1])
    )
    for item in (fine, poisonous):
        box.move(item, f"inbox/{FOLDER}")
    for _ in range(3):
        worker = start_worker(service.environment, dies_in=DEADLY)
        worker.join(120)
        assert worker.exitcode == -signal.SIGKILL
    last = start_worker(service.environment, dies_in=DEADLY)
    try:
        until(lambda: box.read(fine).categories == BOTH, "the other mail")
        assert last.exitcode is None
    finally:
        last.terminate()
        last.join(60)
    with (
        closing(Database(fresh_database, now=lambda: datetime.now(UTC))) as database,
        database.begin() as tx,
    ):
        state, detail = tx.connection.execute(_STATE).one()
    assert (state, "DiedTooOften" in detail) == ("parked", True)


@pytest.fixture
def guarded(scenario: Scenario) -> Scenario:
    """A company with a contact, whose jobs record what they raise."""
    scenario.is_guarded = True
    scenario.add_contact(BO)
    return scenario


def test_several_deadly_mails_on_one_page_cost_two_workers_each_and_one(guarded: Scenario) -> None:
    """What was given up stays given up while the page dies with another mail."""
    box = guarded.add_mailbox()
    guarded.poll_webcrm()
    for number in range(3):
        guarded.drag(box, Mail(f"{DEADLY[1]} {number}", BO, KIM))
    fine = guarded.drag(box, Mail("Fine", BO, KIM))
    assert deaths_in(guarded, deadly(*DEADLY), rounds=30, at_most=30) == ["discover"] * 7
    assert box.read(fine).categories == BOTH
    assert markers(guarded) == []


def test_a_page_that_kills_as_a_whole_is_read_mail_by_mail_and_then_rests(
    guarded: Scenario,
) -> None:
    """Only the deadly mail waits; other mailboxes go on, and the page is tried each hour."""
    box, eva = guarded.add_mailbox(), guarded.add_mailbox(EVA, "Eva Nordwind")
    guarded.poll_webcrm()
    early = [guarded.drag(box, Mail(f"Early {n}", BO, KIM)) for n in range(3)]
    poisonous = guarded.drag(box, Mail(DEADLY[1], BO, KIM))
    planter = deadly("graph.wire:read_page", DEADLY[1])
    died = deaths_in(guarded, planter, rounds=40, at_most=40)
    assert 8 <= len(died) <= 16
    assert [box.read(one).categories for one in early] == [BOTH] * 3
    fine = guarded.drag(eva, Mail("Fine", BO, EVA))
    guarded.discover()
    assert eva.read(fine).categories == BOTH
    (held,) = read_status(guarded.context).held_jobs
    assert held.about == KIM
    assert held.trouble.startswith("Workers died ")
    assert "goes on by itself at" in held.trouble
    guarded.wait(timedelta(hours=1))  # whatever killed them has ended
    guarded.wait(timedelta(minutes=2))
    assert box.read(poisonous).categories == BOTH
    assert read_status(guarded.context).held_jobs == ()


def markers(scenario: Scenario) -> list[str]:
    with scenario.context.begin() as tx:
        return list(tx.connection.execute(text("SELECT thing FROM begun")).scalars())
