"""Every way of a mail, by hand: each ends under its Organisation and with both categories."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.world import FOLDER, PATIENCE_MS, Person, World

BOTH = (FOLDER, "Synced")


def test_a_mail_dragged_onto_the_folder_stands_in_webcrm(person: Person, world: World) -> None:
    world.deliver("Dragged by the mouse", world.customer("Drago", "Drago A/S"))
    person.drag("Dragged by the mouse")
    person.sees_in_webcrm("Drago A/S", "Dragged by the mouse")
    person.sees_in_outlook("Dragged by the mouse", *BOTH)


def test_a_mail_moved_by_the_keyboard_stands_in_webcrm(person: Person, world: World) -> None:
    world.deliver("Moved by keys", world.customer("Keya", "Keya A/S"))
    person.row("Moved by keys").focus()
    person.page.keyboard.press("Enter")
    person.page.locator("[data-key=move]").focus()
    person.page.keyboard.press("Enter")
    for key in ("ArrowDown", "Enter"):
        person.page.keyboard.press(key)
    person.sees_in_webcrm("Keya A/S", "Moved by keys")
    person.sees_in_outlook("Moved by keys", *BOTH)


def test_a_sent_mail_dragged_onto_the_folder_stands_in_webcrm(person: Person, world: World) -> None:
    person.open_folder("Sent Items")
    subject = "Delivery in week 49: who takes what"
    person.drag(subject, under="Sent Items")
    person.sees_in_webcrm("Musterbau GmbH", subject)
    person.sees_in_webcrm("Fjordlaks AS", subject)
    person.sees_in_outlook(subject, *BOTH, under="Sent Items")


def test_the_button_in_the_pane_syncs_the_open_mail(person: Person, world: World) -> None:
    world.deliver("Pressed in the pane", world.customer("Pan", "Pan A/S"))
    person.read("Pressed in the pane")
    person.open_pane()
    person.sees("Not in webCRM yet")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm("Pan A/S", "Pressed in the pane")
    person.sees_in_outlook("Pressed in the pane", *BOTH)


def test_the_button_without_a_pane_says_on_the_mail_where_it_stands(
    person: Person, world: World
) -> None:
    world.deliver("Pressed in the ribbon", world.customer("Rib", "Rib A/S"))
    person.read("Pressed in the ribbon")
    person.press_sync()
    said = person.note()
    expect(said).to_contain_text("In webCRM under Rib A/S", timeout=PATIENCE_MS)
    person.sees_in_webcrm("Rib A/S", "Pressed in the ribbon")
    person.sees_in_outlook("Pressed in the ribbon", *BOTH)


def test_a_rule_switched_on_in_the_pane_syncs_the_next_mail(person: Person, world: World) -> None:
    sender = world.customer("Rula", "Rula A/S")
    world.deliver("Before the rule", sender)
    person.read("Before the rule")
    person.open_pane()
    person.sees("Not in webCRM yet")
    person.pane().locator("fluent-switch").click()
    person.deliver("rula@rula.example once more")
    person.sees_in_webcrm("Rula A/S", "Re: Before the rule")
    person.sees_in_outlook("Re: Before the rule", *BOTH)
    expect(person.page.locator("[data-step=rule]")).to_have_class("done")


def test_a_mail_sent_from_webcrm_appears_in_sent_items(person: Person, world: World) -> None:
    address = world.customer("Mira", "Mira A/S")
    person.page.locator("#organisations button").filter(has_text="Mira A/S").click()
    person.fill("Send a mail", person=f"Mira <{address}>", subject="Out of webCRM", text="Hello")
    person.sees_in_outlook("Out of webCRM", *BOTH, under="Sent Items")
    person.sees_in_webcrm("Mira A/S", "Out of webCRM")


def test_attachments_become_documents_that_can_be_saved(person: Person) -> None:
    person.drag("AW: Ersatzteile für Anlage 4")
    found = person.sees_in_webcrm("Musterbau GmbH", "AW: Ersatzteile für Anlage 4")
    with person.page.expect_download() as saved:
        found.get_by_role("link", name="ersatzteile.csv").click()
    assert "Dichtung 40 mm;12" in saved.value.path().read_text("utf-8")
