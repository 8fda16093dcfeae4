"""Everybody withdraws a shared mail while it is on its way to webCRM."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from support.interleave import worker
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"


@dataclass(slots=True)
class Shared:
    """An offer that Eva has synced; Kim's copy also went to a contact of Skovby."""

    scenario: Scenario
    kim: PaneUser
    eva: PaneUser
    sent: str
    received: str

    def kim_moves_it_in(self) -> None:
        """Move Kim's copy in: the mail then belongs to Skovby too."""
        self.kim.box.move(self.sent, f"sentitems/{FOLDER}")

    def both_withdraw(self) -> None:
        """Let Kim move the mail out by hand, then Eva press Undo."""
        self.kim.box.move(self.sent, "sentitems")
        with self.scenario.context.begin() as tx:
            folder_reads.request_read(
                tx, [f.id for f in mailboxes.folders(tx, self.kim.user.box.id)]
            )
        discover(self.scenario.context, self.kim.user.box.id)
        self.eva.undo(self.received)

    def nothing_is_left(self) -> bool:
        """True if webCRM holds only empty, withdrawn Activities."""
        subjects = {a["ActivityDescription"] for a in self.scenario.activities}
        return subjects == {"[withdrawn] Offer"} and not self.scenario.documents


@pytest.fixture
def shared(scenario: Scenario) -> Shared:
    scenario.add_contact(BO)
    scenario.add_contact(LIS, "Skovby")
    kim, eva = add_pane_user(scenario), add_pane_user(scenario, EVA, "Eva")
    files = (File("plan.pdf", b"%PDF"),)
    offer = Mail("Offer", KIM, BO, cc=(EVA,), message_id="<offer@x>", attachments=files)
    received = eva.box.deliver(offer)
    sent = kim.box.put_sent(replace(offer, bcc=(LIS,)))
    eva.sync(received)
    scenario.run_until_idle()
    return Shared(scenario, kim, eva, sent, received)


def test_a_withdrawn_mail_gets_no_more_attachments(shared: Shared) -> None:
    scenario = shared.scenario
    scenario.sandbox.faults.unavailable("graph", when=lambda _, path: path.endswith("$value"))
    shared.kim_moves_it_in()
    scenario.discover()
    assert len(scenario.activities_under("Skovby")) == 1  # filed, and waits for its attachment
    scenario.sandbox.clock.advance(timedelta(seconds=10))
    shared.both_withdraw()
    scenario.run_until_idle()
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert shared.nothing_is_left()


def test_an_attachment_that_is_read_during_the_withdrawal_is_withdrawn_too(
    shared: Shared,
) -> None:
    shared.kim_moves_it_in()
    worker(shared.scenario, "graph", "save_attachment", before=shared.both_withdraw).discover()
    shared.scenario.run_all_retries()
    assert shared.nothing_is_left()
