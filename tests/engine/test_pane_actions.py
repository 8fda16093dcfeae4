"""The actions in the pane, with the whole engine over the sandbox."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, BOTH, FOLDER, KIM, LIS, Scenario
from webcrm_sync.core.message import Party
from webcrm_sync.core.states import Reason
from webcrm_sync.engine.pane.mail_status_rules import (
    Action,
    DisplayStatus,
    Forecast,
    Origin,
    Progress,
)
from webcrm_sync_sandbox.outlook.mail import File, Mail


def test_a_mail_of_a_known_contact_has_a_forecast_and_its_body_is_not_read(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO, "Havnebyg", name="Bo Byg")
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    state = kim.status(mail)
    assert (state.status, state.forecast) == (DisplayStatus.NEW, Forecast.KNOWN)
    (target,) = state.targets
    assert (target.organisation, target.person, target.address) == ("Havnebyg", "Bo Byg", BO)
    assert target.activity_id is None
    assert Action.SYNC in state.actions
    assert state.sender == Party(BO, BO)
    assert mail not in [i for e in scenario.sandbox.journal.exchanges for i in e.contents]


def test_the_button_moves_the_mail_and_the_mail_is_filed(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    state = kim.sync(mail)
    assert state.status is DisplayStatus.ON_ITS_WAY
    assert state.progress == Progress(moved=True)
    assert kim.box.read(mail).folder == FOLDER

    scenario.run_until_idle()
    done = kim.status(mail)
    assert done.status is DisplayStatus.SYNCED
    assert done.progress == Progress(moved=True, read=True, filed=True, marked=True)
    assert (done.origin, done.by) == (Origin.BUTTON, "Kim Nordwind")
    assert done.took_seconds is not None
    assert len(scenario.activities_under("Havnebyg")) == 1
    assert kim.box.read(mail).categories == BOTH


def test_simultaneous_presses_sync_the_mail_once(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    with ThreadPoolExecutor(4) as people:
        found = list(people.map(lambda _: kim.sync(mail), range(4)))
    assert {s.status for s in found} == {DisplayStatus.ON_ITS_WAY}
    scenario.run_until_idle()
    kim.sync(mail)
    scenario.run_until_idle()
    assert len(scenario.activities) == 1
    assert len(kim.box.messages(f"inbox/{FOLDER}")) == 1


def test_a_sent_mail_goes_to_the_folder_under_sent_items(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    kim.box.make_folder("sentitems", "2026")
    mail = kim.box.put_sent(Mail("Our offer", KIM, BO))
    kim.box.move(mail, "sentitems/2026")
    kim.sync(mail)
    assert [m.id for m in kim.box.messages(f"sentitems/{FOLDER}")] == [mail]


def test_a_draft_is_not_moved(scenario: Scenario) -> None:
    kim = add_pane_user(scenario)
    draft = kim.box.put(Mail("Not yet", KIM, BO, is_draft=True), "drafts")
    assert kim.sync(draft).status is DisplayStatus.DRAFT
    assert [m.id for m in kim.box.messages("drafts")] == [draft]


def test_a_choice_made_with_the_button_beats_the_directory(scenario: Scenario) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("For the other", BO, KIM))
    kim.sync(mail, scenario.organisations["Skovby"])
    scenario.run_until_idle()
    assert len(scenario.activities_under("Skovby")) == 1
    assert scenario.activities_under("Havnebyg") == []
    assert kim.status(mail).targets[0].organisation == "Skovby"


def test_an_ambiguous_mail_is_filed_after_a_person_has_chosen(scenario: Scenario) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(BO, "Skovby")
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Which?", BO, KIM))
    assert kim.status(mail).forecast is Forecast.SEVERAL
    kim.sync(mail)
    scenario.run_until_idle()
    parked = kim.status(mail)
    assert (parked.status, parked.reason) == (DisplayStatus.PARKED, Reason.AMBIGUOUS)
    assert {c.organisation for c in parked.candidates} == {"Havnebyg", "Skovby"}

    assert kim.choose(mail, scenario.organisations["Skovby"]).status is DisplayStatus.ON_ITS_WAY
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED
    assert (
        len(scenario.activities_under("Skovby")),
        len(scenario.activities_under("Havnebyg")),
    ) == (1, 0)


def test_changing_the_organisation_moves_the_one_activity_and_its_documents(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail("Offer?", BO, KIM, attachments=(File("plan.pdf", b"%PDF"),)))
    kim.sync(mail)
    scenario.run_until_idle()
    (before,) = scenario.activities_under("Havnebyg")

    skovby = scenario.organisations["Skovby"]
    kim.choose(mail, skovby)
    kim.choose(mail, skovby)
    scenario.run_until_idle()
    (after,) = scenario.activities
    assert (after["ActivityId"], after["ActivityOrganisationId"]) == (before["ActivityId"], skovby)
    assert not after.get("ActivityPersonId")
    assert [d["DocumentOrganisationId"] for d in scenario.documents] == [skovby]

    scenario.drag(kim.box, Mail("Another", BO, KIM))
    kim.box.move(mail, "inbox")
    scenario.discover()
    kim.box.move(mail, f"inbox/{FOLDER}")
    scenario.discover()
    assert len(scenario.activities_under("Skovby")) == 1


def test_undo_withdraws_the_mail_from_the_folder_and_from_webcrm(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    files = (File("plan.pdf", b"%PDF"),)
    mail = kim.box.deliver(
        Mail("Oops", BO, KIM, body="Secret", categories=("Mine",), attachments=files)
    )
    kim.sync(mail)
    scenario.run_until_idle()
    state = kim.undo(mail)
    assert state.status is DisplayStatus.NEW
    kim.undo(mail)
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityDescription"] == "[withdrawn] Oops"
    assert not activity.get("ActivityMemo")
    assert scenario.documents == []
    assert kim.box.read(mail).categories == ("Mine",)
    assert [m.id for m in kim.box.messages("inbox")] == [mail]

    scenario.discover()
    assert scenario.activities[0]["ActivityDescription"] == "[withdrawn] Oops"
    assert kim.status(mail).status is DisplayStatus.NEW


def test_syncing_again_after_undo_fills_the_same_activity(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    files = (File("plan.pdf", b"%PDF"),)
    mail = kim.box.deliver(Mail("Back", BO, KIM, body="<p>Words</p>", attachments=files))
    kim.sync(mail)
    scenario.run_until_idle()
    kim.undo(mail)
    scenario.run_until_idle()
    kim.sync(mail)
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityDescription"] == "Back"
    assert "Words" in activity["ActivityMemo"]
    assert len(scenario.documents) == 1
    assert kim.status(mail).status is DisplayStatus.SYNCED
    assert kim.box.read(mail).categories == BOTH


def _both_sync(scenario: Scenario) -> tuple[tuple[PaneUser, str], tuple[PaneUser, str]]:
    """Kim and Eva at the pane, each with a copy of one mail, which both have synced."""
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    eva = add_pane_user(scenario, "eva@nordwind.example", "Eva Nordwind")
    mail = Mail("Both", BO, (KIM, "eva@nordwind.example"), message_id="<b@havnebyg.example>")
    one, two = kim.box.deliver(mail), eva.box.deliver(mail)
    kim.sync(one)
    eva.sync(two)
    scenario.run_until_idle()
    return (kim, one), (eva, two)


def test_undo_leaves_the_activity_while_a_colleague_has_the_mail_synced_too(
    scenario: Scenario,
) -> None:
    (kim, one), (eva, two) = _both_sync(scenario)
    kim.undo(one)
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityDescription"] == "Both"
    assert kim.box.read(one).categories == ()
    assert eva.status(two).status is DisplayStatus.SYNCED


def test_after_undo_a_copy_outside_the_folder_says_nothing_and_can_come_back(
    scenario: Scenario,
) -> None:
    (kim, one), (eva, two) = _both_sync(scenario)
    eva.box.move(two, "inbox")
    scenario.discover()
    kim.undo(one)
    scenario.run_until_idle()
    assert [a["ActivityDescription"] for a in scenario.activities] == ["[withdrawn] Both"]
    assert eva.box.read(two).categories == ()
    assert eva.status(two).status is DisplayStatus.NEW

    eva.box.move(two, f"inbox/{FOLDER}")
    scenario.discover()
    assert [a["ActivityDescription"] for a in scenario.activities] == ["Both"]
    assert eva.box.read(two).categories == BOTH


def test_a_preexisting_mail_is_synced_on_request(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    box = scenario.sandbox.outlook.add_mailbox(KIM, "Kim Nordwind")
    folder = box.make_folder("inbox", FOLDER)
    mail = box.put(Mail("Old", BO, KIM, categories=("Synced",)), folder)
    scenario.watch(KIM)
    scenario.poll_webcrm()
    kim = PaneUser(scenario, box)
    assert kim.status(mail).reason is Reason.SYNCED_BEFORE
    kim.sync_anyway(mail)
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED
    assert len(scenario.activities) == 1


def test_a_refused_mail_is_retried_immediately_on_request(scenario: Scenario) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    scenario.sandbox.crm.failing_creates = 100
    mail = kim.box.deliver(Mail("Offer?", BO, KIM))
    kim.sync(mail)
    scenario.run_all_retries()
    assert kim.status(mail).status is DisplayStatus.PARKED
    scenario.sandbox.crm.failing_creates = 0
    assert kim.retry(mail).status is DisplayStatus.ON_ITS_WAY
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED


def test_a_mail_among_colleagues_can_be_filed_under_a_chosen_organisation(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    kim = add_pane_user(scenario)
    add_pane_user(scenario, "eva@nordwind.example", "Eva Nordwind")
    mail = kim.box.deliver(Mail("About Bo", "eva@nordwind.example", KIM))
    before = kim.status(mail)
    assert (before.status, before.reason) == (DisplayStatus.SKIPPED, Reason.ONLY_COLLEAGUES)
    kim.choose(mail, scenario.organisations["Havnebyg"])
    scenario.run_until_idle()
    assert kim.status(mail).status is DisplayStatus.SYNCED
    assert len(scenario.activities_under("Havnebyg")) == 1


def test_a_mirror_shows_that_webcrm_sent_it(scenario: Scenario) -> None:
    person = scenario.add_contact(BO)
    user = scenario.sandbox.crm.add_user(KIM, "Kim Nordwind")
    kim = add_pane_user(scenario)
    activity = scenario.sandbox.crm.send_mail(user, person, "Order", "Thank you")
    scenario.poll_webcrm()
    (mirror,) = kim.box.messages(f"sentitems/{FOLDER}")
    state = kim.status(mirror.id)
    assert (state.status, state.origin) == (DisplayStatus.MIRRORED, Origin.WEBCRM)
    assert [t.activity_id for t in state.targets] == [activity]


def test_a_colleague_may_choose_for_a_mail_that_is_already_filed(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO, "Havnebyg")
    scenario.add_contact(LIS, "Skovby")
    kim = add_pane_user(scenario)
    eva = add_pane_user(scenario, "eva@nordwind.example", "Eva Nordwind")
    for organisation in ("Havnebyg", "Skovby"):
        both = Mail(
            "Both", BO, (KIM, "eva@nordwind.example"), message_id=f"<{organisation}@x.example>"
        )
        one, two = kim.box.deliver(both), eva.box.deliver(both)
        kim.sync(one)
        scenario.run_until_idle()
        eva.sync(two, scenario.organisations[organisation])
        scenario.run_until_idle()
        assert eva.status(two).status is DisplayStatus.SYNCED
        assert eva.box.read(two).categories == kim.box.read(one).categories == BOTH
        assert len(scenario.activities_under(organisation)) == 1
    assert len(scenario.activities) == 2
