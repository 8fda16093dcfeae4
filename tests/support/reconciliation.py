"""A mailbox that was proved to be equal, and ways to damage what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from support.scenario import BO, KIM, Play
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Difference, Kind
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

FILES = (File("offer.txt", b"a"), File("plan.txt", b"b"))


@dataclass(slots=True)
class Ground:
    """Kim's mailbox with three synced mails, one that waits and a mirror, an hour ago."""

    play: Play
    box: SimMailbox
    synced: list[str]
    waiting: str

    def sql(self, statement: str, **values: object) -> None:
        """Change our rows behind the engine's back."""
        with self.play.context.begin() as tx:
            assert tx.connection.execute(text(statement), values).rowcount

    def activity(self, number: int) -> int:
        """The Activity of a synced mail."""
        subject = self.box.read(self.synced[number]).subject
        (found,) = [a for a in self.play.activities if a["ActivityDescription"] == subject]
        return int(found["ActivityId"])

    def differences(self) -> list[Difference]:
        """What a proof finds, and everything that follows from it."""
        found = [d for proof in prove.prove_mailboxes(self.play.context) for d in proof.differences]
        *_, last = prove.prove_webcrm(self.play.context)
        self.play.look()
        return found + list(last.differences)

    def heals(self, *kinds: Kind) -> None:
        """A proof finds just this and mends it; the next one finds nothing."""
        found = self.differences()
        assert [(d.kind, d.is_healed) for d in found] == [(kind, True) for kind in kinds]
        assert self.differences() == []

    def copy_of(self, activity_id: int) -> int:
        """Another Activity with the same key."""
        table = self.play.stage.crm.tables["Activity"]
        return table.insert(dict(table[activity_id]))


def prepared(play: Play) -> Ground:
    """The ground on a play."""
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    play.refresh()
    mails = [Mail(f"Mail {n}", BO, KIM, attachments=FILES) for n in range(3)]
    synced = [play.drag(box, mail) for mail in mails]
    waiting = play.drag(box, Mail("Stranger", "who@nowhere.example", KIM))
    play.stage.crm.send_mail(user, person, "From webCRM", "Hello")
    play.look()
    play.wait(timedelta(hours=2))
    return Ground(play, box, synced, waiting)
