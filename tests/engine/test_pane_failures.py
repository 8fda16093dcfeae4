"""The actions in the pane while services fail, answers are lost and others act too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.errors import Gone, Refused, SyncError, TryLater, Unclear
from webcrm_sync.engine.pane import sender_rules
from webcrm_sync.engine.pane.contacts import PersonDraft, create_contact
from webcrm_sync.engine.pane.mail_status_rules import DisplayStatus
from webcrm_sync_sandbox.outlook.mail import File, Mail


def synced(scenario: Scenario, kim: PaneUser, subject: str = "Offer?") -> str:
    """A filed mail with an attachment."""
    mail = kim.box.deliver(Mail(subject, BO, KIM, attachments=(File("plan.pdf", b"%PDF"),)))
    kim.sync(mail)
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED
    return mail


def test_undo_reaches_webcrm_once_it_is_back(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = synced(scenario, kim)
    scenario.sandbox.faults.unavailable("webcrm")
    assert kim.undo(mail).status is DisplayStatus.NEW
    scenario.run_until_idle()
    assert scenario.activities[0]["ActivityDescription"] == "Offer?"
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert scenario.activities[0]["ActivityDescription"] == "[withdrawn] Offer?"
    assert scenario.documents == []


def test_undo_and_sync_before_webcrm_was_called_change_nothing_there(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = synced(scenario, kim)
    kim.undo(mail)
    kim.sync(mail)
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED
    (activity,) = scenario.activities
    assert activity["ActivityDescription"] == "Offer?"
    assert len(scenario.documents) == 1


@pytest.mark.parametrize("number", range(1, 6))
def test_a_lost_answer_while_an_activity_is_moved_does_no_harm(
    scenario: Scenario, number: int
) -> None:
    scenario.add_contact(BO)
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    mail = synced(scenario, kim)
    kim.choose(mail, scenario.organisations["Skovby"])
    calls = iter(range(1, 100))
    scenario.sandbox.faults.lose("webcrm", when=lambda *_: next(calls) == number)
    scenario.run_until_idle()
    scenario.run_all_retries()
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == scenario.organisations["Skovby"]
    (document,) = scenario.documents
    assert document["DocumentOrganisationId"] == scenario.organisations["Skovby"]
    assert kim.status(mail).status is DisplayStatus.SYNCED


def test_a_deleted_activity_is_created_again_by_sync(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = synced(scenario, kim)
    kim.undo(mail)
    scenario.run_until_idle()
    scenario.sandbox.crm.tables["Activity"].delete(scenario.activities[0]["ActivityId"])
    kim.sync(mail)
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityDescription"] == "Offer?"
    assert kim.status(mail).status is DisplayStatus.SYNCED


def test_the_last_of_two_choices_counts(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    mail = synced(scenario, kim)
    kim.choose(mail, scenario.organisations["Skovby"])
    kim.choose(mail, scenario.organisations["Havnebyg"])
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityOrganisationId"] == scenario.organisations["Havnebyg"]


def test_an_organisation_that_webcrm_does_not_have_is_refused_before_anything_happens(
    scenario: Scenario,
) -> None:
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    with pytest.raises(Refused):
        kim.sync(mail, 999)
    assert kim.status(mail).status is DisplayStatus.NEW


def test_an_action_ends_the_back_off_of_the_mailbox(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    scenario.sandbox.faults.throttle("graph", retry_after=600)
    scenario.discover()
    scenario.sandbox.faults.clear()
    kim.sync(mail)
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED


def test_the_timeline_names_who_chose_and_who_undid(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    mail = synced(scenario, kim)
    kim.choose(mail, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    kim.undo(mail)
    scenario.run_until_idle()
    sentences = kim.timeline(kim.ref(mail))
    assert "Chosen by Kim Nordwind: Skovby." in sentences
    assert "Taken out of the folder by Kim Nordwind." in sentences
    assert sentences[-1].startswith("Withdrawn from webCRM")


def test_the_timeline_of_a_deleted_mail_raises_gone(scenario: Scenario) -> None:
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    ref = kim.ref(mail)
    kim.box.delete(mail)
    kim.box.delete(mail)
    with pytest.raises(Gone):
        kim.timeline(ref)


def test_a_synced_mail_is_found_by_the_id_it_had_before_the_move(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM, message_id=None))
    ref = kim.ref(mail)
    kim.sync(mail)
    assert kim.status_of(ref).status is DisplayStatus.ON_ITS_WAY
    scenario.run_until_idle()
    before = len(scenario.sandbox.journal.exchanges)
    assert kim.status_of(ref).status is DisplayStatus.SYNCED
    assert len(scenario.sandbox.journal.exchanges) == before


def create_simultaneously(scenario: Scenario, draft: PersonDraft) -> list[int]:
    def create(_: int) -> int | None:
        try:
            return create_contact(scenario.context, draft)
        except TryLater:
            return None

    with ThreadPoolExecutor(4) as people:
        return [i for i in people.map(create, range(4)) if i is not None]


def test_simultaneous_requests_for_one_contact_create_one(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    add_pane_user(scenario)
    draft = PersonDraft("Lis Skov", LIS, scenario.organisations["Havnebyg"])
    made = create_simultaneously(scenario, draft)
    assert len(set(made)) == 1
    assert create_contact(scenario.context, draft) == made[0]
    assert [p["PersonEmail"] for p in scenario.sandbox.crm.persons].count(LIS) == 1


def test_after_an_unclear_answer_the_contact_is_searched_before_it_is_created(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    add_pane_user(scenario)
    draft = PersonDraft("Lis Skov", LIS, scenario.organisations["Havnebyg"])
    scenario.sandbox.faults.lose(
        "webcrm", when=lambda method, path: method == "POST" and "Person" in path
    )
    with pytest.raises(Unclear):
        create_contact(scenario.context, draft)
    scenario.sandbox.faults.clear()
    with pytest.raises(TryLater):
        create_contact(scenario.context, draft)
    scenario.run_all_retries()
    assert create_contact(scenario.context, draft) == scenario.sandbox.crm.persons[-1]["PersonId"]
    assert [p["PersonEmail"] for p in scenario.sandbox.crm.persons].count(LIS) == 1


def test_simultaneously_added_senders_are_all_kept(scenario: Scenario) -> None:
    kim = add_pane_user(scenario)
    wanted = [f"p{n}@havnebyg.example" for n in range(4)]

    def add(address: str) -> None:
        try:
            sender_rules.add_sender(scenario.context, kim.user, address)
        except SyncError:
            sender_rules.add_sender(scenario.context, kim.user, address)

    with ThreadPoolExecutor(4) as people:
        list(people.map(add, wanted))
    assert set(sender_rules.list_senders(scenario.context, kim.user)) == set(wanted)


def test_a_rule_holds_many_senders_and_foreign_rules_stay_unchanged(scenario: Scenario) -> None:
    kim = add_pane_user(scenario)
    folder = kim.box.folder(f"inbox/{FOLDER}")
    person = [{"emailAddress": {"address": LIS}}]
    kim.box.add_rule(
        "My own", conditions={"fromAddresses": person}, actions={"moveToFolder": folder.id}
    )
    for n in range(sender_rules.SENDERS_PER_RULE + 1):
        sender_rules.add_sender(scenario.context, kim.user, f"p{n}@havnebyg.example")
    assert sorted(r.name for r in kim.box.rules.values()) == [
        "My own",
        "webCRM sync: senders",
        "webCRM sync: senders 2",
    ]
    assert LIS not in sender_rules.list_senders(scenario.context, kim.user)
