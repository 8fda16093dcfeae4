"""Matching is a separate job: it calls no service, and a person's choice wins over it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from support.pane_user import PaneUser, add_pane_user
from support.processes import until
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.states import State
from webcrm_sync.engine.discovery.discover import discover
from webcrm_sync.engine.matching.job import match
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox

_BLOCKED = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def _find(scenario: Scenario, box: SimMailbox, mail: Mail) -> str:
    """Move the mail to the sync folder and discover it; it is not matched yet."""
    graph_id = box.deliver(mail)
    box.move(graph_id, f"inbox/{FOLDER}")
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, watched.id)])
    discover(scenario.context, watched.id)
    return graph_id


def _are_blocked(scenario: Scenario, count: int) -> bool:
    with scenario.context.begin() as tx:
        return bool(tx.connection.scalar(text(_BLOCKED)) >= count)


def _run_while_the_copy_is_locked(scenario: Scenario, *steps: Callable[[], object]) -> None:
    """Start each step while the previous one waits for the mail's row; then release the row."""
    with ThreadPoolExecutor(len(steps)) as threads:
        with scenario.context.begin() as tx:
            tx.connection.execute(text("SELECT id FROM item FOR UPDATE"))
            started = []
            for number, step in enumerate(steps, start=1):
                started.append(threads.submit(step))
                until(partial(_are_blocked, scenario, number), "the step to wait")
        for one in started:
            one.result()


@pytest.mark.parametrize("is_matching_first", [True, False], ids=["matching", "choice"])
def test_choice_of_a_person_wins_over_simultaneous_matching(
    scenario: Scenario, is_matching_first: bool
) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    kim: PaneUser = add_pane_user(scenario)
    scenario.poll_webcrm()
    graph_id = _find(scenario, kim.box, Mail("Offer?", BO, KIM))
    steps = [
        lambda: match(scenario.context),
        lambda: kim.choose(graph_id, scenario.organisations["Skovby"]),
    ]
    _run_while_the_copy_is_locked(scenario, *(steps if is_matching_first else reversed(steps)))
    scenario.run_until_idle()
    assert len(scenario.activities_under("Skovby")) == len(scenario.activities) == 1


def test_a_mail_of_the_past_waits_for_no_second_mailbox_whose_lease_is_awaited(
    scenario: Scenario, box: SimMailbox
) -> None:
    """Its newest copy is in the mailbox that is being taken over from another installation."""
    eva = scenario.add_mailbox("eva@nordwind.example", "Eva Nordwind")
    mail = Mail("Offer?", BO, (KIM, "eva@nordwind.example"), message_id="<offer@x.example>")
    with scenario.context.begin() as tx:
        watched = sorted(mailboxes.all_mailboxes(tx), key=lambda one: one.id)
    for owner, one in zip((box, eva), watched, strict=True):
        owner.move(owner.deliver(mail), f"inbox/{FOLDER}")
        with scenario.context.begin() as tx:
            folder_reads.request_read(tx, [f.id for f in mailboxes.folders(tx, one.id)])
        discover(scenario.context, one.id)
    with scenario.context.begin() as tx:
        mailboxes.set_mailbox(tx, watched[1].id, lease_until=None)
        newest_last = "UPDATE item SET is_past = true, found_at = found_at + id * interval '1 ms'"
        tx.connection.execute(text(newest_last))
    scenario.run_until_idle()
    assert len(scenario.activities_under("Havnebyg")) == 1


def test_mail_is_matched_without_a_call_while_webcrm_is_away(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.unavailable(service="webcrm")
    scenario.wait(timedelta(seconds=61))
    scenario.sandbox.journal.clear()
    graph_id = _find(scenario, box, Mail("Offer?", BO, KIM))
    match(scenario.context)
    assert scenario.item(box, graph_id).state is State.MATCHED
    assert scenario.sandbox.journal.count("webcrm") == 0
