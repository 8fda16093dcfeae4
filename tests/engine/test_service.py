"""The service as in production: its own processes, push over real HTTP, and sudden death."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import psycopg
import pytest

from play import BO, BOTH, FOLDER, KIM, LIS
from running import Running, running, until
from webcrm_sync.bootstrap import database_url, migrate_database
from webcrm_sync.sandbox.faults import Kind
from webcrm_sync.sandbox.outlook.mail import File, Mail
from webcrm_sync.sandbox.outlook.mailbox import SimMailbox
from webcrm_sync.sandbox.stage import Stage
from webcrm_sync.store.database import libpq_url


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A stage where Bo and Kim are known to webCRM."""
    with Stage() as made:
        made.crm.add_person(made.crm.add_organisation("Havnebyg"), BO)
        yield made


def test_serve_started_with_environment_variables_alone_plays_every_story(stage: Stage) -> None:
    box = stage.outlook.add_mailbox(KIM, "Kim Nordwind")
    user = stage.crm.add_user(KIM, "Kim Nordwind")
    person = stage.crm.persons[0]["PersonId"]
    quick = {"MIRROR_SECONDS": "1", "DIRECTORY_SECONDS": "1"}
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(stage, "serve", DATA_DIR=f"{scratch}/d", **quick) as service,
    ):
        added = service.run("mailbox", "add", KIM)
        assert added.returncode == 0, added.stderr
        assert "will be made" in added.stdout
        inbound = box.deliver(Mail("In", BO, KIM, message_id="<in@havnebyg.example>"))
        box.move(inbound, f"inbox/{FOLDER}")
        outbound = box.put_sent(Mail("Out", KIM, BO))
        box.move(outbound, f"sentitems/{FOLDER}")
        until(lambda: box.read(inbound).categories == BOTH, "the inbound mail")
        until(lambda: box.read(outbound).categories == BOTH, "the outbound mail")
        stage.crm.send_mail(user, person, "From webCRM", "Hello")
        until(lambda: len(box.messages(f"sentitems/{FOLDER}")) == 2, "the mirror")

        told = service.run("explain", "<in@havnebyg.example>")
        assert "Stands in webCRM under Havnebyg" in told.stdout
        assert f"{KIM}: 2 synced, 1 mirrored" in service.run("status").stdout
        checked = service.run("doctor")
        assert checked.returncode == 0, checked.stdout
        assert service.run("mailbox", "remove", KIM).returncode == 0
    assert len(stage.crm.activities) == 3
    assert stage.journal.unknown == []


#: At which of its calls each life of the worker ends; every second time the service has acted.
LIVES = range(1, 21)


def test_worker_killed_at_twenty_of_its_calls_loses_and_doubles_nothing(stage: Stage) -> None:
    stage.crm.add_person(stage.crm.add_organisation("Skovby"), LIS)
    box = stage.outlook.add_mailbox(KIM, "Kim Nordwind")
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(stage, DATA_DIR=f"{scratch}/d", WEBCRM_SETTLE_SECONDS="1") as service,
    ):
        settings = stage.settings_of(service.environment)
        migrate_database(settings)
        service.start("web")
        service.watch(KIM)
        service.await_healthy()
        with database_url(settings) as url:
            items = []
            for number in LIVES:
                items.append(_drag(number, box))
                _live_until_call(service, number)
                _bury(url)
            service.start("worker")
            until(lambda: _are_synced(box, items), "every mail to be marked")
    wanted = sorted(f"Mail {number}" for number in LIVES)
    for organisation in stage.crm.organisations:
        under = [
            a["ActivityDescription"]
            for a in stage.crm.activities
            if a["ActivityOrganisationId"] == organisation["OrganisationId"]
        ]
        assert sorted(under) == wanted
    assert len(stage.crm.documents) == 2 * len(LIVES)


def _drag(number: int, box: SimMailbox) -> str:
    files = (File("note.txt", str(number).encode()),)
    mail = Mail(f"Mail {number}", BO, KIM, cc=(LIS,), attachments=files, categories=("Offer",))
    item = box.deliver(mail)
    box.move(item, f"inbox/{FOLDER}")
    return item


def _live_until_call(service: Running, number: int) -> None:
    """Start a worker; it is killed while it makes its call of that number."""
    service.start("worker")
    process = service.processes.pop("worker")
    faults = service.stage.faults
    kind = Kind.LOSE if number % 2 else Kind.REFUSE
    faults.at(faults.calls + number, kind, then=process.kill)
    process.wait(60)


def _bury(url: str) -> None:
    """Lose the dead worker's jobs instead of missing it for ten seconds: the tables tell all."""
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute("DELETE FROM procrastinate_jobs WHERE status = 'doing'")


def _are_synced(box: SimMailbox, items: list[str]) -> bool:
    return all(box.read(item).categories == ("Offer", *BOTH) for item in items)
