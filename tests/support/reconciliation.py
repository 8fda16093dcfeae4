"""A mailbox whose proof finds no difference, and ways to damage its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from support.scenario import BO, KIM, Scenario
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Difference, Kind
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

FILES = (File("offer.txt", b"a"), File("plan.txt", b"b"))


@dataclass(slots=True)
class ProvedMailbox:
    """Kim's mailbox with three synced mails, a waiting one and a mirror, two hours old."""

    scenario: Scenario
    box: SimMailbox
    synced: list[str]
    waiting: str

    def sql(self, statement: str, **values: object) -> None:
        """Change rows directly, without the engine. Fails when no row changes."""
        with self.scenario.context.begin() as tx:
            assert tx.connection.execute(text(statement), values).rowcount

    def activity_id(self, number: int) -> int:
        """The id of a synced mail's Activity."""
        subject = self.box.read(self.synced[number]).subject
        (found,) = [a for a in self.scenario.activities if a["ActivityDescription"] == subject]
        return int(found["ActivityId"])

    def differences(self) -> list[Difference]:
        """Prove mailboxes and webCRM, then discover; the differences that were found."""
        found = [
            d for proof in prove.prove_mailboxes(self.scenario.context) for d in proof.differences
        ]
        *_, last = prove.prove_webcrm(self.scenario.context)
        self.scenario.discover()
        return found + list(last.differences)

    def check_healed(self, *kinds: Kind) -> None:
        """Check that a proof finds and fixes exactly these differences, and the next one none."""
        found = self.differences()
        assert [(d.kind, d.is_healed) for d in found] == [(kind, True) for kind in kinds]
        assert self.differences() == []

    def duplicate_activity(self, activity_id: int) -> int:
        """Insert a second Activity with the same key; its id."""
        table = self.scenario.sandbox.crm.tables["Activity"]
        return table.insert(dict(table[activity_id]))


def prove_mailbox(scenario: Scenario) -> ProvedMailbox:
    """Set up and prove the mailbox in a new scenario."""
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    mails = [Mail(f"Mail {n}", BO, KIM, attachments=FILES) for n in range(3)]
    synced = [scenario.drag(box, mail) for mail in mails]
    waiting = scenario.drag(box, Mail("Stranger", "who@nowhere.example", KIM))
    scenario.sandbox.crm.send_mail(user, person, "From webCRM", "Hello")
    scenario.discover()
    scenario.wait(timedelta(hours=2))
    return ProvedMailbox(scenario, box, synced, waiting)
