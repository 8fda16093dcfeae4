"""Delta reports changes late, twice, in part or in the wrong order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from support.interleave import ClientWrapper, Death, die, worker
from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.core.errors import Gone, TryLater
from webcrm_sync.core.mailbox_lease import SETTLE
from webcrm_sync.core.outlook import Change
from webcrm_sync.core.states import State
from webcrm_sync.engine.backoff import back_off_mailbox
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.store import mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

OLD = ("webCRM sync", "Synced")


@dataclass(slots=True)
class AlteringGraph(ClientWrapper):
    """Graph with each change of a delta page replaced by those of `alter`.

    Graph does not find a mail in the first `lost` reads.
    """

    alter: Any
    lost: int = 0

    def fetch_page(self, *given: Any, **named: Any) -> Any:
        """The page with its changes altered."""
        page = self.client.fetch_page(*given, **named)
        return replace(page, changes=tuple(r for c in page.changes for r in self.alter(c)))

    def fetch_message(self, *given: Any) -> Any:
        """The mail. Raises Gone in the first `lost` reads."""
        if self.lost:
            self.lost -= 1
            raise Gone("ErrorItemNotFound")
        return self.client.fetch_message(*given)


def altering_graph(scenario: Scenario, alter: Any, *, lost: int = 0) -> Scenario:
    """The same scenario over a Graph that reports changes differently."""
    graph: Any = AlteringGraph(scenario.context.graph, alter, lost)
    return Scenario(
        scenario.sandbox, replace(scenario.context, graph=graph), scenario.organisations
    )


def in_part(change: Change) -> list[Change]:
    """The change with id and version only."""
    return [replace(change, message=None, categories=None)]


def test_update_of_an_unknown_mail_that_graph_cannot_find_yet_is_not_lost(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Late", BO, KIM))
    late = altering_graph(scenario, in_part, lost=2)
    late.discover()
    for _ in range(5):
        late.wait(timedelta(seconds=20))
    assert box.read(item).categories == BOTH


def test_unknown_mail_that_is_deleted_delays_nothing(scenario: Scenario, box: SimMailbox) -> None:
    scenario.drag(box, Mail("Never found", BO, KIM))
    late = altering_graph(scenario, in_part, lost=1000)
    late.discover()
    for _ in range(6):
        late.wait(timedelta(seconds=30))
    fine = scenario.drag(box, Mail("Fine", BO, KIM))
    scenario.discover()
    scenario.run_all_retries()
    assert box.read(fine).categories == BOTH


def test_change_repeated_in_one_page_is_one_mail(scenario: Scenario, box: SimMailbox) -> None:
    item = scenario.drag(box, Mail("Twice", BO, KIM))
    altering_graph(scenario, lambda c: [c, *in_part(c), c]).discover()
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


def test_mail_that_came_and_left_within_one_page_is_left_alone(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Changed my mind", BO, KIM))

    def both(change: Change) -> list[Change]:
        if box.read(item).folder == FOLDER:
            box.move(item, "inbox")
        return [change, Change(change.graph_id, is_removed=True)]

    altering_graph(scenario, both).discover()
    scenario.run_all_retries()
    assert scenario.activities == []
    assert box.read(item).categories == ()


def test_cursor_that_is_not_a_url_of_graph_is_reset(scenario: Scenario, box: SimMailbox) -> None:
    first = scenario.drag(box, Mail("First", BO, KIM))
    scenario.discover()
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        for folder in mailboxes.folders(tx, watched.id):
            elsewhere = "https://graph.elsewhere.example/v1.0/delta?$deltatoken=x"
            mailboxes.set_folder(tx, folder.id, cursor=elsewhere)
    second = scenario.drag(box, Mail("Second", BO, KIM))
    scenario.discover()
    scenario.run_all_retries()
    assert box.read(first).categories == box.read(second).categories == BOTH
    assert len(scenario.activities) == 2


def test_interrupted_first_read_still_recognises_preexisting_mails(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = box.make_folder("inbox", FOLDER)
    old = [box.put(Mail(f"Old {n}", BO, KIM, categories=OLD), folder) for n in range(120)]
    scenario.poll_webcrm()
    admin.add(scenario.context, admin.inspect(scenario.context, KIM))
    pages: list[str] = []

    def second(change: Change) -> list[Change]:
        pages.append(change.graph_id)
        if len(pages) == 60:
            die()
        return [change]

    with pytest.raises(Death):
        altering_graph(scenario, second).run_until_idle()
    scenario.sandbox.graph.expire_cursors()
    scenario.wait(SETTLE)
    assert scenario.activities == []
    assert {scenario.item(box, i).state for i in old} == {State.SKIPPED}


def test_mail_deleted_and_restored_is_filed(scenario: Scenario, box: SimMailbox) -> None:
    item = scenario.drag(box, Mail("Back", "who@nowhere.example", KIM))
    scenario.discover()
    box.delete(item)
    scenario.discover()
    assert scenario.item(box, item).state is State.SKIPPED
    box.move(item, f"inbox/{FOLDER}")
    scenario.add_contact("who@nowhere.example", "Late")
    scenario.poll_webcrm()
    assert len(scenario.activities_under("Late")) == 1
    assert box.read(item).categories == BOTH


def test_mail_moved_between_sync_folders_is_followed(scenario: Scenario, box: SimMailbox) -> None:
    item = scenario.drag(box, Mail("There", "who@nowhere.example", KIM))
    scenario.discover()
    box.move(item, f"sentitems/{FOLDER}")
    scenario.discover()
    assert scenario.item(box, item).state is State.WAITING
    scenario.add_contact("who@nowhere.example", "Late")
    scenario.poll_webcrm()
    assert len(scenario.activities_under("Late")) == 1


@pytest.mark.parametrize("long", ["message_id", "address"])
def test_overlong_names_delay_nothing(scenario: Scenario, box: SimMailbox, long: str) -> None:
    noise = "".join(f"{(n * 7919 + 13) % 65537:05x}" for n in range(1200))
    bad = Mail("Long", BO, KIM, message_id=f"<{noise}@x.example>")
    if long == "address":
        bad = Mail("Long", BO, (KIM, f"{noise}@x.example"))
    first = scenario.drag(box, bad)
    second = scenario.drag(box, Mail("Fine", BO, KIM))
    scenario.discover()
    assert box.read(first).categories == box.read(second).categories == BOTH


def test_mailbox_removed_while_its_folder_is_read_leaves_nothing_behind(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.drag(box, Mail("Too late", BO, KIM))
    worker(scenario, "graph", "fetch_page", after=lambda: _remove(scenario)).discover()
    scenario.run_all_retries()
    assert scenario.activities == []
    with scenario.context.begin() as tx:
        assert mailboxes.all_mailboxes(tx) == []


def test_mailbox_removed_while_its_mails_are_sent_causes_no_error(
    scenario: Scenario, box: SimMailbox
) -> None:
    eva = scenario.add_mailbox("eva@nordwind.example", "Eva")
    scenario.drag(box, Mail("Going", BO, KIM))
    fine = scenario.drag(eva, Mail("Staying", BO, "eva@nordwind.example"))
    worker(scenario, "webcrm", "write_activities", after=lambda: _remove(scenario)).discover()
    scenario.run_all_retries()
    assert eva.read(fine).categories == BOTH
    assert len(scenario.activities) == 2


def test_mailbox_can_be_removed_while_outlook_fails(scenario: Scenario, box: SimMailbox) -> None:
    folder = box.folder(f"inbox/{FOLDER}")
    box.add_rule("webCRM sync: Bo", actions={"moveToFolder": folder.id})
    own = box.add_rule("My own", actions={"moveToFolder": folder.id})
    scenario.sandbox.faults.unavailable(
        service="graph", when=lambda m, p: m == "DELETE" and "subscriptions" in p
    )
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        for one in mailboxes.folders(tx, watched.id):
            mailboxes.set_folder(tx, one.id, subscription_id=f"lost {one.id}")
    assert len(admin.remove(scenario.context, KIM)) == 2
    assert list(box.rules) == [own.id]
    back_off_mailbox(scenario.context, watched, TryLater("a job that was running"))
    scenario.run_until_idle()
    with scenario.context.begin() as tx:
        assert mailboxes.all_mailboxes(tx) == []


def _remove(scenario: Scenario) -> None:
    assert admin.remove(scenario.context, KIM) == []
