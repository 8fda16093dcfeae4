"""A mail that several have is taken back by all of them while it is on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from support.interleave import worker
from support.pane_user import Desk, desk
from support.scenario import BO, FOLDER, KIM, LIS, Play
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"


@dataclass(slots=True)
class Shared:
    """An offer that Eva has synced; Kim's copy of it also went to somebody at Skovby."""

    play: Play
    kim: Desk
    eva: Desk
    sent: str
    received: str

    def kim_moves_it_in(self) -> None:
        """From now on it belongs under Skovby too."""
        self.kim.box.move(self.sent, f"sentitems/{FOLDER}")

    def both_take_it_back(self) -> None:
        """First Kim, by hand, then Eva."""
        self.kim.box.move(self.sent, "sentitems")
        with self.play.context.begin() as tx:
            mailboxes.request_read(tx, [f.id for f in mailboxes.folders(tx, self.kim.user.box.id)])
        discover(self.play.context, self.kim.user.box.id)
        self.eva.undo(self.received)

    def nothing_is_left(self) -> bool:
        """True when webCRM holds nothing but two empty shells."""
        subjects = {a["ActivityDescription"] for a in self.play.activities}
        return subjects == {"[withdrawn] Offer"} and not self.play.documents


@pytest.fixture
def shared(play: Play) -> Shared:
    play.contact(BO)
    play.contact(LIS, "Skovby")
    kim, eva = desk(play), desk(play, EVA, "Eva")
    files = (File("plan.pdf", b"%PDF"),)
    offer = Mail("Offer", KIM, BO, cc=(EVA,), message_id="<offer@x>", attachments=files)
    received = eva.box.deliver(offer)
    sent = kim.box.put_sent(replace(offer, bcc=(LIS,)))
    eva.sync(received)
    play.rest()
    return Shared(play, kim, eva, sent, received)


def test_a_mail_that_was_taken_back_gets_no_attachments_any_more(shared: Shared) -> None:
    play = shared.play
    play.stage.faults.unavailable("graph", when=lambda _, path: path.endswith("$value"))
    shared.kim_moves_it_in()
    play.look()
    assert len(play.under("Skovby")) == 1  # stands, and waits for its attachment
    play.stage.clock.advance(timedelta(seconds=10))
    shared.both_take_it_back()
    play.rest()
    play.stage.faults.clear()
    play.settle()
    assert shared.nothing_is_left()


def test_an_attachment_that_is_read_while_its_mail_is_taken_back_goes_with_it(
    shared: Shared,
) -> None:
    shared.kim_moves_it_in()
    worker(shared.play, "graph", "save_attachment", before=shared.both_take_it_back).look()
    shared.play.settle()
    assert shared.nothing_is_left()
