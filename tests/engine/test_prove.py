"""`prove` and Outlook: what the engine lost sight of is found, mended, and gone next time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.interleave import worker
from support.reconciliation import Ground, prepared
from support.scenario import BO, BOTH, FOLDER, KIM, PENDING, Play
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import State
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Kind, WebcrmProof
from webcrm_sync.worker import run_step
from webcrm_sync_sandbox.outlook.mail import Mail


def test_equal_ground_is_counted_folder_by_folder(ground: Ground) -> None:
    (proof,) = prove.prove_mailboxes(ground.play.context)
    counts = {f.place: (f.in_folder, f.counts) for f in proof.folders}
    assert counts["inbox"] == (4, {"synced": 3, "waiting: no contact": 1})
    assert counts["sent"] == (1, {"mirrored": 1})
    *_, crm = prove.prove_webcrm(ground.play.context)
    assert crm == WebcrmProof(activities=3, filings=3)


def test_proof_writes_nothing_anywhere_and_reads_no_content(ground: Ground) -> None:
    assert ground.differences() == []
    ground.play.stage.journal.clear()
    assert ground.differences() == []
    exchanges = ground.play.stage.journal.exchanges
    writes = [e for e in exchanges if e.method != "GET" and "$batch" not in e.path]
    assert [e.path for e in writes if "ApiLogin" not in e.path and e.service != "entra"] == []
    assert [i for e in exchanges for i in e.contents] == []


def test_mail_that_delta_never_told_of_is_taken_up_and_not_filed_twice(ground: Ground) -> None:
    ground.sql("DELETE FROM item WHERE graph_id = :i", i=ground.synced[0])
    ground.heals(Kind.UNKNOWN_MAIL)
    assert len(ground.play.activities) == 4
    assert ground.play.item(ground.box, ground.synced[0]).state is State.SYNCED


def test_mail_whose_whole_story_is_lost_is_recognised_by_its_stamp(ground: Ground) -> None:
    ground.sql("DELETE FROM email WHERE subject = 'Mail 0'")
    kinds = {d.kind for d in ground.differences()}
    assert kinds == {Kind.UNKNOWN_MAIL, Kind.LOST_FILING}
    assert ground.differences() == []
    assert (len(ground.play.activities), len(ground.play.documents)) == (4, 6)


def test_mail_that_is_not_in_the_folder_any_more_is_moved_out(ground: Ground) -> None:
    (folder,) = _column(ground, "SELECT folder_id FROM item WHERE graph_id = :i", ground.waiting)
    ground.box.move(ground.waiting, "inbox")
    ground.play.look()
    ground.sql(
        "UPDATE item SET folder_id = :f, state = 'waiting', reason = 'no contact',"
        " mark_due_at = NULL WHERE graph_id = :i",
        f=folder,
        i=ground.waiting,
    )
    ground.heals(Kind.NOT_IN_FOLDER)
    assert ground.play.item(ground.box, ground.waiting).folder_id is None
    assert ground.box.read(ground.waiting).categories == ()


def _column(ground: Ground, query: str, graph_id: str) -> list[object]:
    with ground.play.context.begin() as tx:
        return list(tx.connection.execute(text(query), {"i": graph_id}).scalars())


@pytest.mark.parametrize("is_synced", [True, False])
def test_categories_that_lie_are_written_again(ground: Ground, is_synced: bool) -> None:
    item = ground.synced[0] if is_synced else ground.waiting
    truth, lie = (BOTH, ("Red", "webCRM sync")) if is_synced else (PENDING, ("Red", *BOTH))
    ground.box.set_categories(item, lie)
    ground.play.look()
    ground.box.set_categories(item, lie)
    version = ground.box.read(item).change_key
    ground.sql("UPDATE item SET change_key = :k WHERE graph_id = :i", k=version, i=item)
    ground.heals(Kind.CATEGORIES)
    assert set(ground.box.read(item).categories) == {"Red", *truth}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE item SET state = 'waiting', reason = 'no contact' WHERE graph_id = :i",
        "UPDATE item SET state = 'matched' WHERE graph_id = :i",
        "UPDATE item SET state = 'filed', mark_due_at = NULL WHERE graph_id = :i",
    ],
)
def test_mail_that_stands_still_goes_on(ground: Ground, damage: str) -> None:
    ground.sql(damage, i=ground.synced[1])
    kinds = {d.kind for d in ground.differences()}
    assert Kind.STATE in kinds
    assert kinds <= {Kind.STATE, Kind.CATEGORIES}
    assert ground.differences() == []
    assert ground.box.read(ground.synced[1]).categories == BOTH


@pytest.mark.parametrize(
    "damage", ["'garbage'", "split_part(cursor, '=', 1) || '=of-another-time'"]
)
def test_cursor_that_leads_nowhere_is_given_up(ground: Ground, damage: str) -> None:
    ground.sql(f"UPDATE folder SET cursor = {damage} WHERE place = 'inbox'")
    ground.heals(Kind.CURSOR)
    late = ground.play.drag(ground.box, Mail("Late", BO, KIM))
    ground.play.look()
    assert ground.box.read(late).categories == BOTH


def test_subscription_that_died_unheard_is_made_anew(play: Play) -> None:
    ground = prepared(play)
    ground.sql("UPDATE folder SET subscription_id = 'long-gone' WHERE place = 'sent'")
    ground.heals(Kind.PUSH)


def test_mirror_that_its_owner_removed_stays_removed(ground: Ground) -> None:
    (mirror,) = ground.box.messages(f"sentitems/{FOLDER}")
    for _ in range(2):
        ground.box.delete(mirror.id)
    ground.play.look()
    (proof,) = prove.prove_mailboxes(ground.play.context)
    assert (proof.mirrors_removed, proof.differences) == (1, ())
    assert ground.differences() == []
    assert ground.box.messages(f"sentitems/{FOLDER}") == []


def test_a_night_proves_everything_in_short_steps(ground: Ground) -> None:
    ground.sql("DELETE FROM item WHERE graph_id = :i", i=ground.synced[0])
    prove.ask_for_all(ground.play.context)
    ground.play.look()
    assert ground.differences() == []
    with ground.play.context.begin() as tx:
        told = tx.connection.execute(text("SELECT due_at FROM mailbox_proof")).scalars().all()
    assert told == [None]


def test_mailbox_that_does_not_answer_says_so(ground: Ground) -> None:
    ground.box.has_licence = False
    (proof,) = prove.prove_mailboxes(ground.play.context)
    assert proof.trouble


def test_bug_in_a_proof_stops_nothing_else_and_is_tried_again(ground: Ground) -> None:
    play = ground.play
    prove.ask_for_all(play.context)
    (box,) = _column(ground, "SELECT mailbox_id FROM item WHERE graph_id = :i", ground.waiting)
    assert isinstance(box, int)
    broken = worker(play, "graph", "listing", before=die_of_a_bug)
    run_step(broken.context, Job.PROVE_MAILBOX, box)
    (mailbox,) = read_status(play.context).mailboxes
    assert (mailbox.trouble, mailbox.proved.at) == (None, None)
    play.wait(timedelta(minutes=31))
    (mailbox,) = read_status(play.context).mailboxes
    assert mailbox.proved.at is not None


def die_of_a_bug() -> None:
    """What nobody foresaw."""
    raise RuntimeError("unforeseen")
