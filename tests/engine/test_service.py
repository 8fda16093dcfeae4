"""The service as in production: its own processes, push over real HTTP, and sudden death."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from play import BO, BOTH, FOLDER, KIM
from running import running, until
from webcrm_sync.sandbox.outlook.mail import Mail
from webcrm_sync.sandbox.stage import Stage


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


def test_worker_killed_at_ten_random_moments_loses_and_doubles_nothing(stage: Stage) -> None:
    rng = random.Random(20261123)
    box = stage.outlook.add_mailbox(KIM, "Kim Nordwind")
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(stage, DATA_DIR=f"{scratch}/d", WEBCRM_SETTLE_SECONDS="2") as service,
    ):
        assert service.run("migrate").returncode == 0
        service.start("web")
        service.await_healthy()
        service.watch(KIM)
        items = [box.deliver(Mail(f"Mail {n}", BO, KIM)) for n in range(200)]
        stage.faults.latency = timedelta(milliseconds=20)
        stage.faults.lose(rate=0.03)
        service.start("worker")
        for begin in range(0, 200, 20):
            for item in items[begin : begin + 20]:
                box.move(item, f"inbox/{FOLDER}")
            time.sleep(rng.uniform(0.3, 2.5))
            service.kill("worker")
            service.start("worker")
        until(
            lambda: all(box.read(i).categories == BOTH for i in items),
            "every mail to be marked",
            patience_s=240,
        )
    subjects = [a["ActivityDescription"] for a in stage.crm.activities]
    assert sorted(subjects) == sorted(f"Mail {n}" for n in range(200))
