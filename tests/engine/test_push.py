"""Push: subscriptions are made, kept alive and made anew; what push misses, the poll finds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from support.processes import free_port, until
from support.scenario import BO, BOTH, FOLDER, KIM, OpenPlay, Play
from webcrm_sync.store import mailboxes
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@pytest.fixture
def play(open_play: OpenPlay) -> Iterator[Play]:
    """A play whose web process answers, so that Graph can reach it."""
    port = free_port()
    made = open_play(PUBLIC_URL=f"http://127.0.0.1:{port}")
    with Server(create_app(made.context).wsgi_app, port=port):
        yield made


def folders(play: Play) -> list[SyncFolder]:
    """The rows of the sync folders."""
    with play.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        return list(mailboxes.folders(tx, watched.id))


def is_hinted(play: Play) -> bool:
    """True when a notification has arrived that was not followed yet."""
    return any(f.hinted_at for f in folders(play))


def test_a_move_is_announced_and_synced_without_any_poll(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Pushed", BO, KIM))
    until(lambda: is_hinted(play), "the notification")
    play.rest()
    assert box.read(item).categories == BOTH


def test_the_echo_of_our_own_mark_asks_for_no_reading(play: Play, box: SimMailbox) -> None:
    play.drag(box, Mail("Pushed", BO, KIM))
    until(lambda: is_hinted(play), "the notification")
    play.rest()
    play.stage.graph.pusher.drain()
    play.rest()
    play.stage.journal.clear()
    play.rest()
    assert play.stage.journal.count("graph") == 0


def test_subscriptions_are_renewed_at_half_their_life(play: Play, box: SimMailbox) -> None:
    before = {f.subscription_id: f.subscription_expires_at for f in folders(play)}
    assert None not in before
    assert len(before) == 2
    play.wait(timedelta(hours=40))
    after = {f.subscription_id: f.subscription_expires_at for f in folders(play)}
    assert list(after) == list(before)
    assert all(
        at and later and at < later
        for at, later in zip(before.values(), after.values(), strict=True)
    )


def test_subscription_that_was_removed_is_made_anew_and_nothing_is_missed(
    play: Play, box: SimMailbox
) -> None:
    before = {f.subscription_id for f in folders(play)}
    play.stage.graph.lifecycle("subscriptionRemoved")
    item = play.drag(box, Mail("Meanwhile", BO, KIM))
    until(lambda: all(f.subscription_id is None for f in folders(play)), "the lifecycle event")
    play.rest()
    assert before.isdisjoint({f.subscription_id for f in folders(play)})
    assert box.read(item).categories == BOTH


def test_subscription_that_outlived_us_is_made_anew(play: Play, box: SimMailbox) -> None:
    before = {f.subscription_id for f in folders(play)}
    play.stage.clock.advance(timedelta(days=8))
    play.look()
    assert before.isdisjoint({f.subscription_id for f in folders(play)})
    item = play.drag(box, Mail("Afterwards", BO, KIM))
    until(lambda: is_hinted(play), "the notification")
    play.rest()
    assert box.read(item).categories == BOTH


def test_lost_notifications_are_found_by_the_poll_which_then_comes_every_minute(
    play: Play, box: SimMailbox
) -> None:
    play.stage.graph.pusher.luck.lost = 1.0
    item = play.drag(box, Mail("Unannounced", BO, KIM))
    play.rest()
    assert box.read(item).categories == ()
    play.stage.clock.advance(timedelta(seconds=601))
    play.rest()
    assert box.read(item).categories == BOTH

    second = play.drag(box, Mail("Unannounced too", BO, KIM))
    play.stage.clock.advance(timedelta(seconds=61))
    play.rest()
    assert box.read(second).categories == BOTH


def test_endpoint_that_graph_cannot_reach_leaves_the_poll_at_work(open_play: OpenPlay) -> None:
    play = open_play(PUBLIC_URL=f"http://127.0.0.1:{free_port()}")
    play.contact(BO)
    box = play.mailbox()
    play.refresh()
    item = box.deliver(Mail("Polled", BO, KIM))
    box.move(item, f"inbox/{FOLDER}")
    play.stage.clock.advance(timedelta(seconds=601))
    play.rest()
    assert box.read(item).categories == BOTH
