"""An exception is planted for one folder, copy or Activity: the job continues with the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.pane_user import PaneUser
from support.planting import ErrorPlanter, MailTraces, PlantedError
from support.reconciliation import ProvedMailbox, prove_mailbox
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import State
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Kind
from webcrm_sync.store import folder_reads, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail


@pytest.fixture
def proved(scenario: Scenario) -> ProvedMailbox:
    """The proved mailbox, with jobs guarded as in a worker."""
    scenario.is_guarded = True
    return prove_mailbox(scenario)


def planted(place: str, *words: str, number: int = -1) -> ErrorPlanter:
    return ErrorPlanter(MailTraces(words, frozenset({number})), place)


def test_copy_that_cannot_even_be_parked_does_not_stop_its_page(proved: ProvedMailbox) -> None:
    odd = proved.synced[2]
    number = proved.scenario.item(proved.box, odd).id
    proved.box.set_categories(odd, ("Red", *BOTH))
    with planted("store.items.item_records:mark_seen", number=number).watching() as planting:
        item = proved.scenario.drag(proved.box, Mail("Later", BO, KIM))
        read_from_start(proved.scenario)  # only a full reading records which copies it lists
        proved.scenario.discover()
    assert planting.raised
    assert proved.box.read(item).categories == BOTH


def read_from_start(scenario: Scenario) -> None:
    with scenario.context.begin() as tx:
        folder_reads.read_from_start(tx, [box.id for box in mailboxes.all_mailboxes(tx)])


def prove_all(proved: ProvedMailbox) -> None:
    prove.request_all(proved.scenario.context)
    proved.scenario.run_until_idle()


@pytest.mark.parametrize(
    "place",
    [
        "engine.reconciliation.outlook:_list_folder",
        "engine.discovery.discover:_read_folder",
    ],
)
def test_folder_that_raises_in_a_proof_stops_no_other(proved: ProvedMailbox, place: str) -> None:
    with proved.scenario.context.begin() as tx:
        sent = text("SELECT graph_id FROM folder WHERE place = 'sent'")
        graph_id = tx.connection.execute(sent).scalar_one()
    proved.sql("DELETE FROM item WHERE graph_id = :i", i=proved.synced[0])
    with planted(place, graph_id).watching() as planting:
        prove_all(proved)
    assert planting.raised
    assert proved.scenario.item(proved.box, proved.synced[0]).state is State.SYNCED
    assert len(proved.scenario.activities) == 4


def test_mailbox_that_raises_in_a_proof_stops_no_other(scenario: Scenario) -> None:
    for address in (KIM, LIS):
        scenario.add_mailbox(address)
    with planted("engine.reconciliation.outlook:_prove", KIM).watching():
        proofs = {p.address: p.trouble for p in prove.prove_mailboxes(scenario.context)}
    assert "Planted" in str(proofs[KIM])
    assert proofs[LIS] is None


def test_copy_that_raises_in_a_proof_is_left_out_alone(proved: ProvedMailbox) -> None:
    odd, fine = proved.synced[:2]
    for item in (odd, fine):
        proved.box.set_categories(item, ("Red",))
        proved.scenario.discover()
        proved.box.set_categories(item, ("Red",))
        version = proved.box.read(item).change_key
        proved.sql("UPDATE item SET change_key = :k WHERE graph_id = :i", k=version, i=item)
    with planted("engine.reconciliation.differences:is_unmarked", odd).watching() as planting:
        prove_all(proved)
    assert planting.raised
    assert set(BOTH) < set(proved.box.read(fine).categories)
    assert proved.box.read(odd).categories == ("Red",)


def test_stuck_copy_that_raises_stops_no_other(
    proved: ProvedMailbox,
) -> None:
    odd, fine = proved.synced[:2]
    stuck = "UPDATE item SET state = 'filed', mark_due_at = NULL WHERE graph_id = ANY(:i)"
    proved.sql(stuck, i=[odd, fine])
    with planted("store.items.transitions:move_on", odd).watching() as planting:
        prove_all(proved)
    assert planting.raised
    assert proved.scenario.item(proved.box, fine).state is State.SYNCED
    assert proved.scenario.item(proved.box, odd).state is State.FILED
    proved.check_healed(Kind.STATE)


@pytest.mark.parametrize(
    "place",
    [
        "store.recovery:move",
        "webcrm.wire:read_keyed_activity",
    ],
)
def test_activity_that_raises_in_a_proof_is_left_out_alone(
    proved: ProvedMailbox, place: str
) -> None:
    proved.scenario.add_contact(LIS, "Skovby")
    there = proved.scenario.organisations["Skovby"]
    odd, fine, gone = (proved.activity_id(n) for n in range(3))
    crm = proved.scenario.sandbox.crm
    for number in (odd, fine):
        crm.tables["Activity"].update(number, {"ActivityOrganisationId": there})
    crm.tables["Activity"].delete(gone)
    key = next(a for a in proved.scenario.activities if a["ActivityId"] == odd)["ActivityCustom15"]
    with planted(place, key).watching():
        prove_all(proved)
    with proved.scenario.context.begin() as tx:
        moved = tx.connection.execute(
            text("SELECT organisation_id FROM filing WHERE activity_id = :a"), {"a": fine}
        ).scalar_one()
    assert moved == there
    assert not [
        j for j in read_status(proved.scenario.context).held_jobs if j.task == "prove webcrm"
    ]
    assert len(proved.scenario.activities) == 3


def test_folder_that_raises_in_keep_stops_no_other(proved: ProvedMailbox) -> None:
    for where in ("inbox", "sentitems"):
        proved.box.delete_folder(f"{where}/{FOLDER}")
    with planted(
        "engine.mailboxes.folders:_forget_folder", Place.INBOX.value
    ).watching() as planting:
        for _ in range(2):
            proved.scenario.wait(timedelta(minutes=10))
        item = proved.scenario.drag(proved.box, Mail("Later", KIM, BO), place="sentitems")
        proved.scenario.discover()
    assert planting.raised
    assert proved.box.read(item).categories == BOTH


def test_update_that_raises_stops_no_other(proved: ProvedMailbox) -> None:
    pane_user = PaneUser(proved.scenario, proved.box)
    for item in proved.synced[:2]:
        pane_user.undo(item)
    with planted("engine.filing.activity_updates:_subject", "Mail 0").watching() as planting:
        proved.scenario.discover()
    assert planting.raised
    told = sorted(str(a["ActivityDescription"]) for a in proved.scenario.activities)
    assert told == ["From webCRM", "Mail 0", "Mail 2", "[withdrawn] Mail 1"]


def test_sync_request_that_raises_is_retried_and_stops_no_other(proved: ProvedMailbox) -> None:
    pane_user, item = PaneUser(proved.scenario, proved.box), proved.synced[0]
    new = proved.box.deliver(Mail("Pressed", BO, KIM))
    with planted("engine.pane.undo:_withdraw", item).watching(), pytest.raises(PlantedError):
        pane_user.undo(item)
    with planted("engine.pane.actions:_move_in", new).watching(), pytest.raises(PlantedError):
        pane_user.sync(new)
    fine = proved.scenario.drag(proved.box, Mail("Fine", BO, KIM))
    proved.scenario.discover()
    assert proved.box.read(fine).categories == BOTH
    pane_user.undo(item)
    pane_user.sync(new)
    proved.scenario.discover()
    assert proved.box.read(new).categories == BOTH
    subjects = [str(a["ActivityDescription"]) for a in proved.scenario.activities]
    assert sorted(subjects).count("Pressed") == 1
