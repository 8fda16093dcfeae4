"""Faults of networks and services: exactly one Activity, one mirror, and right categories."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, Scenario
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def is_bulk(method: str, path: str) -> bool:
    """True for the request that creates Activities."""
    return (method, path) == ("PATCH", "/Activities")


def test_lost_answer_of_the_bulk_request_duplicates_nothing(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.lose(service="webcrm", when=is_bulk, limit=1)
    items = [scenario.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(5)]
    scenario.discover()
    assert all(box.read(i).categories == () for i in items)
    scenario.run_all_retries()
    assert len(scenario.activities) == 5
    assert all(box.read(i).categories == BOTH for i in items)


def test_lost_answer_with_a_lagging_search_duplicates_nothing(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.crm.search_lag = timedelta(seconds=50)
    scenario.sandbox.faults.lose(service="webcrm", when=is_bulk, limit=1)
    item = scenario.drag(box, Mail("Once", BO, KIM))
    scenario.run_all_retries()
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


def test_request_that_never_arrived_is_sent_again(scenario: Scenario, box: SimMailbox) -> None:
    scenario.sandbox.faults.refuse(service="webcrm", when=is_bulk, limit=1)
    item = scenario.drag(box, Mail("Lost on the way", BO, KIM))
    scenario.run_all_retries()
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


@pytest.mark.parametrize("retry_after", [7, 2.128, None])
def test_throttling_and_outage_only_delay(
    scenario: Scenario, box: SimMailbox, retry_after: float | None
) -> None:
    faults = scenario.sandbox.faults
    faults.throttle(service="graph", limit=2, retry_after=retry_after)
    faults.throttle(service="webcrm", limit=2, retry_after=retry_after)
    faults.unavailable(service="graph", limit=2)
    faults.unavailable(service="webcrm", limit=2)
    item = scenario.drag(box, Mail("Patience", BO, KIM))
    scenario.run_all_retries()
    scenario.run_all_retries()
    assert len(scenario.activities) == 1
    assert box.read(item).categories == BOTH


def test_lost_answer_of_a_mark_marks_once_and_keeps_foreign_categories(
    scenario: Scenario, box: SimMailbox
) -> None:
    scenario.sandbox.faults.lose(service="graph", when=lambda _, p: p.endswith("$batch"), limit=1)
    item = scenario.drag(box, Mail("Marked", BO, KIM, categories=("Customer",)))
    scenario.run_all_retries()
    assert box.read(item).categories == ("Customer", *BOTH)


def test_owner_who_changes_categories_meanwhile_loses_none(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("Race", BO, KIM))
    scenario.sandbox.faults.refuse(service="graph", when=lambda _, p: p.endswith("$batch"), limit=1)
    scenario.discover()
    box.set_categories(item, ["Red", "Blue"])
    scenario.run_all_retries()
    assert box.read(item).categories == ("Red", "Blue", *BOTH)


def test_lost_answer_of_a_mirror_creates_one_mail(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.faults.lose(
        service="graph", when=lambda m, p: m == "POST" and p.endswith("/messages"), limit=1
    )
    scenario.sandbox.crm.send_mail(user, person, "Order", "Thank you")
    scenario.poll_webcrm()
    scenario.run_all_retries()
    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    assert scenario.item(box, mirror.id).state is State.MIRRORED


def test_lost_answers_of_documents_duplicate_none(scenario: Scenario, box: SimMailbox) -> None:
    scenario.sandbox.faults.lose(
        service="webcrm", when=lambda _, p: p.startswith("/Documents"), limit=1
    )
    files = (File("a.txt", b"a"), File("b.txt", b"b"), File("big.bin", b"x" * 1_200_000))
    item = scenario.drag(box, Mail("Files", BO, KIM, attachments=files))
    scenario.run_all_retries()
    scenario.run_all_retries()
    assert sorted(d["DocumentFileName"] for d in scenario.documents) == [
        "a.txt",
        "b.txt",
        "big.bin",
    ]
    assert box.read(item).categories == BOTH


def test_expired_cursor_restarts_the_read_and_duplicates_nothing(
    scenario: Scenario, box: SimMailbox
) -> None:
    first = scenario.drag(box, Mail("Before", BO, KIM))
    scenario.discover()
    gone = scenario.drag(box, Mail("Goes", BO, KIM))
    scenario.discover()
    scenario.sandbox.graph.expire_cursors()
    box.move(gone, "inbox")
    second = scenario.drag(box, Mail("After", BO, KIM))
    scenario.discover()
    assert len(scenario.activities) == 3
    assert box.read(first).categories == box.read(second).categories == BOTH
    assert scenario.item(box, gone).folder_id is None


def test_mail_moved_in_and_out_and_in_between_two_reads_is_synced(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = box.deliver(Mail("Restless", BO, KIM))
    scenario.discover()
    for folder in (f"inbox/{FOLDER}", "inbox", f"inbox/{FOLDER}"):
        box.move(item, folder)
    scenario.discover()
    assert box.read(item).categories == BOTH


def test_mail_moved_out_before_it_was_filed_is_left_alone(
    scenario: Scenario, box: SimMailbox
) -> None:
    item = scenario.drag(box, Mail("No", "stranger@nowhere.example", KIM))
    scenario.discover()
    box.move(item, "inbox")
    scenario.discover()
    assert box.read(item).categories == ()
    assert scenario.item(box, item).state is State.SKIPPED


def test_moving_out_or_deleting_changes_nothing_in_webcrm(
    scenario: Scenario, box: SimMailbox
) -> None:
    items = [scenario.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(2)]
    scenario.discover()
    before = scenario.activities
    box.move(items[0], "inbox")
    box.delete(items[1])
    scenario.run_all_retries()
    assert scenario.activities == before
