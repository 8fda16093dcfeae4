"""`prove` and webCRM: Activities that were lost, removed, moved, doubled or mixed up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from support.pane_user import Desk
from support.reconciliation import Ground
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, PENDING
from webcrm_sync.core.filing import filing_key
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync.engine.reconciliation.differences import Kind
from webcrm_sync_sandbox.outlook.mail import Mail


def test_activity_deleted_in_webcrm_is_not_made_again_until_somebody_asks(ground: Ground) -> None:
    gone, item = ground.activity(0), ground.synced[0]
    ground.play.stage.crm.tables["Activity"].delete(gone)
    (found,) = ground.differences()
    assert (found.kind, found.activities) == (Kind.REMOVED, (gone,))
    assert ground.differences() == []
    row = ground.play.item(ground.box, item)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.REMOVED_IN_WEBCRM)
    assert ground.box.read(item).categories == PENDING
    assert len(ground.play.activities) == 3
    story = ground.play.story(ground.box.read(item))
    assert "deleted in webCRM" in story.lines[-1].sentence
    ground.box.move(item, "inbox")
    ground.play.look()
    ground.box.move(item, f"inbox/{FOLDER}")
    ground.play.look()
    assert ground.box.read(item).categories == BOTH
    assert len(ground.play.activities) == 4
    assert ground.differences() == []


def test_every_copy_shows_that_a_deleted_mail_was_synced_anyway(ground: Ground) -> None:
    play, item = ground.play, ground.synced[0]
    copied = ground.box.copy(item, ground.box.folder(f"sentitems/{FOLDER}"))
    play.look()
    play.stage.crm.tables["Activity"].delete(ground.activity(0))
    ground.differences()
    assert ground.box.read(copied).categories == PENDING
    Desk(play, ground.box).anyway(item)
    play.look()
    assert ground.box.read(item).categories == ground.box.read(copied).categories == BOTH


def test_activity_deleted_under_one_of_two_organisations_leaves_the_mail_synced(
    ground: Ground,
) -> None:
    ground.play.contact(LIS, "Skovby")
    ground.play.refresh()
    item = ground.play.drag(ground.box, Mail("To both", BO, KIM, cc=(LIS,)))
    ground.play.look()
    ground.play.wait(timedelta(hours=2))
    (under,) = ground.play.under("Skovby")
    ground.play.stage.crm.tables["Activity"].delete(under["ActivityId"])
    ground.heals(Kind.REMOVED)
    assert ground.box.read(item).categories == BOTH


@pytest.mark.parametrize("is_story_lost", [False, True])
def test_filing_that_was_lost_is_taken_over_with_its_documents(
    ground: Ground, is_story_lost: bool
) -> None:
    if is_story_lost:
        ground.sql("DELETE FROM event WHERE kind = 'filed'")
    ground.sql(
        "DELETE FROM filing WHERE email_id = (SELECT id FROM email WHERE subject = 'Mail 2')"
    )
    ground.heals(Kind.LOST_FILING)
    with ground.play.context.begin() as tx:
        count = text("SELECT count(*) FROM document WHERE document_id IS NOT NULL")
        assert tx.connection.scalar(count) == 6
    assert (len(ground.play.activities), len(ground.play.documents)) == (4, 6)


def test_filing_that_was_taken_for_unsent_is_not_sent_again(ground: Ground) -> None:
    ground.sql(
        "UPDATE filing SET activity_id = NULL, intent_at = NULL, is_complete = true"
        " WHERE activity_id = :a",
        a=ground.activity(1),
    )
    ground.heals(Kind.LOST_FILING)
    assert len(ground.play.activities) == 4


def test_two_activities_with_one_key_are_told_and_left_to_a_person(ground: Ground) -> None:
    first = ground.activity(0)
    second = ground.copy_of(first)
    for _ in range(2):
        (found,) = ground.differences()
        assert (found.kind, found.is_healed) == (Kind.DOUBLE, False)
        assert found.activities == (first, second)
        assert found.message_id == ground.box.read(ground.synced[0]).message_id
    ground.play.stage.crm.tables["Activity"].delete(first)
    assert {d.kind for d in ground.differences()} == {Kind.WRONG_ACTIVITY}
    assert ground.differences() == []


def test_filing_that_holds_another_activity_is_corrected(ground: Ground) -> None:
    right = ground.activity(0)
    (other,) = [
        a["ActivityId"] for a in ground.play.activities if "From" in a["ActivityDescription"]
    ]
    ground.sql("UPDATE filing SET activity_id = :b WHERE activity_id = :a", a=right, b=other)
    ground.heals(Kind.WRONG_ACTIVITY)
    with ground.play.context.begin() as tx:
        ids = set(tx.connection.execute(text("SELECT activity_id FROM filing")).scalars())
    assert ids == {ground.activity(n) for n in range(3)}


def test_activity_moved_in_webcrm_stays_where_a_person_put_it(ground: Ground) -> None:
    ground.play.contact(LIS, "Skovby")
    ground.play.refresh()
    place = ground.play.organisations["Skovby"]
    ground.play.stage.crm.edit_activity(ground.activity(0), ActivityOrganisationId=place)
    ground.heals(Kind.MOVED)
    assert [a["ActivityId"] for a in ground.play.under("Skovby")] == [ground.activity(0)]


def test_activity_that_lost_its_key_is_told(ground: Ground) -> None:
    ground.play.stage.crm.edit_activity(ground.activity(0), ActivityCustom15="")
    (found,) = ground.differences()
    assert (found.kind, found.is_healed) == (Kind.KEY_MISSING, False)
    assert found.key is not None
    assert found.key.startswith("ms1-")
    ground.play.stage.crm.edit_activity(ground.activity(0), ActivityCustom15=found.key)
    assert ground.differences() == []


def test_synced_mail_of_which_nothing_stands_is_not_called_synced(ground: Ground) -> None:
    ground.play.stage.crm.tables["Activity"].delete(ground.activity(0))
    ground.sql(
        "DELETE FROM filing WHERE NOT EXISTS (SELECT 1 FROM email WHERE id = email_id"
        " AND subject <> 'Mail 0')"
    )
    ground.heals(Kind.NO_ACTIVITY)
    assert ground.box.read(ground.synced[0]).categories == PENDING


def test_another_webcrm_behind_the_token_changes_nothing(ground: Ground) -> None:
    for number in range(12):
        ground.play.drag(ground.box, Mail(f"More {number}", BO, KIM))
    ground.play.look()
    ground.play.wait(timedelta(hours=2))
    table = ground.play.stage.crm.tables["Activity"]
    for activity in ground.play.activities:
        table.delete(activity["ActivityId"])
    (found,) = ground.differences()
    assert (found.kind, found.is_healed) == (Kind.MOST_MISSING, False)
    assert all(ground.box.read(i).categories == BOTH for i in ground.synced)


def test_activities_of_a_mailbox_that_is_gone_are_no_difference(ground: Ground) -> None:
    key = filing_key(ground.play.context.tenant_id, "<of-eva@nordwind.example>", 1)
    stranger = ground.copy_of(ground.activity(0))
    ground.play.stage.crm.edit_activity(stranger, ActivityCustom15=key)
    *_, crm = prove.prove_webcrm(ground.play.context)
    assert (crm.activities, crm.others, crm.differences) == (3, 1, ())


def test_the_search_lagging_behind_is_no_difference(ground: Ground) -> None:
    ground.play.stage.crm.search_lag = timedelta(hours=9)
    ground.play.stage.crm.edit_activity(ground.activity(0), ActivityDescription="Mail 0")
    assert ground.differences() == []
