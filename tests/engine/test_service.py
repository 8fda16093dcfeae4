"""The service as in production: separate processes, push over real HTTP, and sudden deaths."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.forked_worker import start_worker
from support.processes import RunningService, run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.faults import Kind
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

FOREIGN = ("Important",)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose webCRM knows Bo and Kim."""
    with Sandbox() as made:
        made.crm.add_person(made.crm.add_organisation("Havnebyg"), BO)
        yield made


@pytest.mark.long
def test_serve_started_with_environment_variables_alone_completes_every_story(
    sandbox: Sandbox,
) -> None:
    box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    user = sandbox.crm.add_user(KIM, "Kim Nordwind")
    person = sandbox.crm.persons[0]["PersonId"]
    quick = {"MIRROR_SECONDS": "1", "DIRECTORY_SECONDS": "1"}
    with (
        tempfile.TemporaryDirectory() as scratch,
        run_service(sandbox, "serve", DATA_DIR=f"{scratch}/d", **quick) as service,
    ):
        added = service.run("mailbox", "add", KIM)
        assert added.returncode == 0, added.stderr
        assert "will be created" in added.stdout
        inbound = box.deliver(Mail("In", BO, KIM, message_id="<in@havnebyg.example>"))
        box.move(inbound, f"inbox/{FOLDER}")
        outbound = box.put_sent(Mail("Out", KIM, BO))
        box.move(outbound, f"sentitems/{FOLDER}")
        until(lambda: box.read(inbound).categories == BOTH, "the inbound mail")
        until(lambda: box.read(outbound).categories == BOTH, "the outbound mail")
        sandbox.crm.send_mail(user, person, "From webCRM", "Hello")
        until(lambda: len(box.messages(f"sentitems/{FOLDER}")) == 2, "the mirror")

        told = service.run("explain", "<in@havnebyg.example>")
        assert "Filed in webCRM under Havnebyg" in told.stdout
        assert f"{KIM}: 2 synced, 1 mirrored" in service.run("status").stdout
        checked = service.run("doctor")
        assert checked.returncode == 0, checked.stdout
        assert service.run("mailbox", "remove", "--yes", KIM).returncode == 0
        family = _processes_of(service)
        assert len(family) >= 4
        service.kill("serve")
        until(lambda: not _processes_of(service), "its children to follow it")
    assert len(sandbox.crm.activities) == 3
    assert sandbox.journal.unknown == []


def test_mails_are_read_while_the_worker_that_files_them_is_away(sandbox: Sandbox) -> None:
    box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    with (
        tempfile.TemporaryDirectory() as scratch,
        run_service(sandbox, DATA_DIR=f"{scratch}/d") as service,
    ):
        migrate_database(sandbox.settings_of(service.environment))
        service.watch(KIM)
        service.start("web")
        service.start_workers()
        service.await_healthy()
        until(lambda: bool(box.child(box.well_known["inbox"], FOLDER)), "the folder")
        _sync("Both work", box)
        service.kill("webcrm")
        item = box.deliver(Mail("One is away", BO, KIM, message_id="<away@havnebyg.example>"))
        box.move(item, f"inbox/{FOLDER}")
        until(lambda: service.run("explain", "<away@havnebyg.example>").returncode == 0, "the mail")
        assert [a["ActivityDescription"] for a in sandbox.crm.activities] == ["Both work"]
        service.start("worker", "--only", "webcrm", name="webcrm")
        until(lambda: box.read(item).categories == BOTH, "the mail to be filed")
    assert len(sandbox.crm.activities) == 2


def _sync(subject: str, box: SimMailbox) -> None:
    item = box.deliver(Mail(subject, BO, KIM))
    box.move(item, f"inbox/{FOLDER}")
    until(lambda: box.read(item).categories == BOTH, subject)


def _processes_of(service: RunningService) -> set[str]:
    """The processes that were started with this service's address (Linux: proc(5))."""
    mine = f"WEBCRM_SYNC_PUBLIC_URL={service.public_url}".encode()
    found = set()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or belongs to another user
            if mine in environment.read_bytes().split(b"\0"):
                found.add(environment.parent.name)
    return found


@pytest.mark.search
@pytest.mark.parametrize("points", [range(1, 11), range(11, 21)], ids=["early", "late"])
def test_worker_killed_at_twenty_points_of_its_work_loses_and_duplicates_nothing(
    sandbox: Sandbox, points: range
) -> None:
    names = [f"kim{n}@nordwind.example" for n in range(5)]
    boxes = [sandbox.outlook.add_mailbox(name, "Kim Nordwind") for name in names]
    user = sandbox.crm.add_user(names[0], "Kim Nordwind")
    person = sandbox.crm.persons[0]["PersonId"]
    quick = {"WEBCRM_SETTLE_SECONDS": "2", "MIRROR_SECONDS": "1", "DIRECTORY_SECONDS": "1"}
    with (
        tempfile.TemporaryDirectory() as scratch,
        run_service(sandbox, DATA_DIR=f"{scratch}/d", **quick) as service,
    ):
        migrate_database(sandbox.settings_of(service.environment))
        service.start("web")
        service.watch(*names)
        service.await_healthy()
        mails = []
        for point in points:
            # Another mailbox each time, since the jobs of the last worker wait for their rescue.
            box = boxes[point % len(boxes)]
            mails += [_drag(f"{point}.{number}", box) for number in range(5)]
            sandbox.crm.send_mail(user, person, f"Mail {point} sent", "Hello")
            _kill_at(point, sandbox, service)
        service.start("worker")
        until(lambda: _are_synced(mails), "every mail to be marked", patience_s=240)
        sent = boxes[0]
        until(lambda: len(sent.messages(f"sentitems/{FOLDER}")) == len(points), "every mirror")
    subjects = [a["ActivityDescription"] for a in sandbox.crm.activities]
    expected = [f"Mail {p}.{n}" for p in points for n in range(5)]
    assert sorted(subjects) == sorted(expected + [f"Mail {p} sent" for p in points])
    files = [d["DocumentFileName"] for d in sandbox.crm.documents]
    assert sorted(files) == sorted(f"{p}.0.txt" for p in points)


def _kill_at(point: int, sandbox: Sandbox, service: RunningService) -> None:
    """Kill a worker at its n-th call, before or after the service acts."""
    born, died = threading.Event(), threading.Event()

    def die() -> None:
        born.wait()
        worker.kill()
        worker.join()
        died.set()

    kind = Kind.LOSE if point % 2 else Kind.REFUSE
    sandbox.faults.at(sandbox.faults.calls + point, kind, then=die)
    worker = start_worker(service.environment)
    born.set()
    until(died.is_set, f"call {point} of a worker's life")


def _drag(number: str, box: SimMailbox) -> tuple[SimMailbox, str]:
    """Move a mail to the folder; the first one of each worker has a file."""
    files = (File(f"{number}.txt", b"Hello"),) if number.endswith(".0") else ()
    mail = Mail(f"Mail {number}", BO, min(box.addresses), attachments=files, categories=FOREIGN)
    item = box.deliver(mail)
    box.move(item, f"inbox/{FOLDER}")
    return box, item


def _are_synced(mails: list[tuple[SimMailbox, str]]) -> bool:
    return all(set(box.read(item).categories) == {*FOREIGN, *BOTH} for box, item in mails)
