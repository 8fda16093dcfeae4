"""The path through the demo: five steps, in their order and in any other."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.person import PATIENCE_MS, Person, SitDown
from browser.world import FOLDER, World


def test_five_steps_guide_a_newcomer_through_everything(person: Person) -> None:
    done = person.page.locator("#guide .done")
    person.drag("Tilbud på ny kaj – tegninger")
    expect(done).to_have_count(1, timeout=PATIENCE_MS)
    person.read("Re: Fish boxes, week 48")
    person.press_sync()
    expect(done).to_have_count(2, timeout=PATIENCE_MS)
    person.opens("Sv: Leveringstid på bænke")
    person.sees("Not in webCRM yet")
    person.always_syncs()
    person.deliver("Another from Lis Lund")
    expect(done).to_have_count(3, timeout=PATIENCE_MS)
    person.fill("Send a mail", subject="Ordrebekræftelse", text="Tak")
    expect(done).to_have_count(4, timeout=PATIENCE_MS)
    person.read("Question about your price list")
    person.press("Sync to webCRM")
    person.sees("Waiting for a contact")
    person.fill("New contact")
    expect(done).to_have_count(5, timeout=PATIENCE_MS)


def test_the_steps_count_in_any_order_and_an_earlier_rule_does_not_count(
    sit_down: SitDown, world: World
) -> None:
    customer = world.customer()
    world.deliver("Ruled before anybody sat down", customer.address)
    world.deliver("From somebody met first", "Early <early@stranger.example>")
    world.deliver("Dragged last", world.customer().address)
    world.kim.add_rule(
        "Somebody's own",
        conditions={"fromAddresses": [{"emailAddress": {"address": customer.address}}]},
        actions={"moveToFolder": world.kim.folder(f"inbox/{FOLDER}").id},
    )
    newcomer = sit_down()
    newcomer.opens("Ruled before anybody sat down")
    newcomer.deliver(f"Another from {customer.address}")
    newcomer.sees_in_webcrm(customer.organisation, "Re: Ruled before anybody sat down")
    newcomer.sees_in_outlook("Re: Ruled before anybody sat down", FOLDER, "Synced")
    done = newcomer.page.locator("#guide .done")
    expect(done).to_have_count(0)

    newcomer.open_folder("Inbox")
    newcomer.read("From somebody met first")
    newcomer.press("Sync to webCRM")
    newcomer.sees("Waiting for a contact")
    newcomer.fill("New contact")
    _is_done(newcomer, "contact")
    newcomer.fill("Send a mail", subject="Sent second", text="Tak")
    _is_done(newcomer, "webcrm")
    newcomer.read("Ruled before anybody sat down")
    newcomer.always_syncs()
    newcomer.deliver(f"Another from {customer.address}")
    _is_done(newcomer, "rule")
    newcomer.press_sync()
    _is_done(newcomer, "button")
    newcomer.drag("Dragged last")
    expect(done).to_have_count(5, timeout=PATIENCE_MS)


def _is_done(person: Person, step: str) -> None:
    place = person.page.locator(f"[data-step={step}]")
    expect(place).to_have_class("done", timeout=PATIENCE_MS)
