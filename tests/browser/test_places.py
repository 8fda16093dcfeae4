"""Where a mail belongs: its places, one by one, before the sync and after it."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from browser.person import PATIENCE_MS, Person
from browser.world import Customer, World
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.screen.fixtures import KIM


def _cards(person: Person) -> Locator:
    return person.in_pane().locator(".place .name")


def _sees_places(person: Person, *customers: Customer) -> None:
    names = [one.organisation for one in customers]
    expect(_cards(person)).to_have_text(names, timeout=PATIENCE_MS)


def _opens_mail_to(person: Person, world: World, subject: str, *customers: Customer) -> None:
    """Deliver and open a mail of the first customer, with the others in copy."""
    sender, *others = customers
    world.kim.deliver(Mail(subject, sender.address, KIM, cc=tuple(one.address for one in others)))
    person.opens(subject)
    person.sees("Not in webCRM yet")


def _adds(person: Person, customer: Customer) -> None:
    person.press("Add Organisation")
    person.in_pane().get_by_role("combobox").fill(customer.organisation)
    person.in_pane().get_by_role("option", name=customer.organisation).first.click()


def test_the_forecast_is_edited_and_the_sync_follows_it(person: Person, world: World) -> None:
    one, two, added = (world.customer() for _ in range(3))
    _opens_mail_to(person, world, "For one and two", one, two)
    _sees_places(person, one, two)
    _adds(person, added)
    _sees_places(person, one, two, added)
    person.press(f"Take away from {two.organisation}")
    _sees_places(person, one, added)
    removed = person.in_pane().locator(".removed")
    expect(removed).to_contain_text("Will not be filed here")
    person.looks_around("places-forecast")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    _sees_places(person, one, added)
    person.sees_in_webcrm(one.organisation, "For one and two")
    person.sees_in_webcrm(added.organisation, "For one and two")
    person.sees_nothing_in_webcrm(two.organisation)


def test_what_is_taken_away_before_the_sync_is_brought_back(person: Person, world: World) -> None:
    one, two = world.customer(), world.customer()
    _opens_mail_to(person, world, "Thought better of it", one, two)
    person.press(f"Take away from {one.organisation}")
    _sees_places(person, two)
    person.press(f"File under {one.organisation} again")
    expect(person.in_pane().locator(".removed")).to_have_count(0)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm(one.organisation, "Thought better of it")
    person.sees_in_webcrm(two.organisation, "Thought better of it")


def test_the_edited_forecast_is_there_after_a_look_at_another_mail(
    person: Person, world: World
) -> None:
    one, added = world.customer(), world.customer()
    world.deliver("Looked at in between", one.address)
    _opens_mail_to(person, world, "Edited before", one)
    _adds(person, added)
    person.read("Looked at in between")
    _sees_places(person, one)
    person.read("Edited before")
    _sees_places(person, one, added)


def test_a_place_is_taken_away_after_the_sync_and_added_again(person: Person, world: World) -> None:
    one, two = world.customer(), world.customer()
    _opens_mail_to(person, world, "In two places", one, two)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    hint = person.in_pane().locator(".note").last
    expect(hint).to_contain_text("leaves an empty entry in webCRM, marked as withdrawn")
    person.press(f"Take away from {two.organisation}")
    _sees_places(person, one)
    removed = person.in_pane().locator(".removed")
    expect(removed).to_contain_text("webCRM keeps an empty entry, marked as withdrawn")
    person.looks_around("places-removed")
    person.sees_in_webcrm(two.organisation, "[withdrawn]")
    person.sees("In webCRM")
    person.press(f"File under {two.organisation} again")
    _sees_places(person, one, two)
    expect(removed).to_have_count(0)
    person.sees("In webCRM")
    person.sees_in_webcrm(two.organisation, "In two places")


def test_the_last_place_stays(person: Person, world: World) -> None:
    one = world.customer()
    _opens_mail_to(person, world, "In one place", one)
    cross = person.in_pane().get_by_role("button", name="Take away from")
    expect(cross).to_have_count(0)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    expect(cross).to_have_count(0)
    expect(person.in_pane().get_by_role("button", name="Undo", exact=True)).to_be_visible()


def test_an_organisation_is_added_by_keyboard_alone(person: Person, world: World) -> None:
    one, added = world.customer(), world.customer()
    _opens_mail_to(person, world, "Without a mouse", one)
    person.in_pane().get_by_role("button", name="Add Organisation").press("Enter")
    search = person.in_pane().get_by_role("combobox", name="Search Organisations")
    expect(search).to_be_focused()
    search.press_sequentially(added.organisation)
    expect(person.in_pane().get_by_role("option", name=added.organisation).first).to_be_visible()
    person.looks_around("places-add")
    search.press("Enter")
    _sees_places(person, one, added)
    person.in_pane().get_by_role("button", name="Add Organisation").press("Enter")
    search.press("Escape")
    expect(search).to_have_count(0)


def test_organisations_that_were_used_lately_are_offered_first(
    person: Person, world: World
) -> None:
    one, lately = world.customer(), world.customer()
    _opens_mail_to(person, world, "Filed there by hand", one)
    _adds(person, lately)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    world.deliver("The next one", one.address)
    person.read("The next one")
    person.press("Add Organisation")
    option = person.in_pane().get_by_role("option", name=lately.organisation)
    expect(option).to_contain_text("Used lately")
    person.looks_around("places-suggestions")
    option.click()
    _sees_places(person, one, lately)


def test_the_one_of_two_places_is_moved_by_keyboard(person: Person, world: World) -> None:
    one, two, right = (world.customer() for _ in range(3))
    _opens_mail_to(person, world, "For two of them", one, two)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    name = f"Move from {two.organisation} to another Organisation"
    person.in_pane().get_by_role("button", name=name).press("Enter")
    search = person.in_pane().get_by_role("combobox", name=f"Move from {two.organisation} to")
    search.press_sequentially(right.organisation)
    expect(person.in_pane().get_by_role("option", name=right.organisation).first).to_be_visible()
    search.press("Enter")
    _sees_places(person, one, right)
    person.sees_in_webcrm(one.organisation, "For two of them")
    person.sees_in_webcrm(right.organisation, "For two of them")
    person.sees_nothing_in_webcrm(two.organisation)


def test_a_form_that_is_opened_while_a_request_is_under_way_stays(
    person: Person, world: World
) -> None:
    one, added = world.customer(), world.customer()
    _opens_mail_to(person, world, "Pressed and went on", one)
    with person.page.expect_response(lambda answer: "/mails/sync" in answer.url):
        person.press("Sync to webCRM")
        person.press("Add Organisation")
        person.in_pane().get_by_role("combobox").fill(added.organisation)
    person.in_pane().get_by_role("option", name=added.organisation).first.click()
    person.sees("In webCRM")
    _sees_places(person, one, added)
    person.sees_in_webcrm(added.organisation, "Pressed and went on")


def test_two_places_are_taken_away_as_fast_as_a_person_clicks(person: Person, world: World) -> None:
    customers = [world.customer() for _ in range(3)]
    _opens_mail_to(person, world, "Clicked in a row", *customers)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    for customer in customers[1:]:
        person.press(f"Take away from {customer.organisation}")
    person.press(f"File under {customers[1].organisation} again")
    _sees_places(person, *customers[:2])
    person.sees_in_webcrm(customers[2].organisation, "[withdrawn]")
