"""An exception planted about one folder, copy or Activity: the job goes on about the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.pane_user import Desk
from support.planting import Marks, Planted, Planting
from support.reconciliation import Ground, prepared
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Play
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import State
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Kind
from webcrm_sync_sandbox.outlook.mail import Mail


@pytest.fixture
def ground(play: Play) -> Ground:
    """The prepared ground, worked on as workers would."""
    play.is_guarded = True
    return prepared(play)


def planted(place: str, *words: str, number: int = -1) -> Planting:
    return Planting(Marks(words, frozenset({number})), place)


def test_copy_that_cannot_even_be_held_back_leaves_its_page_going_on(ground: Ground) -> None:
    odd = ground.synced[2]
    number = ground.play.item(ground.box, odd).id
    ground.box.set_categories(odd, ("Red", *BOTH))
    with planted("store.emails:mark_seen", number=number).watching() as planting:
        item = ground.play.drag(ground.box, Mail("Later", BO, KIM))
        ground.play.look()
    assert planting.raised
    assert ground.box.read(item).categories == BOTH


def prove_all(ground: Ground) -> None:
    prove.ask_for_all(ground.play.context)
    ground.play.rest()


@pytest.mark.parametrize(
    "place",
    [
        "engine.reconciliation.outlook:_listing",
        "engine.discovery.discover:_read_folder",
    ],
)
def test_folder_that_raises_in_a_proof_leaves_the_others_proved(ground: Ground, place: str) -> None:
    with ground.play.context.begin() as tx:
        sent = text("SELECT graph_id FROM folder WHERE place = 'sent'")
        graph_id = tx.connection.execute(sent).scalar_one()
    ground.sql("DELETE FROM item WHERE graph_id = :i", i=ground.synced[0])
    with planted(place, graph_id).watching() as planting:
        prove_all(ground)
    assert planting.raised
    assert ground.play.item(ground.box, ground.synced[0]).state is State.SYNCED
    assert len(ground.play.activities) == 4


def test_mailbox_that_raises_in_a_proof_stops_no_other(play: Play) -> None:
    for address in (KIM, LIS):
        play.mailbox(address)
    with planted("engine.reconciliation.outlook:_prove", KIM).watching():
        proofs = {p.address: p.trouble for p in prove.prove_mailboxes(play.context)}
    assert "Planted" in str(proofs[KIM])
    assert proofs[LIS] is None


def test_copy_that_raises_in_a_proof_is_left_out_alone(ground: Ground) -> None:
    odd, fine = ground.synced[:2]
    for item in (odd, fine):
        ground.box.set_categories(item, ("Red",))
        ground.play.look()
        ground.box.set_categories(item, ("Red",))
        version = ground.box.read(item).change_key
        ground.sql("UPDATE item SET change_key = :k WHERE graph_id = :i", k=version, i=item)
    with planted("engine.reconciliation.differences:is_unmarked", odd).watching() as planting:
        prove_all(ground)
    assert planting.raised
    assert set(BOTH) < set(ground.box.read(fine).categories)
    assert ground.box.read(odd).categories == ("Red",)


def test_copy_that_stands_still_and_raises_leaves_the_others_going_on(ground: Ground) -> None:
    odd, fine = ground.synced[:2]
    stuck = "UPDATE item SET state = 'filed', mark_due_at = NULL WHERE graph_id = ANY(:i)"
    ground.sql(stuck, i=[odd, fine])
    with planted("engine.reconciliation.outlook:_take_further", odd).watching() as planting:
        prove_all(ground)
    assert planting.raised
    assert ground.play.item(ground.box, fine).state is State.SYNCED
    assert ground.play.item(ground.box, odd).state is State.FILED
    ground.heals(Kind.STATE)


@pytest.mark.parametrize(
    "place",
    [
        "store.adoption:move",
        "webcrm.wire:keyed_activity",
    ],
)
def test_activity_that_raises_in_a_proof_is_left_out_alone(ground: Ground, place: str) -> None:
    ground.play.contact(LIS, "Skovby")
    there = ground.play.organisations["Skovby"]
    odd, fine, gone = (ground.activity(n) for n in range(3))
    crm = ground.play.stage.crm
    for number in (odd, fine):
        crm.tables["Activity"].update(number, {"ActivityOrganisationId": there})
    crm.tables["Activity"].delete(gone)
    key = next(a for a in ground.play.activities if a["ActivityId"] == odd)["ActivityCustom15"]
    with planted(place, key).watching():
        prove_all(ground)
    with ground.play.context.begin() as tx:
        moved = tx.connection.execute(
            text("SELECT organisation_id FROM filing WHERE activity_id = :a"), {"a": fine}
        ).scalar_one()
    assert moved == there
    assert not [j for j in read_status(ground.play.context).held_jobs if j.task == "prove webcrm"]
    assert len(ground.play.activities) == 3


def test_folder_that_raises_in_keep_leaves_the_others_in_place(ground: Ground) -> None:
    for where in ("inbox", "sentitems"):
        ground.box.delete_folder(f"{where}/{FOLDER}")
    with planted(
        "engine.mailboxes.folders:_forget_folder", Place.INBOX.value
    ).watching() as planting:
        for _ in range(2):
            ground.play.wait(timedelta(minutes=10))
        item = ground.play.drag(ground.box, Mail("Later", KIM, BO), place="sentitems")
        ground.play.look()
    assert planting.raised
    assert ground.box.read(item).categories == BOTH


def test_wish_that_raises_leaves_the_others_told(ground: Ground) -> None:
    desk = Desk(ground.play, ground.box)
    for item in ground.synced[:2]:
        desk.undo(item)
    with planted("engine.filing.activity_updates:_subject", "Mail 0").watching() as planting:
        ground.play.look()
    assert planting.raised
    told = sorted(str(a["ActivityDescription"]) for a in ground.play.activities)
    assert told == ["From webCRM", "Mail 0", "Mail 2", "[withdrawn] Mail 1"]


def test_press_that_raises_is_pressed_again_and_stops_no_other(ground: Ground) -> None:
    desk, item = Desk(ground.play, ground.box), ground.synced[0]
    new = ground.box.deliver(Mail("Pressed", BO, KIM))
    with planted("engine.pane.undo:_take_back", item).watching(), pytest.raises(Planted):
        desk.undo(item)
    with planted("engine.pane.actions:_move_in", new).watching(), pytest.raises(Planted):
        desk.sync(new)
    fine = ground.play.drag(ground.box, Mail("Fine", BO, KIM))
    ground.play.look()
    assert ground.box.read(fine).categories == BOTH
    desk.undo(item)
    desk.sync(new)
    ground.play.look()
    assert ground.box.read(new).categories == BOTH
    subjects = [str(a["ActivityDescription"]) for a in ground.play.activities]
    assert sorted(subjects).count("Pressed") == 1
