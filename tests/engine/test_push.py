"""Push: subscriptions are created, renewed and replaced; the poll finds what push misses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from support.processes import until
from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@pytest.fixture
def scenario(open_scenario: OpenScenario) -> Iterator[Scenario]:
    """A scenario whose web process answers, so that Graph can reach it."""
    port = free_port()
    made = open_scenario(PUBLIC_URL=f"http://127.0.0.1:{port}")
    with Server(create_app(made.context).wsgi_app, port=port):
        yield made


def folders(scenario: Scenario) -> list[SyncFolder]:
    """The rows of the sync folders."""
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        return list(mailboxes.folders(tx, watched.id))


def is_hinted(scenario: Scenario) -> bool:
    """True if a notification has arrived and no read has followed yet."""
    return any(f.read_requested_at for f in folders(scenario))


def test_a_move_is_announced_and_synced_without_any_poll(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Pushed", BO, KIM))
    until(lambda: is_hinted(scenario), "the notification")
    scenario.run_until_idle()
    assert box.read(item).categories == BOTH


def test_the_echo_of_our_own_mark_requests_no_read(scenario: Scenario, box: SimMailbox) -> None:
    scenario.drag(box, Mail("Pushed", BO, KIM))
    until(lambda: is_hinted(scenario), "the notification")
    scenario.run_until_idle()
    scenario.sandbox.graph.pusher.drain()
    scenario.run_until_idle()
    scenario.sandbox.journal.clear()
    scenario.run_until_idle()
    assert scenario.sandbox.journal.count("graph") == 0


def test_subscriptions_are_renewed_at_half_their_life(scenario: Scenario, box: SimMailbox) -> None:
    before = {f.subscription_id: f.subscription_expires_at for f in folders(scenario)}
    assert None not in before
    assert len(before) == 2
    scenario.wait(timedelta(hours=40))
    after = {f.subscription_id: f.subscription_expires_at for f in folders(scenario)}
    assert list(after) == list(before)
    assert all(
        at and later and at < later
        for at, later in zip(before.values(), after.values(), strict=True)
    )


def test_removed_subscription_is_replaced_and_no_change_is_missed(
    scenario: Scenario, box: SimMailbox
) -> None:
    before = {f.subscription_id for f in folders(scenario)}
    scenario.sandbox.graph.lifecycle("subscriptionRemoved")
    item = scenario.drag(box, Mail("Meanwhile", BO, KIM))
    until(lambda: all(f.subscription_id is None for f in folders(scenario)), "the lifecycle event")
    scenario.run_until_idle()
    assert before.isdisjoint({f.subscription_id for f in folders(scenario)})
    assert box.read(item).categories == BOTH


def test_subscription_that_expired_while_we_were_down_is_replaced(
    scenario: Scenario, box: SimMailbox
) -> None:
    before = {f.subscription_id for f in folders(scenario)}
    scenario.sandbox.clock.advance(timedelta(days=8))
    scenario.discover()
    assert before.isdisjoint({f.subscription_id for f in folders(scenario)})
    item = scenario.drag(box, Mail("Afterwards", BO, KIM))
    until(lambda: is_hinted(scenario), "the notification")
    scenario.run_until_idle()
    assert box.read(item).categories == BOTH


def test_the_poll_finds_lost_notifications_and_then_runs_every_minute(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.graph.pusher.faults.lost = 1.0
    item = scenario.drag(box, Mail("Unannounced", BO, KIM))
    scenario.run_until_idle()
    assert box.read(item).categories == ()
    scenario.sandbox.clock.advance(timedelta(seconds=601))
    scenario.run_until_idle()
    assert box.read(item).categories == BOTH

    second = scenario.drag(box, Mail("Unannounced too", BO, KIM))
    scenario.sandbox.clock.advance(timedelta(seconds=61))
    scenario.run_until_idle()
    assert box.read(second).categories == BOTH


def test_the_poll_works_when_graph_cannot_reach_the_endpoint(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(PUBLIC_URL=f"http://127.0.0.1:{free_port()}")
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = box.deliver(Mail("Polled", BO, KIM))
    box.move(item, f"inbox/{FOLDER}")
    scenario.sandbox.clock.advance(timedelta(seconds=601))
    scenario.run_until_idle()
    assert box.read(item).categories == BOTH
