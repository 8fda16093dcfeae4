"""Workers that die while they read a page of Microsoft Graph: the third one is the last."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
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


def test_third_worker_that_dies_with_a_page_as_a_whole_is_the_last(
    scenario: Scenario,
) -> None:
    """No mail of it is known, so its job waits and says why; other mailboxes go on."""
    scenario.is_guarded = True
    scenario.add_contact(BO)
    box, eva = scenario.add_mailbox(), scenario.add_mailbox(EVA, "Eva Nordwind")
    scenario.poll_webcrm()
    poisonous = scenario.drag(box, Mail(DEADLY[1], BO, KIM))
    assert deaths_in(scenario, deadly("graph.wire:read_page", DEADLY[1])) == ["discover"] * 3
    fine = scenario.drag(eva, Mail("Fine", BO, EVA))
    scenario.discover()
    assert eva.read(fine).categories == BOTH
    (held,) = read_status(scenario.context).held_jobs
    assert (held.task, held.about, "DiedTooOften" in held.trouble) == ("discover", KIM, True)
    scenario.context = replace(scenario.context, version="next")
    scenario.wait(timedelta(hours=1))
    assert box.read(poisonous).categories == BOTH
    assert read_status(scenario.context).held_jobs == ()
