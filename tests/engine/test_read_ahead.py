"""A mail that a person moves during a flood is read before the flood's next page."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from support.interleave import worker
from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from support.subscribed import notification, subscribe, subscribed_folder
from webcrm_sync.core.jobs import Job
from webcrm_sync.engine.discovery.discover import PAGE_SIZE, discover, read_on
from webcrm_sync.engine.discovery.notifications import NotificationReceiver
from webcrm_sync.store import folder_reads, mailboxes, schedule
from webcrm_sync.store.items import lookup
from webcrm_sync.store.schema.tables import announced_copy
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_FLOOD = PAGE_SIZE + 10
EVA = "eva@nordwind.example"


def _flood_mail(number: int) -> Mail:
    message_id = f"<flood-{number}@havnebyg.example>"
    return Mail(f"Flood {number}", BO, KIM, cc=(EVA,), message_id=message_id)


@pytest.fixture
def colleague(scenario: Scenario, box: SimMailbox) -> SimMailbox:
    """The mailbox of another receiver of the flood, which it does not reach."""
    return scenario.add_mailbox(EVA, "Eva Nordwind")


@pytest.fixture
def flooded_id(scenario: Scenario, box: SimMailbox, colleague: SimMailbox) -> int:
    """Kim's mailbox at the beginning of a flood: no page is read, and no reading is requested."""
    folder = subscribe(scenario)
    for number in range(_FLOOD):
        scenario.drag(box, _flood_mail(number))
    return folder.mailbox_id


@pytest.fixture
def mailbox_id(scenario: Scenario, flooded_id: int) -> int:
    """Kim's mailbox in the middle of a flood: the first page is read, another one follows."""
    with scenario.context.begin() as tx:
        folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, flooded_id)])
    discover(scenario.context, flooded_id)
    return flooded_id


def _announced(scenario: Scenario) -> set[str]:
    with scenario.context.begin() as tx:
        return set(tx.connection.execute(select(announced_copy.c.graph_id)).scalars())


def _due(scenario: Scenario) -> set[Job]:
    """The reading jobs that are due."""
    with scenario.context.begin() as tx:
        jobs = {due.job for due in schedule.due_jobs(tx)}
    return jobs & {Job.DISCOVER, Job.READ_ON}


def _move(scenario: Scenario, box: SimMailbox, subject: str) -> str:
    """Move a mail as a person does; its notification arrives."""
    item = scenario.drag(box, Mail(subject, BO, KIM))
    _notify(scenario, item)
    return item


def _notify(scenario: Scenario, *items: str) -> None:
    NotificationReceiver(scenario.context).accept([notification(item) for item in items])


def test_a_flood_is_left_to_a_job_of_its_own(scenario: Scenario, mailbox_id: int) -> None:
    assert subscribed_folder(scenario, mailbox_id).has_more
    assert _due(scenario) == {Job.READ_ON}
    read_on(scenario.context, mailbox_id)
    assert not subscribed_folder(scenario, mailbox_id).has_more
    assert not _due(scenario)


def test_a_mail_that_is_moved_during_a_flood_is_read_at_once(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _move(scenario, box, "Fresh")
    cursor = subscribed_folder(scenario, mailbox_id).cursor
    assert Job.DISCOVER in _due(scenario)
    discover(scenario.context, mailbox_id)
    assert scenario.item(box, item).folder_id is not None
    assert subscribed_folder(scenario, mailbox_id).cursor == cursor
    assert _due(scenario) == {Job.READ_ON}
    scenario.run_until_idle()
    assert box.read(item).categories == BOTH
    assert len(scenario.activities) == _FLOOD + 1


def test_a_mail_that_is_moved_before_the_first_page_of_a_flood_is_read_with_it(
    scenario: Scenario, box: SimMailbox, flooded_id: int
) -> None:
    item = _move(scenario, box, "Fresh")
    discover(scenario.context, flooded_id)
    assert subscribed_folder(scenario, flooded_id).has_more
    assert scenario.item(box, item).folder_id is not None
    assert not _announced(scenario)


@pytest.mark.parametrize("is_begun", [False, True], ids=["before it begins", "while it is read"])
def test_a_mail_that_is_moved_after_the_first_notices_of_a_flood_is_read_after_its_first_page(
    scenario: Scenario, flooded_id: int, box: SimMailbox, is_begun: bool
) -> None:
    """Nobody knows yet that it is a flood: the folder looks calm until its first page is read."""
    first, second, third, *_ = (mail.id for mail in box.messages(f"inbox/{FOLDER}"))
    receiver = NotificationReceiver(scenario.context)
    moved: list[str] = []

    def go_on() -> None:
        receiver.accept([notification(second)])  # asks for a reading, unless one is asked for
        moved.append(scenario.drag(box, Mail("Fresh", BO, KIM)))
        receiver.accept([notification(moved[0])])

    receiver.accept([notification(first)])
    if is_begun:
        discover(worker(scenario, "graph", "fetch_page", after=go_on).context, flooded_id)
    else:
        go_on()
        discover(scenario.context, flooded_id)
    assert subscribed_folder(scenario, flooded_id).has_more
    receiver.accept([notification(third)])
    assert moved[0] in _announced(scenario)
    discover(scenario.context, flooded_id)
    assert scenario.item(box, moved[0]).folder_id is not None
    scenario.run_until_idle()
    assert len(scenario.activities) == _FLOOD + 1


def test_a_flood_that_was_none_announces_nothing(scenario: Scenario, box: SimMailbox) -> None:
    subscribe(scenario)
    receiver = NotificationReceiver(scenario.context)
    for number in range(3):
        receiver.accept([notification(scenario.drag(box, Mail(f"Mail {number}", BO, KIM)))])
    scenario.run_until_idle()
    receiver.accept([notification(scenario.drag(box, Mail("Last", BO, KIM)))])
    assert len(_announced(scenario)) == 1
    scenario.run_until_idle()
    assert len(scenario.activities) == 4


def test_a_mail_that_is_moved_after_a_flood_is_announced_although_a_read_is_requested(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    scenario.run_until_idle()
    with scenario.context.begin() as tx:
        folder_reads.request_read(tx, [subscribed_folder(scenario, mailbox_id).id])
    item = _move(scenario, box, "Fresh")
    assert _announced(scenario) == {item}


def test_an_announced_mail_that_was_moved_out_again_is_not_read(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _move(scenario, box, "Back again")
    box.move(item, "inbox")
    scenario.run_until_idle()
    assert box.read(item).categories == ()
    assert len(scenario.activities) == _FLOOD


def test_a_mail_that_is_moved_out_after_it_was_read_ahead_is_noticed(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _move(scenario, box, "Back again")
    discover(scenario.context, mailbox_id)
    box.move(item, "inbox")
    read_on(scenario.context, mailbox_id)
    assert scenario.item(box, item).folder_id is None


def test_the_newest_announced_mails_wait(scenario: Scenario, mailbox_id: int) -> None:
    most = folder_reads.MOST_ANNOUNCED
    _notify(scenario, *(f"flood {n}" for n in range(most + 5)))
    assert _announced(scenario) == {f"flood {n}" for n in range(5, most + 5)}
    _notify(scenario, "fresh")
    assert _announced(scenario) == {*(f"flood {n}" for n in range(6, most + 5)), "fresh"}
    scenario.run_until_idle()
    assert len(scenario.activities) == _FLOOD


def test_a_mail_that_is_moved_during_a_flood_is_filed_and_marked_before_it(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _move(scenario, box, "Fresh")
    discover(scenario.context, mailbox_id)
    read_on(scenario.context, mailbox_id)  # finds newer copies than the announced one
    marked: list[str] = []
    scenario.sandbox.outlook.listen(lambda notice: marked.append(notice.change.item_id))
    scenario.run_until_idle()
    assert scenario.activities[0]["ActivityDescription"] == "Fresh"
    assert marked[0] == item
    assert len(marked) == _FLOOD + 1


def test_a_mail_of_a_flood_that_is_moved_singly_too_is_filed_before_it(
    scenario: Scenario, colleague: SimMailbox, mailbox_id: int
) -> None:
    scenario.drag(colleague, _flood_mail(0))
    read_on(scenario.context, mailbox_id)
    scenario.discover()
    assert scenario.activities[0]["ActivityDescription"] == _flood_mail(0).subject
    assert len(scenario.activities) == _FLOOD


def test_a_known_mail_is_not_read_ahead(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    ids = [mail.id for mail in box.messages(f"inbox/{FOLDER}")]
    with scenario.context.begin() as tx:
        known = lookup.known_items(tx, mailbox_id, ids)
    _notify(scenario, *known)
    assert not _announced(scenario)
