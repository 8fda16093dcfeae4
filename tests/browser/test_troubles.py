"""Problems between a person and webCRM: the pane explains them and recovers."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Route, expect

from browser.person import PATIENCE_MS, Person
from browser.world import DELETED, World
from webcrm_sync_sandbox.screen.fixtures import NEW, SALES


def test_the_pane_says_that_it_is_offline_and_recovers_without_a_click(
    person: Person, world: World
) -> None:
    customer = person.opens_mail_of_a_customer("Read before the tunnel")
    person.is_connected()
    world.deliver("Read in the tunnel", customer.address)
    expect(person.row("Read in the tunnel")).to_be_visible(timeout=PATIENCE_MS)
    person.page.context.set_offline(True)
    person.read("Read in the tunnel")
    person.sees("No connection")
    person.is_connected(is_it=False)
    person.looks_around("offline")
    expect(person.page.locator("body[data-gone^='No network']")).to_be_visible()
    person.page.context.set_offline(False)
    person.sees("Not in webCRM yet")
    person.is_connected()
    expect(person.page.locator("body[data-gone]")).to_have_count(0)


def test_an_action_taken_offline_does_no_harm_and_can_be_repeated(person: Person) -> None:
    customer = person.opens_mail_of_a_customer("Pressed in the tunnel")
    person.sees("Not in webCRM yet")
    person.page.context.set_offline(True)
    person.press("Sync to webCRM")
    expect(person.in_pane().locator(".message-bar")).to_contain_text("No connection")
    person.is_connected(is_it=False)
    person.looks_around("offline-pressed")
    person.deliver("Max Muster")
    person.drag("Pressed in the tunnel")
    person.page.context.set_offline(False)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "Pressed in the tunnel")


def test_the_pane_says_that_the_server_is_away_and_recovers(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Read without a server", customer.address)
    person.open_pane()
    person.sees("Select one mail")
    person.page.get_by_label("Network down").check()
    person.read("Read without a server")
    person.sees("No answer")
    person.is_connected(is_it=False)
    person.looks_around("away")
    person.page.get_by_label("Network down").uncheck()
    person.press("Try again")
    person.sees("Not in webCRM yet")
    person.is_connected()


def test_the_pane_says_that_outlook_is_busy_and_waits(person: Person, world: World) -> None:
    world.deliver("Read while Outlook was busy", world.customer().address)
    person.open_pane()
    person.sees("Select one mail")
    world.sandbox.faults.throttle("graph", retry_after=8)
    try:
        person.read("Read while Outlook was busy")
        person.sees("Busy right now")
        person.looks_around("busy")
    finally:
        world.sandbox.faults.clear()
    person.sees("Not in webCRM yet")


def test_a_person_who_is_signed_out_signs_in_with_one_click(person: Person) -> None:
    person.page.get_by_label("Signed out").check()
    person.opens_mail_of_a_customer("Read after signing in")
    person.sees("Not signed in")
    person.is_connected(is_it=False)
    person.looks_around("signed-out")
    person.press("Sign in")
    person.page.locator("dialog").get_by_role("button", name="Cancel").click()
    expect(person.page.locator("dialog")).to_have_count(0)
    person.sees("Not signed in")
    expect(person.in_pane().locator(".message-bar")).to_have_count(0)
    person.press("Sign in")
    person.page.locator("dialog .primary").click()
    person.sees("Not in webCRM yet")
    person.is_connected()


def test_an_expired_token_is_renewed_silently(person: Person, world: World) -> None:
    """The service takes it for two seconds more, Outlook believes in it for an hour."""
    given = []

    def outlive(route: Route) -> None:
        answer = route.fetch()
        given.append(answer.json()["expiresIn"])
        route.fulfill(response=answer, json=answer.json() | {"expiresIn": 3600})

    person.page.route("**/screen/token", outlive)
    entra = world.sandbox.entra
    entra.lifetime, usual = timedelta(seconds=-58), entra.lifetime
    try:
        customer = person.opens_mail_of_a_customer("Read for a long time")
        person.sees("Not in webCRM yet")
        person.page.wait_for_timeout(3000)
        person.press("Sync to webCRM")
        person.sees("In webCRM")
    finally:
        entra.lifetime = usual
    assert len(given) > 1
    person.sees_in_webcrm(customer.organisation, "Read for a long time")


def test_a_mailbox_that_was_not_added_has_no_access_yet(person: Person) -> None:
    person.choose("who", NEW)
    person.opens("Bænke til skolen")
    person.sees("No access yet")
    person.sees_line(NEW)
    person.looks_around("no-access")


def test_a_mail_in_a_shared_mailbox_is_moved_by_hand(person: Person) -> None:
    person.choose("who", SALES)
    person.opens("Anfrage: Poller")
    person.sees("In a shared mailbox")
    person.sees_line("Shared mailboxes cannot be shown here yet")
    expect(person.in_pane().get_by_role("button")).to_have_count(0)
    person.looks_around("shared")
    person.press_sync()
    expect(person.note()).to_contain_text("In a shared mailbox")
    person.drag("Anfrage: Poller")
    person.sees_in_webcrm("Musterbau GmbH", "Anfrage: Poller")


def test_a_mail_that_was_deleted_meanwhile_is_shown_as_gone(person: Person, world: World) -> None:
    subject = "Deleted before the button was pressed"
    person.opens_mail_of_a_customer(subject)
    person.sees("Not in webCRM yet")
    person.page.route("**/screen/now", lambda route: route.abort())  # Outlook has not noticed
    (item,) = (one.id for one in world.kim.messages("inbox") if one.subject == subject)
    for _ in ("to Deleted Items", "for good"):
        world.kim.delete(item)
    person.press("Sync to webCRM")
    person.sees("Not found in your own mailbox")
    person.looks_around("deleted")


def test_a_contact_that_webcrm_refuses_is_not_lost(person: Person, world: World) -> None:
    world.deliver("From somebody for nobody", "New <new@stranger.example>")
    person.opens("From somebody for nobody")
    person.press("Create contact and sync")
    panel = person.in_pane().locator(".panel")
    panel.get_by_role("combobox").fill("delet")
    panel.get_by_role("option", name=DELETED).click()
    panel.get_by_role("button", name="Create contact").click()
    expect(person.in_pane().locator(".message-bar")).to_contain_text("Not possible now")
    expect(panel.get_by_label("E-mail address")).to_have_value("new@stranger.example")
    person.looks_around("conflict")
