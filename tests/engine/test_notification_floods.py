"""A flood of notifications is recorded once; none that arrives during a read is lost."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from support.interleave import Death, die, worker
from support.scenario import BO, BOTH, KIM, Scenario
from support.statements import statements_of, writes_of
from support.subscribed import notification, subscribe, subscribed_folder
from webcrm_sync.core.errors import TryLater
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.discovery.notifications import NotificationReceiver
from webcrm_sync.engine.operations.clock import tick
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@dataclass(frozen=True, slots=True)
class Pushed:
    """Kim's sync folder under Inbox, with the subscription `s`."""

    scenario: Scenario
    box: SimMailbox
    receiver: NotificationReceiver
    mailbox_id: int

    def moves(self, subject: str) -> str:
        """Move a mail and deliver its notification."""
        item = self.scenario.drag(self.box, Mail(subject, BO, KIM))
        self.hears(item)
        return item

    def hears(self, item: str = "some mail") -> list[str]:
        """Deliver the notification; the writing statements that it causes."""
        with statements_of(self.scenario.context.database.engine) as sent:
            self.receiver.accept([notification(item)])
        return writes_of(sent)

    @property
    def folder(self) -> SyncFolder:
        """The folder's row."""
        return subscribed_folder(self.scenario, self.mailbox_id)


@pytest.fixture
def pushed(scenario: Scenario, box: SimMailbox) -> Pushed:
    """The folder with nothing left to read."""
    receiver = NotificationReceiver(scenario.context)
    return Pushed(scenario, box, receiver, subscribe(scenario).mailbox_id)


def test_only_the_first_notification_before_a_read_is_recorded(pushed: Pushed) -> None:
    first = pushed.moves("First")
    assert pushed.folder.is_read_requested
    assert [pushed.hears() for _ in range(20)] == [[]] * 20
    second = pushed.scenario.drag(pushed.box, Mail("Second", BO, KIM))
    assert pushed.hears(second) == []
    pushed.scenario.run_until_idle()
    assert pushed.box.read(first).categories == pushed.box.read(second).categories == BOTH


def test_a_notification_during_a_read_leads_to_another_read(pushed: Pushed) -> None:
    first = pushed.moves("First")
    later: list[str] = []

    def meanwhile() -> None:
        tick(pushed.scenario.context)  # from here on a job waits for the request that is being read
        later.append(pushed.moves("Second"))
        assert pushed.hears() == [], "the second one of the reading adds nothing"

    discover(
        worker(pushed.scenario, "graph", "fetch_page", after=meanwhile).context, pushed.mailbox_id
    )
    assert pushed.folder.read_requested_at is not None
    pushed.scenario.run_until_idle()
    for item in (first, *later):
        assert pushed.box.read(item).categories == BOTH


def test_a_notification_during_a_poll_leads_to_another_read(pushed: Pushed) -> None:
    with pushed.scenario.context.begin() as tx:
        mailboxes.set_folder(tx, pushed.folder.id, poll_due_at=tx.now)
    later: list[str] = []
    meanwhile = worker(
        pushed.scenario,
        "graph",
        "fetch_page",
        after=lambda: later.append(pushed.moves("During a poll")),
    )
    discover(meanwhile.context, pushed.mailbox_id)
    pushed.scenario.run_until_idle()
    assert pushed.box.read(later[0]).categories == BOTH


def test_a_notification_between_two_pages_leads_to_another_read(pushed: Pushed) -> None:
    pushed.moves("First")
    later: list[str] = []
    meanwhile = worker(
        pushed.scenario,
        "graph",
        "fetch_page",
        before=lambda: later.append(pushed.moves("Before the page")),
    )
    discover(meanwhile.context, pushed.mailbox_id)
    pushed.scenario.run_until_idle()
    assert pushed.box.read(later[0]).categories == BOTH


@pytest.mark.parametrize("end", ["trouble", "death"])
def test_a_notification_after_a_failed_read_leads_to_another_read(pushed: Pushed, end: str) -> None:
    first = pushed.moves("First")

    def fail() -> None:
        if end == "death":
            die()
        raise TryLater("Outlook does not answer.")

    broken = worker(pushed.scenario, "graph", "fetch_page", before=fail)
    if end == "death":
        with pytest.raises(Death):
            discover(broken.context, pushed.mailbox_id)
    else:
        discover(broken.context, pushed.mailbox_id)
    second = pushed.moves("Second")
    assert pushed.hears() == []
    pushed.scenario.run_all_retries()
    for item in (first, second):
        assert pushed.box.read(item).categories == BOTH
