"""Networks and services at their worst: exactly one Activity, one mirror, and true categories."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, Play
from webcrm_sync.core.states import State
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


def is_bulk(method: str, path: str) -> bool:
    """The request that creates Activities."""
    return (method, path) == ("PATCH", "/Activities")


def test_lost_answer_of_the_bulk_request_doubles_nothing(play: Play, box: SimMailbox) -> None:
    play.stage.faults.lose(service="webcrm", when=is_bulk, limit=1)
    items = [play.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(5)]
    play.look()
    assert all(box.read(i).categories == () for i in items)
    play.settle()
    assert len(play.activities) == 5
    assert all(box.read(i).categories == BOTH for i in items)


def test_lost_answer_with_a_lagging_search_doubles_nothing(play: Play, box: SimMailbox) -> None:
    play.stage.crm.search_lag = timedelta(seconds=50)
    play.stage.faults.lose(service="webcrm", when=is_bulk, limit=1)
    item = play.drag(box, Mail("Once", BO, KIM))
    play.settle()
    assert len(play.activities) == 1
    assert box.read(item).categories == BOTH


def test_request_that_never_arrived_is_sent_again(play: Play, box: SimMailbox) -> None:
    play.stage.faults.refuse(service="webcrm", when=is_bulk, limit=1)
    item = play.drag(box, Mail("Lost on the way", BO, KIM))
    play.settle()
    assert len(play.activities) == 1
    assert box.read(item).categories == BOTH


@pytest.mark.parametrize("retry_after", [7, 2.128, None])
def test_throttling_and_outage_only_delay(
    play: Play, box: SimMailbox, retry_after: float | None
) -> None:
    faults = play.stage.faults
    faults.throttle(service="graph", limit=2, retry_after=retry_after)
    faults.throttle(service="webcrm", limit=2, retry_after=retry_after)
    faults.unavailable(service="graph", limit=2)
    faults.unavailable(service="webcrm", limit=2)
    item = play.drag(box, Mail("Patience", BO, KIM))
    play.settle()
    play.settle()
    assert len(play.activities) == 1
    assert box.read(item).categories == BOTH


def test_lost_answer_of_a_mark_marks_once_and_keeps_foreign_categories(
    play: Play, box: SimMailbox
) -> None:
    play.stage.faults.lose(service="graph", when=lambda _, p: p.endswith("$batch"), limit=1)
    item = play.drag(box, Mail("Marked", BO, KIM, categories=("Customer",)))
    play.settle()
    assert box.read(item).categories == ("Customer", *BOTH)


def test_owner_who_changes_categories_meanwhile_loses_none(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("Race", BO, KIM))
    play.stage.faults.refuse(service="graph", when=lambda _, p: p.endswith("$batch"), limit=1)
    play.look()
    box.set_categories(item, ["Red", "Blue"])
    play.settle()
    assert box.read(item).categories == ("Red", "Blue", *BOTH)


def test_lost_answer_of_a_mirror_makes_one_mail(play: Play) -> None:
    person = play.contact(BO)
    user = play.stage.crm.add_user(KIM, "Kim Nordwind")
    play.rest()
    box = play.mailbox()
    play.refresh()
    play.stage.faults.lose(
        service="graph", when=lambda m, p: m == "POST" and p.endswith("/messages"), limit=1
    )
    play.stage.crm.send_mail(user, person, "Order", "Thank you")
    play.refresh()
    play.settle()
    (mirror,) = box.messages(f"sentitems/{FOLDER}")
    assert play.item(box, mirror.id).state is State.MIRRORED


def test_lost_answers_of_documents_double_none(play: Play, box: SimMailbox) -> None:
    play.stage.faults.lose(service="webcrm", when=lambda _, p: p.startswith("/Documents"), limit=1)
    files = (File("a.txt", b"a"), File("b.txt", b"b"), File("big.bin", b"x" * 1_200_000))
    item = play.drag(box, Mail("Files", BO, KIM, attachments=files))
    play.settle()
    play.settle()
    assert sorted(d["DocumentFileName"] for d in play.documents) == ["a.txt", "b.txt", "big.bin"]
    assert box.read(item).categories == BOTH


def test_expired_cursor_reads_the_folder_anew_and_doubles_nothing(
    play: Play, box: SimMailbox
) -> None:
    first = play.drag(box, Mail("Before", BO, KIM))
    play.look()
    gone = play.drag(box, Mail("Goes", BO, KIM))
    play.look()
    play.stage.graph.expire_cursors()
    box.move(gone, "inbox")
    second = play.drag(box, Mail("After", BO, KIM))
    play.look()
    assert len(play.activities) == 3
    assert box.read(first).categories == box.read(second).categories == BOTH
    assert play.item(box, gone).folder_id is None


def test_mail_moved_in_and_out_and_in_between_two_looks_is_synced(
    play: Play, box: SimMailbox
) -> None:
    item = box.deliver(Mail("Restless", BO, KIM))
    play.look()
    for folder in (f"inbox/{FOLDER}", "inbox", f"inbox/{FOLDER}"):
        box.move(item, folder)
    play.look()
    assert box.read(item).categories == BOTH


def test_mail_moved_out_before_it_was_filed_is_left_alone(play: Play, box: SimMailbox) -> None:
    item = play.drag(box, Mail("No", "stranger@nowhere.example", KIM))
    play.look()
    box.move(item, "inbox")
    play.look()
    assert box.read(item).categories == ()
    assert play.item(box, item).state is State.SKIPPED


def test_moving_out_or_deleting_changes_nothing_in_webcrm(play: Play, box: SimMailbox) -> None:
    items = [play.drag(box, Mail(f"Mail {n}", BO, KIM)) for n in range(2)]
    play.look()
    before = play.activities
    box.move(items[0], "inbox")
    box.delete(items[1])
    play.settle()
    assert play.activities == before
