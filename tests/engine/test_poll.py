"""Pushed folders at rest are polled together; a folder with news or in trouble is read alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from support.interleave import worker
from support.scenario import BO, BOTH, KIM, OpenScenario, Scenario
from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.outlook import Place
from webcrm_sync.engine.discovery.poll import poll
from webcrm_sync.store import folder_reads, mailboxes, schedule
from webcrm_sync.store.mailboxes import SyncFolder
from webcrm_sync.web.app import create_app
from webcrm_sync_sandbox.http_server import Server, free_port
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

EVA = "eva@nordwind.example"
_INTERVAL = timedelta(minutes=10)


@pytest.fixture
def scenario(open_scenario: OpenScenario) -> Iterator[Scenario]:
    """Two pushed mailboxes at rest, whose notifications are lost; all polls are due now."""
    port = free_port()
    made = open_scenario(PUBLIC_URL=f"http://127.0.0.1:{port}")
    with Server(create_app(made.context).wsgi_app, port=port):
        made.add_contact(BO)
        made.add_mailbox()
        made.add_mailbox(EVA, "Eva Nordwind")
        made.poll_webcrm()
        made.sandbox.graph.pusher.drain()
        made.run_until_idle()
        made.sandbox.graph.pusher.faults.lost = 1.0
        for folder in _folders(made):
            with made.context.begin() as tx:
                mailboxes.set_folder(tx, folder.id, poll_due_at=tx.now)
        made.sandbox.journal.clear()
        yield made


def _box(scenario: Scenario, address: str = KIM) -> SimMailbox:
    return next(b for b in scenario.sandbox.outlook.mailboxes if address in b.addresses)


def _folders(scenario: Scenario) -> list[SyncFolder]:
    """The folders of both mailboxes, Kim's first."""
    with scenario.context.begin() as tx:
        boxes = sorted(mailboxes.all_mailboxes(tx), key=lambda box: box.id)
        return [folder for box in boxes for folder in mailboxes.folders(tx, box.id)]


def _due(scenario: Scenario) -> set[Job]:
    with scenario.context.begin() as tx:
        return {due.job for due in schedule.due_jobs(tx)}


def _deltas(scenario: Scenario) -> int:
    return sum("delta" in e.path for e in scenario.sandbox.journal.exchanges)


def test_all_folders_at_rest_are_polled_in_one_round_trip(scenario: Scenario) -> None:
    assert _due(scenario) & {Job.POLL, Job.DISCOVER} == {Job.POLL}
    poll(scenario.context)
    assert scenario.sandbox.journal.count("graph") == 1
    assert not _due(scenario) & {Job.POLL, Job.DISCOVER}


def test_a_folder_with_news_is_read_alone(scenario: Scenario) -> None:
    item = scenario.drag(_box(scenario), Mail("Unannounced", BO, KIM))
    poll(scenario.context)
    assert _due(scenario) & {Job.POLL, Job.DISCOVER} == {Job.DISCOVER}
    scenario.run_until_idle()
    assert _box(scenario).read(item).categories == BOTH
    assert _deltas(scenario) == 1


def test_a_folder_of_which_graph_refuses_to_speak_stops_no_other(scenario: Scenario) -> None:
    item = scenario.drag(_box(scenario, EVA), Mail("Unannounced", BO, EVA))
    eva = next(f for f in reversed(_folders(scenario)) if f.place is Place.INBOX)
    refused = _folders(scenario)[0]
    kim = _box(scenario).user_id
    with scenario.context.begin() as tx:
        cursor = (refused.cursor or "").replace(kim, "nobody")
        mailboxes.set_folder(tx, refused.id, cursor=cursor)
    poll(scenario.context)
    now = scenario.context.now()
    overdue = {f.id for f in _folders(scenario) if f.is_polled_by(now)}
    assert overdue == {refused.id, eva.id}
    scenario.run_until_idle()
    assert _box(scenario, EVA).read(item).categories == BOTH
    assert not _due(scenario) & {Job.POLL, Job.DISCOVER}


def test_a_batch_that_fails_leaves_each_mailbox_to_itself(scenario: Scenario) -> None:
    def fail() -> None:
        raise TryLater("Outlook does not answer.")

    poll(worker(scenario, "graph", "fetch_next_pages", before=fail).context)
    assert _due(scenario) & {Job.POLL, Job.DISCOVER} == {Job.DISCOVER}
    scenario.run_until_idle()
    assert not _due(scenario) & {Job.POLL, Job.DISCOVER}


def test_a_poll_that_nobody_runs_is_left_to_discover(scenario: Scenario) -> None:
    scenario.sandbox.clock.advance(schedule.POLL_PATIENCE)
    assert _due(scenario) & {Job.POLL, Job.DISCOVER} == {Job.DISCOVER}


def test_a_request_during_the_poll_stays_open(scenario: Scenario) -> None:
    def request() -> None:
        with scenario.context.begin() as tx:
            folder_reads.request_read(tx, [f.id for f in _folders(scenario)])

    poll(worker(scenario, "graph", "fetch_next_pages", after=request).context)
    assert Job.DISCOVER in _due(scenario)


def test_a_link_that_leads_elsewhere_is_left_to_discover(scenario: Scenario) -> None:
    strange = _folders(scenario)[0]
    with scenario.context.begin() as tx:
        mailboxes.set_folder(tx, strange.id, cursor="https://elsewhere.example/delta")
    poll(scenario.context)
    now = scenario.context.now()
    assert [f.id for f in _folders(scenario) if f.is_polled_by(now)] == [strange.id]


@pytest.mark.parametrize("how", ["an earlier version's cursor", "a full reading broken off"])
def test_a_folder_that_only_discover_can_read_is_left_to_it_at_once(
    scenario: Scenario, how: str
) -> None:
    kim, eva = _folders(scenario)[0], _folders(scenario)[-1]
    moved = scenario.drag(_box(scenario), Mail("Read", BO, KIM))
    scenario.discover()
    changes = {"selection": 0} if "cursor" in how else {"round": kim.round + 1}
    for folder, values in ((kim, changes), (eva, {})):
        with scenario.context.begin() as tx:
            mailboxes.set_folder(tx, folder.id, poll_due_at=tx.now, **values)
    scenario.sandbox.journal.clear()
    poll(scenario.context)
    with scenario.context.begin() as tx:
        due = {(d.job, d.subject_id) for d in schedule.due_jobs(tx)}
    assert {d for d in due if d[0] in {Job.POLL, Job.DISCOVER}} == {(Job.DISCOVER, kim.mailbox_id)}
    scenario.run_until_idle()
    assert not _due(scenario) & {Job.POLL, Job.DISCOVER}
    assert _box(scenario).read(moved).categories == BOTH


def test_folders_that_are_nearly_due_are_polled_too(scenario: Scenario) -> None:
    for number, folder in enumerate(_folders(scenario)):
        with scenario.context.begin() as tx:
            due_at = tx.now + number * _INTERVAL / 20
            mailboxes.set_folder(tx, folder.id, poll_due_at=due_at)
    poll(scenario.context)
    at_rest_until = scenario.context.now() + _INTERVAL * 0.9
    assert not any(f.is_polled_by(at_rest_until) for f in _folders(scenario))
    assert scenario.sandbox.journal.count("graph") == 1
