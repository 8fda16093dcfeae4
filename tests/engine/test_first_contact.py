"""`mailbox add`: folders that exist, are created or change, and mails that are left alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.scenario import BO, BOTH, FOLDER, KIM, OpenScenario, Scenario
from webcrm_sync.core.outlook import Place
from webcrm_sync.core.states import Reason, State
from webcrm_sync.engine.mailboxes import admin
from webcrm_sync.engine.mailboxes.admin import NotWatched
from webcrm_sync.store import events, mailboxes
from webcrm_sync_sandbox.outlook.mail import Mail

OLD = ("Customer", "webCRM sync", "Synced")


@pytest.mark.parametrize("language", ["en", "da", "de"])
def test_folders_and_categories_are_created_in_any_language(
    scenario: Scenario, language: str
) -> None:
    box = scenario.add_mailbox(language=language)
    assert box.folder(f"inbox/{FOLDER}").parent is box.folder("inbox")
    assert box.folder(f"sentitems/{FOLDER}").parent is box.folder("sentitems")
    colours = {c.name: c.color for c in box.categories.values()}
    assert colours == {"webCRM sync": "preset7", "Synced": "preset4", "Not synced": "preset0"}


def test_adding_twice_changes_nothing(scenario: Scenario) -> None:
    box = scenario.add_mailbox()
    folders = len(box.folders)
    scenario.watch()
    assert len(box.folders) == folders


def test_existing_folders_are_used_and_counted(scenario: Scenario) -> None:
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    box.make_folder("inbox", "WEBCRM SYNC")
    box.make_folder(box.root, FOLDER)
    box.put(Mail("New", BO, KIM), "inbox/webCRM sync")
    box.put(Mail("Old", BO, KIM, categories=OLD), "inbox/webCRM sync")
    found = {f.place: f for f in admin.inspect(scenario.context, KIM).folders}
    assert not [e for e in scenario.sandbox.journal.exchanges if e.contents]
    assert (found[Place.INBOX].mails, found[Place.INBOX].synced_before) == (2, 1)
    assert found[Place.SENT].name is None
    assert found[Place.ROOT].mails == 0


def test_mails_that_another_product_synced_are_left_alone(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = box.make_folder("inbox", FOLDER)
    old = box.put(Mail("Old", BO, KIM, categories=OLD), folder)
    new = box.put(Mail("New", BO, KIM), folder)
    scenario.poll_webcrm()
    scenario.watch()
    scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities] == ["New"]
    row = scenario.item(box, old)
    assert (row.state, row.reason) == (State.SKIPPED, Reason.SYNCED_BEFORE)
    assert box.read(old).categories == OLD
    assert box.read(new).categories == BOTH


def test_mailbox_added_again_finds_its_own_activities_by_key(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    item = scenario.drag(box, Mail("Once only", BO, KIM))
    scenario.discover()
    admin.remove(scenario.context, KIM)
    with pytest.raises(NotWatched):
        admin.remove(scenario.context, KIM)
    scenario.watch()
    scenario.discover()
    assert len(scenario.activities) == 1
    assert scenario.item(box, item).state is State.SYNCED


def test_renamed_and_moved_folders_keep_working(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    folder = box.folder(f"inbox/{FOLDER}")
    box.rename_folder(folder, "Customers")
    box.move_folder(folder, box.root)
    scenario.wait(timedelta(minutes=15))
    item = box.deliver(Mail("Still", BO, KIM))
    box.move(item, folder)
    scenario.discover()
    assert box.read(item).categories == BOTH


def test_deleted_folder_is_created_again_and_the_timeline_says_so(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    box.delete_folder(f"inbox/{FOLDER}")
    scenario.wait(timedelta(minutes=15))
    item = scenario.drag(box, Mail("Into the new one", BO, KIM))
    scenario.discover()
    assert box.read(item).categories == BOTH
    with scenario.context.begin() as tx:
        (watched,) = mailboxes.all_mailboxes(tx)
        kinds = [e.kind for e in events.of_mailbox(tx.connection, watched.id)]
    assert kinds.count("folder is gone") == 1
    assert kinds.count("folder made") == 3


def test_root_level_folder_created_later_counts_too(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    folder = box.make_folder(box.root, FOLDER)
    scenario.wait(timedelta(minutes=15))
    item = box.deliver(Mail("At the root", BO, KIM))
    box.move(item, folder)
    scenario.discover()
    assert box.read(item).categories == BOTH


def test_nothing_outside_the_folders_is_read(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    scenario.sandbox.journal.clear()
    secret = box.deliver(Mail("Private", BO, KIM))
    read = scenario.drag(box, Mail("Business", BO, KIM))
    scenario.poll_webcrm()
    contents = {i for e in scenario.sandbox.journal.exchanges for i in e.contents}
    assert read in contents
    assert secret not in contents


def test_mails_sent_from_webcrm_before_the_mailbox_was_added_are_not_mirrored(
    scenario: Scenario,
) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.sandbox.crm.send_mail(user, person, "Old", "Old")
    scenario.sandbox.clock.advance(timedelta(hours=1))
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    assert box.messages(f"sentitems/{FOLDER}") == []


def test_mirror_since_mirrors_mails_sent_before_the_mailbox_was_added(
    open_scenario: OpenScenario,
) -> None:
    scenario = open_scenario(MIRROR_SINCE="2020-01-01T00:00:00Z")
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    scenario.sandbox.crm.send_mail(user, person, "Old", "Old")
    scenario.sandbox.clock.advance(timedelta(hours=1))
    scenario.run_until_idle()
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    assert [m.subject for m in box.messages(f"sentitems/{FOLDER}")] == ["Old"]


def test_mailbox_without_access_waits_and_the_others_continue(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = scenario.add_mailbox()
    eva = scenario.add_mailbox("eva@nordwind.example", "Eva")
    scenario.poll_webcrm()
    kim.has_licence = False
    lost = kim.deliver(Mail("Waits", BO, KIM))
    kim.move(lost, f"inbox/{FOLDER}")
    fine = scenario.drag(eva, Mail("Goes on", BO, "eva@nordwind.example"))
    scenario.discover()
    assert eva.read(fine).categories == BOTH
    kim.has_licence = True
    for _ in range(3):
        scenario.wait(timedelta(minutes=15))
    assert kim.read(lost).categories == BOTH


def test_texts_are_deleted_once_filed_and_after_a_month_at_the_latest(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.add_mailbox()
    scenario.poll_webcrm()
    done = scenario.drag(box, Mail("Done", BO, KIM, body="<p>secret</p>"))
    waits = scenario.drag(box, Mail("Waits", "who@nowhere.example", KIM, body="<p>hello</p>"))
    scenario.discover()

    def contents() -> dict[str, str | None]:
        with scenario.context.begin() as tx:
            rows = tx.connection.exec_driver_sql("SELECT subject, content FROM email")
            return {row.subject: row.content for row in rows}

    assert contents() == {"Done": None, "Waits": "<p>hello</p>"}
    scenario.wait_a_month()
    assert contents() == {"Done": None, "Waits": None}
    scenario.add_contact("who@nowhere.example", "Late")
    scenario.poll_webcrm()
    (activity,) = scenario.activities_under("Late")
    assert activity["ActivityMemo"].endswith("hello")
    assert box.read(waits).categories == box.read(done).categories == BOTH
