"""A disk that gets full under the running service: people are told why, and all work goes on.

Needs root: each test mounts a small disk in memory.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.processes import RunningService, run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM
from webcrm_sync.localdb.embedded import embedded
from webcrm_sync.store.database import libpq_url
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

pytestmark = pytest.mark.installed

CRITICAL = 2
#: Room for a small database, and the limit below which people are warned.
_SIZE_MB, _LOW_MB = 250, 20
#: A few lines a minute, not some for each second and job.
_MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A disk that can be filled."""

    folder: Path

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.folder / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65_536))
            except OSError:
                return

    def make_room(self) -> None:
        """Free what `fill` took."""
        (self.folder / "filler").unlink()

    @property
    def free_bytes(self) -> int:
        """The free space."""
        return shutil.disk_usage(self.folder).free


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    options = f"size={_SIZE_MB}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@dataclass(slots=True)
class Company:
    """Kim's mailbox, and the service that watches it."""

    box: SimMailbox
    service: RunningService
    moved: int = 0

    def move(self, number: int) -> None:
        """Move mails to the sync folder."""
        for _ in range(number):
            self.moved += 1
            item = self.box.deliver(Mail(f"Offer {self.moved}", BO, KIM))
            self.box.move(item, f"inbox/{FOLDER}")

    def await_synced(self) -> None:
        """Wait until each mail is marked; each is one Activity then."""
        until(lambda: self._marked() == self.moved, f"{self.moved} synced mails")
        subjects = [a["ActivityDescription"] for a in self.service.sandbox.crm.activities]
        assert sorted(subjects) == sorted(f"Offer {n}" for n in range(1, self.moved + 1))

    def _marked(self) -> int:
        views = self.box.messages(f"inbox/{FOLDER}")
        return sum(view.categories == BOTH for view in views)

    def checks(self) -> dict[str, Any]:
        """What `/readyz` says that is not fine."""
        answer = httpx.get(f"{self.service.public_url}/readyz", timeout=10).json()
        return {c["name"]: c["reason"] for c in answer["checks"] if c["status"] != "ok"}

    def status(self) -> tuple[int, str]:
        """What a monitor reads."""
        done = self.service.run("status", "--check")
        return done.returncode, done.stdout


def run_company(sandbox: Sandbox, **settings: str) -> Iterator[Company]:
    """A company whose service has synced a mail."""
    sandbox.crm.add_person(sandbox.crm.add_organisation("Havnebyg"), BO)
    box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    with run_service(sandbox, "serve", ALERT_DISK_FREE_MB=str(_LOW_MB), **settings) as service:
        assert service.run("mailbox", "add", KIM).returncode == 0
        company = Company(box, service)
        company.move(1)
        company.await_synced()
        yield company


@pytest.fixture
def beside(disk: SmallDisk) -> Iterator[Company]:
    """The database is the embedded one, on the small disk."""
    with Sandbox() as sandbox:
        yield from run_company(sandbox, DATA_DIR=str(disk.folder / "data"))


@pytest.fixture
def apart(disk: SmallDisk, tmp_path: Path) -> Iterator[Company]:
    """The database is an administrator's own, on the small disk; DATA_DIR is elsewhere."""
    with Sandbox() as sandbox, embedded(disk.folder / "server", create=True) as url:
        own = {"DATABASE_URL": libpq_url(url), "SECRET_KEY": "k" * 32}
        yield from run_company(sandbox, DATA_DIR=str(tmp_path / "data"), **own)


def test_a_full_disk_of_the_data_folder_is_named_at_once_and_work_goes_on_by_itself(
    beside: Company, disk: SmallDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    disk.fill()
    beside.move(3)
    assert beside.checks() == {"disk": "The disk is nearly full: make room."}
    code, text = beside.status()
    assert (code, "MB are free on the disk of WEBCRM_SYNC_DATA_DIR: make room" in text) == (
        CRITICAL,
        True,
    )
    doctor = beside.service.run("doctor")
    assert "FAILED   disk: 0 MB are free on the disk" in doctor.stdout
    capfd.readouterr()

    _kill_postgres(disk.folder / "data")  # which cannot recover without space
    began = time.monotonic()
    until(lambda: "database" in beside.checks(), "the readiness check")
    code, text = beside.status()
    assert (code, "disk of WEBCRM_SYNC_DATA_DIR is full" in text) == (CRITICAL, True)
    refused = beside.service.run("mailbox", "list")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "disk of WEBCRM_SYNC_DATA_DIR is full, so the database does not" in refused.stderr
    time.sleep(max(0.0, 30 - (time.monotonic() - began)))
    assert len(capfd.readouterr().err.splitlines()) < _MOST_LINES

    disk.make_room()
    beside.await_synced()
    until(lambda: beside.checks() == {}, "the service to be ready")


def test_a_full_disk_of_the_database_is_critical_and_work_goes_on_by_itself(
    apart: Company, disk: SmallDisk, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    disk.fill()
    apart.move(40)  # more than the pages that exist can take
    until(lambda: apart.status()[0] == CRITICAL, "the trouble")
    # A command finds the disk full; or nobody can record a sign of life.
    assert re.search("full disk|disk of the database is full", apart.status()[1])
    assert len(capfd.readouterr().err.splitlines()) < _MOST_LINES
    disk.make_room()
    apart.await_synced()
    until(lambda: apart.checks() == {}, "the service to be ready")


def _kill_postgres(data_dir: Path) -> None:
    process_id = (data_dir / "postgres" / "postmaster.pid").read_text().split()[0]
    os.kill(int(process_id), signal.SIGKILL)
