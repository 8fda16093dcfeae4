"""A backup is restored beside its running original, with the real processes of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.installations import copy_database
from support.processes import RunningService, run_service, until
from support.scenario import BO, BOTH, FOLDER, KIM
from webcrm_sync.core.mailbox_lease import STALE_AFTER, format_lease, parse_holder
from webcrm_sync_sandbox.environment import Sandbox
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@dataclass(slots=True)
class Company:
    """Kim's mailbox, and the running installation that watches it."""

    sandbox: Sandbox
    box: SimMailbox
    original: RunningService
    settings: dict[str, str]
    moved: int = 0

    def move_ten(self) -> None:
        """Ten mails are moved to the sync folder; wait until each is marked."""
        for _ in range(10):
            self.moved += 1
            item = self.box.deliver(Mail(f"Offer {self.moved}", BO, KIM))
            self.box.move(item, f"inbox/{FOLDER}")
        until(lambda: self._marked() == self.moved, f"{self.moved} synced mails")

    def _marked(self) -> int:
        views = self.box.messages(f"inbox/{FOLDER}")
        return sum(view.categories == BOTH for view in views)

    def check_filed_once(self) -> None:
        """Each mail is one Activity."""
        found = Counter(a["ActivityDescription"] for a in self.sandbox.crm.activities)
        assert found == {f"Offer {n}": 1 for n in range(1, self.moved + 1)}

    def age_lease(self) -> None:
        """The lease was renewed days ago, so that a take-over need not wait."""
        properties = self.box.folder(f"inbox/{FOLDER}").properties
        for name, text in properties.items():
            holder = parse_holder(text)
            if holder is not None:
                old = datetime.now(UTC) - STALE_AFTER - timedelta(days=1)
                properties[name] = format_lease(type(holder)(holder.name, old, old), "old")


@pytest.fixture
def company(fresh_database: str, tmp_path: Path) -> Iterator[Company]:
    """A company whose service runs and watches Kim's mailbox."""
    with Sandbox() as sandbox:
        organisation = sandbox.crm.add_organisation("Havnebyg")
        sandbox.crm.add_person(organisation, BO)
        box = sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
        settings = {"DATABASE_URL": fresh_database, "SECRET_KEY": "k" * 32}
        settings["DATA_DIR"] = str(tmp_path)
        with run_service(sandbox, "serve", **settings) as original:
            assert original.run("mailbox", "add", KIM).returncode == 0
            yield Company(sandbox, box, original, settings)


@pytest.mark.long
def test_a_backup_does_nothing_beside_its_original_and_takes_over_when_told(
    company: Company,
) -> None:
    company.move_ten()
    with copy_database(company.settings["DATABASE_URL"], "backup") as url:
        company.move_ten()  # the backup does not know them
        settings = company.settings | {"DATABASE_URL": url}
        with run_service(company.sandbox, "serve", **settings) as backup:
            until(lambda: "Another installation" in backup.run("status").stdout, "the backup")
            company.move_ten()
            company.check_filed_once()
            refused = backup.run("rebuild", "--yes")
            assert (refused.returncode, KIM in refused.stderr) == (1, True)

            company.original.stop()
            company.age_lease()
            assert backup.run("mailbox", "add", "--take-over").returncode == 0
            company.move_ten()
            company.check_filed_once()
            proved = backup.run("prove")
            assert proved.returncode == 0, proved.stdout

            assert backup.run("mailbox", "remove", KIM, "--yes").returncode == 0
            company.original.start("serve")  # it meets the mailbox free
            company.move_ten()
            company.check_filed_once()
