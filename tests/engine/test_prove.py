"""`prove` and Outlook: differences are found, fixed, and gone the next time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.interleave import worker
from support.reconciliation import ProvedMailbox, prove_mailbox
from support.scenario import BO, BOTH, FOLDER, KIM, PENDING, Scenario
from webcrm_sync.core.jobs import Job
from webcrm_sync.core.states import State
from webcrm_sync.engine.operations.status import read_status
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Kind, WebcrmProof
from webcrm_sync.worker import run_step
from webcrm_sync_sandbox.outlook.mail import Mail


def test_equal_folders_are_counted_one_by_one(proved: ProvedMailbox) -> None:
    (proof,) = prove.prove_mailboxes(proved.scenario.context)
    counts = {f.place: (f.in_folder, f.counts) for f in proof.folders}
    assert counts["inbox"] == (4, {"synced": 3, "waiting: no contact": 1})
    assert counts["sent"] == (1, {"mirrored": 1})
    *_, crm = prove.prove_webcrm(proved.scenario.context)
    assert crm == WebcrmProof(activities=3, filings=3)


def test_proof_writes_nothing_anywhere_and_reads_no_content(proved: ProvedMailbox) -> None:
    assert proved.differences() == []
    proved.scenario.sandbox.journal.clear()
    assert proved.differences() == []
    exchanges = proved.scenario.sandbox.journal.exchanges
    writes = [e for e in exchanges if e.method != "GET" and "$batch" not in e.path]
    assert [e.path for e in writes if "ApiLogin" not in e.path and e.service != "entra"] == []
    assert [i for e in exchanges for i in e.contents] == []


def test_mail_that_delta_never_reported_is_discovered_and_not_filed_twice(
    proved: ProvedMailbox,
) -> None:
    proved.sql("DELETE FROM item WHERE graph_id = :i", i=proved.synced[0])
    proved.check_healed(Kind.UNKNOWN_MAIL)
    assert len(proved.scenario.activities) == 4
    assert proved.scenario.item(proved.box, proved.synced[0]).state is State.SYNCED


def test_mail_whose_rows_are_lost_is_recognised_by_its_stamp(proved: ProvedMailbox) -> None:
    proved.sql("DELETE FROM email WHERE subject = 'Mail 0'")
    kinds = {d.kind for d in proved.differences()}
    assert kinds == {Kind.UNKNOWN_MAIL, Kind.LOST_FILING}
    assert proved.differences() == []
    assert (len(proved.scenario.activities), len(proved.scenario.documents)) == (4, 6)


def test_mail_that_left_the_folder_is_moved_out(proved: ProvedMailbox) -> None:
    (folder,) = _column(proved, "SELECT folder_id FROM item WHERE graph_id = :i", proved.waiting)
    proved.box.move(proved.waiting, "inbox")
    proved.scenario.discover()
    proved.sql(
        "UPDATE item SET folder_id = :f, state = 'waiting', reason = 'no contact',"
        " mark_due_at = NULL WHERE graph_id = :i",
        f=folder,
        i=proved.waiting,
    )
    proved.check_healed(Kind.NOT_IN_FOLDER)
    assert proved.scenario.item(proved.box, proved.waiting).folder_id is None
    assert proved.box.read(proved.waiting).categories == ()


def _column(proved: ProvedMailbox, query: str, graph_id: str) -> list[object]:
    with proved.scenario.context.begin() as tx:
        return list(tx.connection.execute(text(query), {"i": graph_id}).scalars())


@pytest.mark.parametrize("is_synced", [True, False])
def test_wrong_categories_are_written_again(proved: ProvedMailbox, is_synced: bool) -> None:
    item = proved.synced[0] if is_synced else proved.waiting
    truth, lie = (BOTH, ("Red", "webCRM sync")) if is_synced else (PENDING, ("Red", *BOTH))
    proved.box.set_categories(item, lie)
    proved.scenario.discover()
    proved.box.set_categories(item, lie)
    version = proved.box.read(item).change_key
    proved.sql("UPDATE item SET change_key = :k WHERE graph_id = :i", k=version, i=item)
    proved.check_healed(Kind.CATEGORIES)
    assert set(proved.box.read(item).categories) == {"Red", *truth}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE item SET state = 'waiting', reason = 'no contact' WHERE graph_id = :i",
        "UPDATE item SET state = 'matched' WHERE graph_id = :i",
        "UPDATE item SET state = 'filed', mark_due_at = NULL WHERE graph_id = :i",
    ],
)
def test_stuck_mail_is_advanced(proved: ProvedMailbox, damage: str) -> None:
    proved.sql(damage, i=proved.synced[1])
    kinds = {d.kind for d in proved.differences()}
    assert Kind.STATE in kinds
    assert kinds <= {Kind.STATE, Kind.CATEGORIES}
    assert proved.differences() == []
    assert proved.box.read(proved.synced[1]).categories == BOTH


@pytest.mark.parametrize(
    "damage", ["'garbage'", "split_part(cursor, '=', 1) || '=of-another-time'"]
)
def test_cursor_that_is_not_a_url_of_graph_is_reset(proved: ProvedMailbox, damage: str) -> None:
    proved.sql(f"UPDATE folder SET cursor = {damage} WHERE place = 'inbox'")
    proved.check_healed(Kind.CURSOR)
    late = proved.scenario.drag(proved.box, Mail("Late", BO, KIM))
    proved.scenario.discover()
    assert proved.box.read(late).categories == BOTH


def test_subscription_that_graph_lost_is_replaced(scenario: Scenario) -> None:
    proved = prove_mailbox(scenario)
    proved.sql("UPDATE folder SET subscription_id = 'long-gone' WHERE place = 'sent'")
    proved.check_healed(Kind.PUSH)


def test_mirror_that_its_owner_removed_is_not_created_again(proved: ProvedMailbox) -> None:
    (mirror,) = proved.box.messages(f"sentitems/{FOLDER}")
    for _ in range(2):
        proved.box.delete(mirror.id)
    proved.scenario.discover()
    (proof,) = prove.prove_mailboxes(proved.scenario.context)
    assert (proof.mirrors_removed, proof.differences) == (1, ())
    assert proved.differences() == []
    assert proved.box.messages(f"sentitems/{FOLDER}") == []


def test_the_nightly_jobs_compare_everything_in_short_steps(proved: ProvedMailbox) -> None:
    proved.sql("DELETE FROM item WHERE graph_id = :i", i=proved.synced[0])
    prove.request_all(proved.scenario.context)
    proved.scenario.discover()
    assert proved.differences() == []
    with proved.scenario.context.begin() as tx:
        told = tx.connection.execute(text("SELECT due_at FROM mailbox_proof")).scalars().all()
    assert told == [None]


def test_proof_of_an_unavailable_mailbox_says_why(proved: ProvedMailbox) -> None:
    proved.box.has_licence = False
    (proof,) = prove.prove_mailboxes(proved.scenario.context)
    assert proof.trouble


def test_bug_in_a_proof_stops_no_other_and_is_retried(proved: ProvedMailbox) -> None:
    scenario = proved.scenario
    prove.request_all(scenario.context)
    (box,) = _column(proved, "SELECT mailbox_id FROM item WHERE graph_id = :i", proved.waiting)
    assert isinstance(box, int)
    broken = worker(scenario, "graph", "list_folder_mails", before=die_of_a_bug)
    run_step(broken.context, Job.PROVE_MAILBOX, box)
    (mailbox,) = read_status(scenario.context).mailboxes
    assert (mailbox.trouble, mailbox.proved.at) == (None, None)
    scenario.wait(timedelta(minutes=31))
    (mailbox,) = read_status(scenario.context).mailboxes
    assert mailbox.proved.at is not None


def die_of_a_bug() -> None:
    """An unforeseen error."""
    raise RuntimeError("unforeseen")
