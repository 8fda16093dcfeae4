"""Every way of a mail, by hand: each ends under its Organisation and with both categories."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.person import PATIENCE_MS, Person
from browser.world import FOLDER, World

BOTH = (FOLDER, "Synced")


def test_a_mail_dragged_onto_the_folder_is_filed_in_webcrm(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Dragged by the mouse", customer.address)
    person.drag("Dragged by the mouse")
    person.sees_in_webcrm(customer.organisation, "Dragged by the mouse")
    person.sees_in_outlook("Dragged by the mouse", *BOTH)
    person.opens("Dragged by the mouse")
    person.sees_way("moved by hand")


def test_a_mail_moved_by_the_keyboard_is_filed_in_webcrm(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Moved by keys", customer.address)
    person.row("Moved by keys").focus()
    person.page.keyboard.press("Enter")
    person.page.locator("[data-key=move]").focus()
    person.page.keyboard.press("Enter")
    places = person.page.locator("#move").get_by_role("menuitem")
    expect(places.first).to_be_focused()
    person.page.keyboard.press("ArrowDown")
    expect(places.nth(1)).to_have_text(FOLDER)
    person.page.keyboard.press("Enter")
    person.sees_in_webcrm(customer.organisation, "Moved by keys")
    person.sees_in_outlook("Moved by keys", *BOTH)


def test_a_sent_mail_dragged_onto_the_folder_is_filed_in_webcrm(
    person: Person, world: World
) -> None:
    person.open_folder("Sent Items")
    subject = "Delivery in week 49: who takes what"
    person.drag(subject, under="Sent Items")
    person.sees_in_webcrm("Musterbau GmbH", subject)
    person.sees_in_webcrm("Fjordbris Sjømat AS", subject)
    person.sees_in_outlook(subject, *BOTH, under="Sent Items")


def test_the_button_in_the_pane_syncs_the_open_mail(person: Person, world: World) -> None:
    customer = person.opens_mail_of_a_customer("Pressed in the pane")
    person.sees("Not in webCRM yet")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "Pressed in the pane")
    person.sees_in_outlook("Pressed in the pane", *BOTH)


def test_the_ribbon_button_shows_the_status_on_the_mail(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Pressed in the ribbon", customer.address)
    person.read("Pressed in the ribbon")
    person.press_sync()
    said = person.note()
    expect(said).to_contain_text(f"In webCRM under {customer.organisation}", timeout=PATIENCE_MS)
    person.sees_in_webcrm(customer.organisation, "Pressed in the ribbon")
    person.sees_in_outlook("Pressed in the ribbon", *BOTH)
    person.opens("Pressed in the ribbon")
    person.sees_way("with the button")


def test_a_rule_switched_on_in_the_pane_syncs_the_next_mail(person: Person, world: World) -> None:
    customer = person.opens_mail_of_a_customer("Before the rule")
    person.sees("Not in webCRM yet")
    person.always_syncs()
    person.deliver(f"Another from {customer.address}")
    person.sees_in_webcrm(customer.organisation, "Re: Before the rule")
    person.sees_in_outlook("Re: Before the rule", *BOTH)
    person.read("Re: Before the rule")
    person.sees_way("by a rule")
    expect(person.page.locator("[data-step=rule]")).to_have_class("done")


def test_a_mail_sent_from_webcrm_appears_in_sent_items(person: Person, world: World) -> None:
    customer = world.customer()
    person.page.locator("#organisations button").filter(has_text=customer.organisation).click()
    person.fill("Send a mail", person=customer.line, subject="Out of webCRM", text="Hello")
    person.sees_in_outlook("Out of webCRM", *BOTH, under="Sent Items")
    person.sees_in_webcrm(customer.organisation, "Out of webCRM")


def test_attachments_become_documents_that_can_be_saved(person: Person) -> None:
    person.drag("AW: Ersatzteile für Anlage 4")
    found = person.sees_in_webcrm("Musterbau GmbH", "AW: Ersatzteile für Anlage 4")
    with person.page.expect_download() as saved:
        found.get_by_role("link", name="ersatzteile.csv").click()
    assert "Dichtung 40 mm;12" in saved.value.path().read_text("utf-8")
