"""A notification about the product's own mark leads to no read, or only to a late one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.interleave import worker
from support.scenario import BO, BOTH, KIM, Scenario
from support.subscribed import notification, subscribe, subscribed_folder
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.discovery.notifications import NotificationReceiver
from webcrm_sync.engine.filing.job import file
from webcrm_sync.engine.marking import mark
from webcrm_sync.engine.matching.job import match
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_MINUTE = timedelta(minutes=1)


@pytest.fixture
def mailbox_id(scenario: Scenario, box: SimMailbox) -> int:
    """Kim's mailbox, whose sync folder under Inbox has the subscription `s`."""
    return subscribe(scenario).mailbox_id


def _file_one(scenario: Scenario, box: SimMailbox, mailbox_id: int) -> str:
    """File a mail up to its mark, which is due then."""
    item = scenario.drag(box, Mail("Offer", BO, KIM))
    with scenario.context.begin() as tx:
        folder_reads.request_read(tx, [mailboxes.folders(tx, mailbox_id)[0].id])
    discover(scenario.context, mailbox_id)
    match(scenario.context)
    file(scenario.context)
    return item


def _notify(scenario: Scenario, item: str, change_key: str, *, is_update: bool = True) -> None:
    news = notification(item, change_key, is_update=is_update)
    NotificationReceiver(scenario.context).accept([news])


def test_an_echo_after_the_result_is_recorded_leads_to_no_read(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _file_one(scenario, box, mailbox_id)
    mark(scenario.context, mailbox_id)
    before = subscribed_folder(scenario, mailbox_id)
    _notify(scenario, item, box.read(item).change_key)
    assert subscribed_folder(scenario, mailbox_id) == before


def test_an_echo_before_the_result_is_recorded_leads_to_a_read_within_a_minute(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _file_one(scenario, box, mailbox_id)
    early = worker(
        scenario,
        "graph",
        "mark_mails",
        after=lambda: _notify(scenario, item, box.read(item).change_key),
    )
    mark(early.context, mailbox_id)
    folder, now = subscribed_folder(scenario, mailbox_id), scenario.context.now()
    assert not folder.is_read_requested
    assert folder.is_polled_by(now + _MINUTE)
    assert not folder.is_polled_by(now)
    assert box.read(item).categories == BOTH


def test_a_foreign_change_beside_a_mark_is_read_within_a_minute(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _file_one(scenario, box, mailbox_id)

    def change() -> None:
        box.set_categories(item, ["Customer"])
        _notify(scenario, item, box.read(item).change_key)

    mark(worker(scenario, "graph", "mark_mails", after=change).context, mailbox_id)
    scenario.sandbox.clock.advance(_MINUTE)
    scenario.run_until_idle()
    assert set(box.read(item).categories) == {"Customer", *BOTH}


def test_a_copy_that_is_moved_in_beside_a_mark_is_read_now(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _file_one(scenario, box, mailbox_id)
    _notify(scenario, item, "another version", is_update=False)
    assert subscribed_folder(scenario, mailbox_id).is_read_requested


def test_a_copy_whose_mark_is_written_is_read_now(
    scenario: Scenario, box: SimMailbox, mailbox_id: int
) -> None:
    item = _file_one(scenario, box, mailbox_id)
    mark(scenario.context, mailbox_id)
    _notify(scenario, item, "another version")
    assert subscribed_folder(scenario, mailbox_id).is_read_requested
