"""`prove` and webCRM: Activities that were lost, deleted, moved, duplicated or mixed up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.pane_user import PaneUser
from support.reconciliation import ProvedMailbox
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING
from webcrm_sync.core.identity import filing_key
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Kind
from webcrm_sync_sandbox.outlook.mail import Mail


def test_activity_deleted_in_webcrm_is_created_again_only_on_request(
    proved: ProvedMailbox,
) -> None:
    gone, item = proved.activity_id(0), proved.synced[0]
    proved.scenario.sandbox.crm.tables["Activity"].delete(gone)
    (found,) = proved.differences()
    assert (found.kind, found.activities) == (Kind.REMOVED, (gone,))
    assert proved.differences() == []
    row = proved.scenario.item(proved.box, item)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.REMOVED_IN_WEBCRM)
    assert proved.box.read(item).categories == PENDING
    assert len(proved.scenario.activities) == 3
    story = proved.scenario.timeline(proved.box.read(item))
    assert "deleted in webCRM" in story.lines[-1].sentence
    proved.box.move(item, "inbox")
    proved.scenario.discover()
    proved.box.move(item, f"inbox/{FOLDER}")
    proved.scenario.discover()
    assert proved.box.read(item).categories == BOTH
    assert len(proved.scenario.activities) == 4
    assert proved.differences() == []


def test_every_copy_shows_that_a_deleted_mail_was_synced_anyway(proved: ProvedMailbox) -> None:
    scenario, item = proved.scenario, proved.synced[0]
    copied = proved.box.copy(item, proved.box.folder(f"sentitems/{FOLDER}"))
    scenario.discover()
    scenario.sandbox.crm.tables["Activity"].delete(proved.activity_id(0))
    proved.differences()
    assert proved.box.read(copied).categories == PENDING
    PaneUser(scenario, proved.box).sync_anyway(item)
    scenario.discover()
    assert proved.box.read(item).categories == proved.box.read(copied).categories == BOTH


def test_activity_deleted_under_one_of_two_organisations_leaves_the_mail_synced(
    proved: ProvedMailbox,
) -> None:
    proved.scenario.add_contact(LIS, "Skovby")
    proved.scenario.poll_webcrm()
    item = proved.scenario.drag(proved.box, Mail("To both", BO, KIM, cc=(LIS,)))
    proved.scenario.discover()
    proved.scenario.wait(timedelta(hours=2))
    (under,) = proved.scenario.activities_under("Skovby")
    proved.scenario.sandbox.crm.tables["Activity"].delete(under["ActivityId"])
    proved.check_healed(Kind.REMOVED)
    assert proved.box.read(item).categories == BOTH


@pytest.mark.parametrize("is_story_lost", [False, True])
def test_lost_filing_is_adopted_with_its_documents(
    proved: ProvedMailbox, is_story_lost: bool
) -> None:
    if is_story_lost:
        proved.sql("DELETE FROM event WHERE kind = 'filed'")
    proved.sql(
        "DELETE FROM filing WHERE email_id = (SELECT id FROM email WHERE subject = 'Mail 2')"
    )
    proved.check_healed(Kind.LOST_FILING)
    with proved.scenario.context.begin() as tx:
        count = text("SELECT count(*) FROM document WHERE document_id IS NOT NULL")
        assert tx.connection.scalar(count) == 6
    assert (len(proved.scenario.activities), len(proved.scenario.documents)) == (4, 6)


def test_filing_recorded_as_unsent_is_not_sent_again(proved: ProvedMailbox) -> None:
    proved.sql(
        "UPDATE filing SET activity_id = NULL, intent_at = NULL, is_complete = true"
        " WHERE activity_id = :a",
        a=proved.activity_id(1),
    )
    proved.check_healed(Kind.LOST_FILING)
    assert len(proved.scenario.activities) == 4


def test_two_activities_with_one_key_are_reported_for_a_person_to_resolve(
    proved: ProvedMailbox,
) -> None:
    first = proved.activity_id(0)
    second = proved.duplicate_activity(first)
    for _ in range(2):
        (found,) = proved.differences()
        assert (found.kind, found.is_healed) == (Kind.DOUBLE, False)
        assert found.activities == (first, second)
        assert found.message_id == proved.box.read(proved.synced[0]).message_id
    proved.scenario.sandbox.crm.tables["Activity"].delete(first)
    assert {d.kind for d in proved.differences()} == {Kind.WRONG_ACTIVITY}
    assert proved.differences() == []


def test_filing_with_a_wrong_activity_is_corrected(proved: ProvedMailbox) -> None:
    right = proved.activity_id(0)
    (other,) = [
        a["ActivityId"] for a in proved.scenario.activities if "From" in a["ActivityDescription"]
    ]
    proved.sql("UPDATE filing SET activity_id = :b WHERE activity_id = :a", a=right, b=other)
    proved.check_healed(Kind.WRONG_ACTIVITY)
    with proved.scenario.context.begin() as tx:
        ids = set(tx.connection.execute(text("SELECT activity_id FROM filing")).scalars())
    assert ids == {proved.activity_id(n) for n in range(3)}


def test_activity_moved_in_webcrm_stays_where_a_person_put_it(proved: ProvedMailbox) -> None:
    proved.scenario.add_contact(LIS, "Skovby")
    proved.scenario.poll_webcrm()
    place = proved.scenario.organisations["Skovby"]
    proved.scenario.sandbox.crm.edit_activity(proved.activity_id(0), ActivityOrganisationId=place)
    proved.check_healed(Kind.MOVED)
    assert [a["ActivityId"] for a in proved.scenario.activities_under("Skovby")] == [
        proved.activity_id(0)
    ]


def test_activity_that_lost_its_key_is_reported(proved: ProvedMailbox) -> None:
    proved.scenario.sandbox.crm.edit_activity(proved.activity_id(0), ActivityCustom15="")
    (found,) = proved.differences()
    assert (found.kind, found.is_healed) == (Kind.KEY_MISSING, False)
    assert found.key is not None
    assert found.key.startswith("ms1-")
    proved.scenario.sandbox.crm.edit_activity(proved.activity_id(0), ActivityCustom15=found.key)
    assert proved.differences() == []


def test_mail_whose_activity_is_missing_is_no_longer_synced(proved: ProvedMailbox) -> None:
    proved.scenario.sandbox.crm.tables["Activity"].delete(proved.activity_id(0))
    proved.sql(
        "DELETE FROM filing WHERE NOT EXISTS (SELECT 1 FROM email WHERE id = email_id"
        " AND subject <> 'Mail 0')"
    )
    proved.check_healed(Kind.NO_ACTIVITY)
    assert proved.box.read(proved.synced[0]).categories == PENDING


def test_token_of_another_webcrm_changes_nothing(proved: ProvedMailbox) -> None:
    for number in range(12):
        proved.scenario.drag(proved.box, Mail(f"More {number}", BO, KIM))
    proved.scenario.discover()
    proved.scenario.wait(timedelta(hours=2))
    table = proved.scenario.sandbox.crm.tables["Activity"]
    for activity in proved.scenario.activities:
        table.delete(activity["ActivityId"])
    (found,) = proved.differences()
    assert (found.kind, found.is_healed) == (Kind.MOST_MISSING, False)
    assert all(proved.box.read(i).categories == BOTH for i in proved.synced)


def test_activities_of_a_removed_mailbox_are_no_difference(proved: ProvedMailbox) -> None:
    key = filing_key(proved.scenario.context.tenant_id, "<of-eva@nordwind.example>", 1)
    stranger = proved.duplicate_activity(proved.activity_id(0))
    proved.scenario.sandbox.crm.edit_activity(stranger, ActivityCustom15=key)
    *_, crm = prove.prove_webcrm(proved.scenario.context)
    assert (crm.activities, crm.others, crm.differences) == (3, 1, ())


def test_a_lagging_search_is_no_difference(proved: ProvedMailbox) -> None:
    proved.scenario.sandbox.crm.search_lag = timedelta(hours=9)
    proved.scenario.sandbox.crm.edit_activity(proved.activity_id(0), ActivityDescription="Mail 0")
    assert proved.differences() == []
