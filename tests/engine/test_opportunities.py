"""A mail is filed under an Opportunity, moved and taken back; none is ever a foreign one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from support.opportunities import opportunity_of, put_under
from support.pane_user import PaneUser, add_pane_user
from support.scenario import BO, BOTH, KIM, LIS, OpenScenario, Scenario
from webcrm_sync.core.errors import Refused
from webcrm_sync.store import opportunities
from webcrm_sync_sandbox.outlook.mail import File, Mail

SUBJECT = "The crane"


@dataclass(slots=True)
class Deal:
    """Kim's mail from Bo, and the Opportunities of both customers."""

    scenario: Scenario
    kim: PaneUser
    mail: str
    crane: int
    pier: int
    forest: int

    def put(self, opportunity: int | None, at: str = "Havnebyg") -> None:
        """Choose an Opportunity at an Organisation, and let the jobs run."""
        put_under(self.scenario, self.kim.box, self.mail, at, opportunity)
        self.scenario.run_until_idle()

    def move(self, organisation: str = "Skovby") -> None:
        """Choose another Organisation, and let the jobs run."""
        self.kim.choose(self.mail, self.scenario.organisations[organisation])
        self.scenario.run_until_idle()

    @property
    def place(self) -> tuple[str, int]:
        """The Organisation and the Opportunity of the Activity, 0 = none."""
        (activity,) = self.scenario.activities
        names = {number: name for name, number in self.scenario.organisations.items()}
        return names[activity["ActivityOrganisationId"]], activity.get("ActivityOpportunityId") or 0

    @property
    def story(self) -> list[str]:
        """The history of the mail in sentences."""
        lines = self.scenario.timeline(self.kim.box.read(self.mail)).lines
        return [line.sentence for line in lines]


def open_deal(scenario: Scenario, *, is_synced: bool = True) -> Deal:
    """The deal; with `is_synced` the mail is in webCRM."""
    bo = scenario.add_contact(BO)
    scenario.add_contact(LIS, "Skovby")
    crm = scenario.sandbox.crm
    crane = crm.add_opportunity(
        scenario.organisations["Havnebyg"], "Crane", person_id=bo, number="4711"
    )
    pier = crm.add_opportunity(scenario.organisations["Havnebyg"], "Pier")
    forest = crm.add_opportunity(scenario.organisations["Skovby"], "Forest")
    kim = add_pane_user(scenario)
    mail = kim.box.deliver(Mail(SUBJECT, BO, KIM, attachments=(File("a.txt", b"a"),)))
    deal = Deal(scenario, kim, mail, crane, pier, forest)
    if is_synced:
        kim.sync(mail)
        scenario.run_until_idle()
        assert deal.place == ("Havnebyg", 0)
    return deal


def hold_up(deal: Deal) -> None:
    """Sync the mail while webCRM takes nothing, so that it is on its way."""
    scenario = deal.scenario
    scenario.sandbox.faults.throttle(
        "webcrm", when=lambda method, _: method == "PATCH", limit=1, retry_after=1
    )
    deal.kim.sync(deal.mail)
    scenario.run_until_idle()
    assert scenario.activities == []


def test_matching_and_syncing_never_choose_an_opportunity(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    assert opportunity_of(scenario, SUBJECT) == 0
    assert "Opportunity" not in " ".join(deal.story)


def test_a_synced_mail_gets_another_opportunity_and_loses_it_again(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    assert deal.place == ("Havnebyg", deal.crane)
    assert "Opportunity at Havnebyg chosen by Kim Nordwind: 4711 Crane." in deal.story
    deal.put(deal.pier)
    assert deal.place == ("Havnebyg", deal.pier)
    deal.put(None)
    assert deal.place == ("Havnebyg", 0)
    assert deal.story[-1].startswith("Opportunity in webCRM: – (Activity")
    assert scenario.sandbox.outlook.mailbox(KIM).read(deal.mail).categories == BOTH


def test_a_choice_before_the_mail_is_sent_is_written_with_its_activity(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario, is_synced=False)
    hold_up(deal)
    scenario.sandbox.journal.clear()
    put_under(scenario, deal.kim.box, deal.mail, "Havnebyg", deal.crane)
    scenario.run_all_retries()
    assert deal.place == ("Havnebyg", deal.crane)
    assert scenario.sandbox.journal.count("webcrm", method="PUT", path="/Activities") == 0


def test_the_same_choice_again_writes_nothing(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    before = deal.story
    scenario.sandbox.journal.clear()
    deal.put(deal.crane)
    assert deal.story == before
    assert scenario.sandbox.journal.count("webcrm") == 0


def test_an_opportunity_of_another_customer_or_a_closed_one_is_refused(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario)
    scenario.sandbox.crm.update_opportunity(deal.pier, OpportunityLevel=4)
    scenario.poll_webcrm()
    for number in (deal.forest, 1, 0, -1, 2**63):
        with pytest.raises(Refused, match="does not belong"):
            deal.put(number)
    with pytest.raises(Refused, match="lost or won"):
        deal.put(deal.pier)
    with pytest.raises(Refused, match="not filed under"):
        deal.put(deal.forest, at="Skovby")
    assert deal.place == ("Havnebyg", 0)


def test_a_mail_that_moves_leaves_its_opportunity_first(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    deal.move()
    assert deal.place == ("Skovby", 0)
    deal.put(deal.forest, at="Skovby")
    assert deal.place == ("Skovby", deal.forest)
    assert [d["DocumentOrganisationId"] for d in scenario.documents] == [
        scenario.organisations["Skovby"]
    ]


def test_an_opportunity_at_the_new_place_is_chosen_before_the_mail_has_moved(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    deal.kim.choose(deal.mail, scenario.organisations["Skovby"])
    deal.put(deal.forest, at="Skovby")
    assert deal.place == ("Skovby", deal.forest)


def test_a_mail_that_comes_back_before_it_has_moved_keeps_its_opportunity(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    deal.kim.choose(deal.mail, scenario.organisations["Skovby"])
    deal.move("Havnebyg")
    assert deal.place == ("Havnebyg", deal.crane)
    deal.move()
    deal.move("Havnebyg")
    assert deal.place == ("Havnebyg", 0)


def test_a_webcrm_that_keeps_the_opportunity_keeps_the_mail_whole_where_it_is(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    scenario.sandbox.crm.no_opportunity = -1
    deal.move()
    assert deal.place == ("Havnebyg", deal.crane)
    assert "WEBCRM_SYNC_WEBCRM_NO_OPPORTUNITY" in deal.story[-1]
    assert [d["DocumentOrganisationId"] for d in scenario.documents] == [
        scenario.organisations["Havnebyg"]
    ]
    deal.put(None)
    assert deal.place == ("Havnebyg", deal.crane)
    assert "WEBCRM_SYNC_WEBCRM_NO_OPPORTUNITY" in deal.story[-1]
    deal.put(deal.pier)
    assert deal.place == ("Havnebyg", deal.pier)


def test_the_value_that_clears_is_a_setting(open_scenario: OpenScenario) -> None:
    deal = open_deal(open_scenario(WEBCRM_NO_OPPORTUNITY="-1"))
    deal.scenario.sandbox.crm.no_opportunity = -1
    deal.put(deal.crane)
    deal.move()
    assert deal.place == ("Skovby", 0)


def test_a_refused_move_puts_the_mail_back_under_its_opportunity(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    scenario.sandbox.crm.tables["Organisation"].delete(scenario.organisations["Skovby"])
    deal.move()
    assert deal.place == ("Havnebyg", deal.crane)
    assert deal.story[-1].startswith("webCRM did not accept the change.")


def test_an_opportunity_that_moved_away_in_webcrm_is_not_set(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    put_under(scenario, deal.kim.box, deal.mail, "Havnebyg", deal.crane)
    scenario.sandbox.crm.update_opportunity(
        deal.crane, OpportunityOrganisationId=scenario.organisations["Skovby"]
    )
    scenario.run_until_idle()
    assert deal.place == ("Havnebyg", 0)
    assert "Filed without the Opportunity 4711 Crane" in deal.story[-1]


@pytest.mark.parametrize("change", ["moved", "deleted"])
def test_a_new_mail_is_filed_without_an_opportunity_that_is_gone(
    scenario: Scenario, change: str
) -> None:
    deal = open_deal(scenario, is_synced=False)
    hold_up(deal)
    put_under(scenario, deal.kim.box, deal.mail, "Havnebyg", deal.crane)
    if change == "deleted":
        scenario.sandbox.crm.delete_opportunity(deal.crane)
    else:
        place = scenario.organisations["Skovby"]
        scenario.sandbox.crm.update_opportunity(deal.crane, OpportunityOrganisationId=place)
    scenario.run_all_retries()
    assert deal.place == ("Havnebyg", 0)
    assert deal.kim.box.read(deal.mail).categories == BOTH
    assert sum("Filed without the Opportunity" in line for line in deal.story) == 1


def test_a_mail_that_webcrm_refuses_with_its_opportunity_is_filed_without(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario, is_synced=False)
    scenario.sandbox.crm.locked_opportunities.add(deal.crane)
    hold_up(deal)
    put_under(scenario, deal.kim.box, deal.mail, "Havnebyg", deal.crane)
    scenario.run_all_retries()
    scenario.run_all_retries()
    assert deal.place == ("Havnebyg", 0)
    assert deal.kim.box.read(deal.mail).categories == BOTH
    assert sum("Filed without the Opportunity" in line for line in deal.story) == 1


def test_a_mail_that_is_taken_back_leaves_the_deal_and_returns_to_it(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    deal.put(deal.crane)
    deal.kim.undo(deal.mail)
    scenario.run_until_idle()
    (activity,) = scenario.activities
    assert activity["ActivityDescription"].startswith("[withdrawn]")
    assert deal.place == ("Havnebyg", 0)
    deal.kim.sync(deal.mail)
    scenario.run_until_idle()
    assert deal.place == ("Havnebyg", deal.crane)
    assert opportunity_of(scenario, SUBJECT) == deal.crane


def test_an_activity_that_was_deleted_in_webcrm_is_not_made_again_for_its_opportunity(
    scenario: Scenario,
) -> None:
    deal = open_deal(scenario)
    scenario.sandbox.crm.tables["Activity"].delete(scenario.activities[0]["ActivityId"])
    deal.put(deal.crane)
    assert scenario.activities == []
    assert "deleted in webCRM" in deal.story[-1]


def test_an_opportunity_cannot_hold_up_other_mails(scenario: Scenario) -> None:
    deal = open_deal(scenario, is_synced=False)
    hold_up(deal)
    put_under(scenario, deal.kim.box, deal.mail, "Havnebyg", deal.crane)
    scenario.sandbox.faults.unavailable("webcrm", when=lambda _, path: "/Opportunities/" in path)
    other = scenario.drag(deal.kim.box, Mail("Another", BO, KIM))
    scenario.run_all_retries()
    assert deal.kim.box.read(other).categories == BOTH
    assert deal.kim.box.read(deal.mail).categories == BOTH
    assert opportunity_of(scenario, SUBJECT) == 0


def test_an_opportunity_that_cannot_be_read_holds_up_no_other_change(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    other = scenario.drag(deal.kim.box, Mail("Another", BO, KIM))
    scenario.discover()
    scenario.sandbox.faults.unavailable(
        "webcrm", when=lambda _, path: path == f"/Opportunities/{deal.crane}"
    )
    put_under(scenario, deal.kim.box, deal.mail, "Havnebyg", deal.crane)
    put_under(scenario, deal.kim.box, other, "Havnebyg", deal.pier)
    scenario.run_until_idle()
    assert opportunity_of(scenario, "Another") == deal.pier
    scenario.sandbox.faults.clear()
    scenario.run_all_retries()
    assert opportunity_of(scenario, SUBJECT) == deal.crane


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_lost_the_right_files_mails_without_opportunities(
    scenario: Scenario, status: int
) -> None:
    deal = open_deal(scenario)
    scenario.sandbox.crm.unreadable.add("Opportunity")
    scenario.sandbox.crm.read_only_refusal = status
    deal.put(deal.crane)
    assert deal.place == ("Havnebyg", 0)
    assert "Filed without the Opportunity" in deal.story[-1]
    other = scenario.drag(deal.kim.box, Mail("Another", BO, KIM))
    scenario.discover()
    assert deal.kim.box.read(other).categories == BOTH


def test_the_copy_follows_webcrm(scenario: Scenario) -> None:
    deal = open_deal(scenario)
    harbour = scenario.organisations["Havnebyg"]
    crm = scenario.sandbox.crm

    def open_names() -> list[str]:
        with scenario.context.begin() as tx:
            found = opportunities.open_at(tx, [harbour]).get(harbour, [])
        return [one.name for one in found]

    assert open_names() == ["Pier", "Crane"]
    crm.update_opportunity(deal.pier, OpportunityLostDate=scenario.sandbox.clock.now())
    crm.update_opportunity(deal.crane, OpportunityDescription="Two cranes")
    scenario.poll_webcrm()
    assert open_names() == ["Two cranes"]
    crm.delete_opportunity(deal.crane)
    scenario.poll_webcrm()
    assert open_names() == ["Two cranes"]
    scenario.wait(timedelta(days=1, minutes=1))
    assert open_names() == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_may_not_read_opportunities_goes_on_with_contacts(
    scenario: Scenario, status: int
) -> None:
    scenario.sandbox.crm.unreadable.add("Opportunity")
    scenario.sandbox.crm.read_only_refusal = status
    deal = open_deal(scenario)
    with scenario.context.begin() as tx:
        assert opportunities.by_id(tx, [deal.crane]) == {}
    scenario.sandbox.journal.clear()
    scenario.poll_webcrm()
    asked = [e for e in scenario.sandbox.journal.select("webcrm") if "Opportunity" in e.query]
    assert asked == []
    scenario.sandbox.crm.unreadable.clear()
    scenario.wait(timedelta(minutes=31))
    with scenario.context.begin() as tx:
        assert deal.crane in opportunities.by_id(tx, [deal.crane])
