"""A large attachment passes through a worker process without filling its memory."""

from __future__ import annotations

import random
import re
import tempfile
from base64 import b64decode
from pathlib import Path

import pytest

from support.processes import run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM
from webcrm_sync.bootstrap.migration import migrate_database
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import File, Mail

MEGABYTE = 1024 * 1024


def peak(pid: int) -> float:
    """The peak memory of a process in megabytes."""
    told = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", told)
    assert found
    return int(found[1]) / 1024


@pytest.mark.long
def test_a_worker_transfers_30_megabytes_in_pieces() -> None:
    content = random.Random(30).randbytes(30 * MEGABYTE)
    with (
        Sandbox() as sandbox,
        tempfile.TemporaryDirectory() as scratch,
        run_service(sandbox, DATA_DIR=f"{scratch}/d", ATTACHMENT_MAX_MB="40") as service,
    ):
        sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
        box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
        migrate_database(sandbox.settings_of(service.environment))
        service.watch(KIM)
        service.start("web")
        service.start("worker")
        until(lambda: bool(box.child(box.well_known["inbox"], FOLDER)), "the folder")

        def sync(name: str, inside: bytes) -> float:
            item = box.deliver(Mail(name, BO, KIM, attachments=(File(name, inside),)))
            box.move(item, f"inbox/{FOLDER}")
            until(lambda: box.read(item).categories == BOTH, name)
            return peak(service.processes["worker"].pid)

        # Three mails first, since a new worker has not loaded all code yet.
        warm = max([sync(f"{n}.bin", content[: 2 * MEGABYTE]) for n in range(3)])
        full = sync("film.mp4", content)
        documents = sandbox.crm.documents
    print(f"worker: {warm:.0f} MB, with 30 MB attached {full:.0f} MB")  # noqa: T201 - a figure
    assert b64decode(documents[-1]["DocumentFile"]) == content
    assert full - warm < 8
    assert full < 250
