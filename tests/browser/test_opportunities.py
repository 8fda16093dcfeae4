"""The Opportunity of a place: offered, chosen by a person, changed and cleared."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from browser.person import PATIENCE_MS, Person
from browser.world import Customer, World

_CRANE, _SERVICE = "Crane for quay 2", "Service agreement"


def _opens(person: Person, world: World, subject: str) -> tuple[Locator, Customer, dict[str, int]]:
    customer = world.customer()
    ids = world.add_opportunities(customer, _CRANE, _SERVICE)
    world.deliver(subject, customer.address)
    person.opens(subject)
    select = person.in_pane().get_by_label("Opportunity")
    expect(select).to_be_visible(timeout=PATIENCE_MS)
    return select, customer, ids


def _stands_in_webcrm(person: Person, world: World, subject: str, opportunity: int) -> None:
    """Check that the only Activity of this subject has this Opportunity, 0 = none."""

    def stored() -> list[int]:
        found = (a for a in world.sandbox.crm.activities if a["ActivityDescription"] == subject)
        return [a.get("ActivityOpportunityId") or 0 for a in found]

    for _ in range(100):
        if stored() == [opportunity]:
            return
        person.page.wait_for_timeout(200)
    assert stored() == [opportunity]


def test_the_only_one_of_the_contact_is_offered_and_never_taken(
    person: Person, world: World
) -> None:
    select, _, ids = _opens(person, world, "About the crane")
    expect(select).to_have_value("")
    expect(person.in_pane().get_by_role("button", name=f"Choose “{_CRANE}”")).to_be_visible()
    person.looks_around("opportunity-offered")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    _stands_in_webcrm(person, world, "About the crane", 0)
    person.press(f"Choose “{_CRANE}”")
    _stands_in_webcrm(person, world, "About the crane", ids[_CRANE])
    person.sees("In webCRM")
    expect(select).to_have_value(str(ids[_CRANE]))


def test_one_is_chosen_before_the_sync_and_changed_after_it(person: Person, world: World) -> None:
    select, _, ids = _opens(person, world, "About the service")
    select.select_option(str(ids[_SERVICE]))
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    _stands_in_webcrm(person, world, "About the service", ids[_SERVICE])
    expect(select).to_have_value(str(ids[_SERVICE]), timeout=PATIENCE_MS)
    person.looks_around("opportunity-chosen")
    select.select_option(label="None")
    _stands_in_webcrm(person, world, "About the service", 0)
    person.sees("In webCRM")
    expect(select).to_have_value("")
