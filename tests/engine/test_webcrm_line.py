"""Everything that calls webCRM at once: workers, web processes, commands and people."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from support.processes import RunningService, run_service, until
from support.scenario import BO, BOTH, FOLDER
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.http_server import free_port
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

PEOPLE, MAILS_EACH = 10, 20


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A webCRM that answers in 50 ms and knows Bo."""
    with Sandbox() as sandbox:
        sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
        sandbox.crm.answer_time = timedelta(milliseconds=50)
        yield sandbox


@contextmanager
def crowded(sandbox: Sandbox) -> Iterator[tuple[RunningService, list[str]]]:
    """Two web processes and two workers of each kind; the addresses of the two."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        run_service(sandbox, DATA_DIR=f"{scratch}/d") as service,
    ):
        migrate_database(sandbox.settings_of(service.environment))
        other = f"127.0.0.1:{free_port()}"
        service.start("web")
        service.start("web", name="another web", LISTEN=other)
        service.start_workers()
        for share in ("mailboxes", "webcrm"):
            service.start("worker", "--only", share, name=f"another {share}")
        service.await_healthy()
        yield service, [service.public_url, f"http://{other}"]


def drag(box: SimMailbox, number: int) -> str:
    """A mail that is moved to the sync folder; its id."""
    item = box.deliver(Mail(f"Mail {number}", BO, min(box.addresses)))
    box.move(item, f"inbox/{FOLDER}")
    return item


def status(service: RunningService) -> str:
    return service.run("status", "--json").stdout


def is_synced(box: SimMailbox, item: str) -> bool:
    return box.read(item).categories == BOTH


def ask(service: RunningService, url: str, box: SimMailbox, organisation: int) -> float:
    """Have a contact created, as the pane does; the seconds until the answer."""
    client_id = service.environment["WEBCRM_SYNC_ENTRA_CLIENT_ID"]
    address = min(box.addresses)
    token = service.sandbox.entra.issue_user_token(
        box.user_id, client_id, ("access_as_user",), name=address
    )
    began = time.monotonic()
    response = httpx.post(
        f"{url}/api/v1/contacts",
        json={"name": "New", "address": f"of.{address}", "organisationId": organisation},
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    )
    assert response.status_code == 200, response.text
    return time.monotonic() - began


def test_webcrm_never_sees_two_calls_at_once(sandbox: Sandbox) -> None:
    with crowded(sandbox) as (service, urls):
        boxes = [
            sandbox.outlook.add_mailbox(f"p{n}@nordwind.example", f"Person {n}")
            for n in range(PEOPLE)
        ]
        service.watch(*(min(box.addresses) for box in boxes))
        until(lambda: all(b.child(b.well_known["inbox"], FOLDER) for b in boxes), "the folders")
        # Each command takes a second of the processor, so wait for webCRM's answers first.
        until(lambda: sandbox.journal.count("webcrm", path="/Queries") > 1, "webCRM's records")
        until(lambda: '"directory_read_at": null' not in status(service), "webCRM's directory")
        mails = [(box, drag(box, n)) for n in range(MAILS_EACH) for box in boxes]
        organisation = sandbox.crm.organisations[0]["OrganisationId"]
        with ThreadPoolExecutor(PEOPLE + 2) as threads:
            asked = [
                threads.submit(ask, service, urls[n % 2], box, organisation)
                for n, box in enumerate(boxes)
            ]
            commands = [threads.submit(service.run, command) for command in ("doctor", "prove")]
            until(lambda: any(is_synced(*mail) for mail in mails), "the first mail")
            service.kill("webcrm")
            service.start("worker", "--only", "webcrm", name="webcrm")
            times = sorted(answered.result() for answered in asked)
            doctor, proof = (command.result() for command in commands)
        until(lambda: all(is_synced(*mail) for mail in mails), "every mail")
    assert "FAILED" not in doctor.stdout
    assert proof.returncode in {0, 1}, proof.stderr
    statuses = {e.status for e in sandbox.journal.exchanges if e.service == "webcrm"}
    assert statuses <= {200, 201, 204}, statuses  # a parallel call is cut off or answered 401
    assert len(sandbox.crm.activities) == len(mails)
    assert len(sandbox.crm.persons) == 1 + PEOPLE
    assert times[-1] < 30
