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
from webcrm_sync.bootstrap import migrate_database
from webcrm_sync.sandbox.outlook.mail import Mail
from webcrm_sync.sandbox.outlook.mailbox import SimMailbox
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
    names = [f"kim{n}@nordwind.example" for n in range(5)]
    boxes = [stage.outlook.add_mailbox(name, "Kim Nordwind") for name in names]
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(stage, DATA_DIR=f"{scratch}/d", WEBCRM_SETTLE_SECONDS="2") as service,
    ):
        migrate_database(stage.settings_of(service.environment))
        service.start("web")
        service.start("worker")
        service.watch(*names)
        service.await_healthy()
        first = [_drag(0, box) for box in boxes]
        until(lambda: _are_synced(first), "the first mail of each mailbox")
        service.kill("worker")
        stage.faults.latency = timedelta(milliseconds=20)
        stage.faults.lose(rate=0.03)
        mails = list(first)
        for life in range(10):
            # Another mailbox each time, since what the last life left behind waits to be rescued.
            box, calls = boxes[life % len(boxes)], _work_calls(stage)
            mails += [_drag(number, box) for number in range(life * 20 + 1, life * 20 + 21)]
            service.start("worker")
            _await_work(stage, calls, rng)
            service.kill("worker")
        service.start("worker")
        until(lambda: _are_synced(mails), "every mail to be marked", patience_s=240)
    subjects = [a["ActivityDescription"] for a in stage.crm.activities]
    assert sorted(subjects) == sorted(["Mail 0"] * 5 + [f"Mail {n}" for n in range(1, 201)])


def _drag(number: int, box: SimMailbox) -> tuple[SimMailbox, str]:
    item = box.deliver(Mail(f"Mail {number}", BO, min(box.addresses)))
    box.move(item, f"inbox/{FOLDER}")
    return box, item


def _are_synced(mails: list[tuple[SimMailbox, str]]) -> bool:
    return all(box.read(item).categories == BOTH for box, item in mails)


def _await_work(stage: Stage, calls: int, rng: random.Random) -> None:
    """Return in the middle of the worker's work: a random number of calls after its first."""
    until(lambda: _work_calls(stage) > calls, "the worker's first call")
    end = time.monotonic() + 1  # when less is left to do than that
    wanted = calls + rng.randint(1, 12)
    until(lambda: _work_calls(stage) >= wanted or time.monotonic() > end, "its next calls")
    time.sleep(rng.uniform(0, 0.04))


def _work_calls(stage: Stage) -> int:
    return stage.journal.count("graph") + stage.journal.count("webcrm")
