"""A mail that several have is taken back by all of them while it is on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from support.interleave import worker
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"


@dataclass(slots=True)
class Shared:
    """An offer that Eva has synced; Kim's copy of it also went to somebody at Skovby."""

    scenario: Scenario
    kim: PaneUser
    eva: PaneUser
    sent: str
    received: str

    def kim_moves_it_in(self) -> None:
        """From now on it belongs under Skovby too."""
        self.kim.box.move(self.sent, f"sentitems/{FOLDER}")

    def both_take_it_back(self) -> None:
        """First Kim, by hand, then Eva."""
        self.kim.box.move(self.sent, "sentitems")
        with self.scenario.context.begin() as tx:
            mailboxes.request_read(tx, [f.id for f in mailboxes.folders(tx, self.kim.user.box.id)])
        discover(self.scenario.context, self.kim.user.box.id)
        self.eva.undo(self.received)

    def nothing_is_left(self) -> bool:
        """True when webCRM holds nothing but two empty shells."""
        subjects = {a["ActivityDescription"] for a in self.scenario.activities}
        return subjects == {"[withdrawn] Offer"} and not self.scenario.documents


@pytest.fixture
def shared(scenario: Scenario) -> Shared:
    scenario.contact(BO)
    scenario.contact(LIS, "Skovby")
    kim, eva = add_pane_user(scenario), add_pane_user(scenario, EVA, "Eva")
    files = (File("plan.pdf", b"%PDF"),)
    offer = Mail("Offer", KIM, BO, cc=(EVA,), message_id="<offer@x>", attachments=files)
    received = eva.box.deliver(offer)
    sent = kim.box.put_sent(replace(offer, bcc=(LIS,)))
    eva.sync(received)
    scenario.rest()
    return Shared(scenario, kim, eva, sent, received)


def test_a_mail_that_was_taken_back_gets_no_attachments_any_more(shared: Shared) -> None:
    scenario = shared.scenario
    scenario.sandbox.faults.unavailable("graph", when=lambda _, path: path.endswith("$value"))
    shared.kim_moves_it_in()
    scenario.look()
    assert len(scenario.under("Skovby")) == 1  # stands, and waits for its attachment
    scenario.sandbox.clock.advance(timedelta(seconds=10))
    shared.both_take_it_back()
    scenario.rest()
    scenario.sandbox.faults.clear()
    scenario.settle()
    assert shared.nothing_is_left()


def test_an_attachment_that_is_read_while_its_mail_is_taken_back_goes_with_it(
    shared: Shared,
) -> None:
    shared.kim_moves_it_in()
    worker(shared.scenario, "graph", "save_attachment", before=shared.both_take_it_back).look()
    shared.scenario.settle()
    assert shared.nothing_is_left()
