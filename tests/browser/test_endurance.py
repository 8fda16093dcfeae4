"""What goes wrong around the pane, and the path through the demo from end to end."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from browser.person import PATIENCE_MS, Person
from browser.world import FOLDER, World
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.screen.fixtures import KIM


def test_the_pane_is_the_same_after_a_reload(person: Person, world: World) -> None:
    person.opens_mail_of_a_customer("Read before and after")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.pane().evaluate("() => location.reload()")
    person.sees("In webCRM")
    person.page.reload()
    person.sees("In webCRM")


def test_an_answer_for_a_mail_no_longer_selected_is_dropped(person: Person, world: World) -> None:
    world.deliver("Left too early", "Slow <slow@slow.example>")
    customer = person.opens_mail_of_a_customer("Looked at instead")
    person.sees("Not in webCRM yet")
    world.sandbox.faults.slow("graph", by=timedelta(seconds=1))
    try:
        person.read("Left too early")
        person.read("Looked at instead")
        line = person.page.frame_locator("#pane iframe").locator(".line")
        expect(line).to_contain_text(customer.organisation, timeout=PATIENCE_MS)
        person.page.wait_for_timeout(1500)  # by now the other answer has arrived
        expect(line).to_contain_text(customer.organisation)
    finally:
        world.sandbox.faults.clear()


def test_the_button_syncs_the_mail_it_was_pressed_for(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Pressed, then left", customer.address)
    other = world.customer()
    world.deliver("Never asked for", other.address)
    person.opens("Pressed, then left")
    person.press("Sync to webCRM")
    person.read("Never asked for")
    person.sees_in_webcrm(customer.organisation, "Pressed, then left")
    person.sees("Not in webCRM yet")
    assert person.row("Never asked for").locator(".chip").count() == 0


def test_the_ribbon_button_does_not_hang_without_a_network(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Pressed without a network", customer.address)
    person.read("Pressed without a network")
    person.page.get_by_label("Network down").check()
    person.press_sync()
    expect(person.note()).to_contain_text("does not answer", timeout=PATIENCE_MS)
    person.page.get_by_label("Network down").uncheck()
    person.press_sync()
    expect(person.note().last).to_contain_text(
        f"In webCRM under {customer.organisation}", timeout=PATIENCE_MS
    )


def test_the_service_continues_after_a_restart(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Dragged while nobody served", customer.address)
    world.service.stop()
    person.drag("Dragged while nobody served")
    expect(person.row("Dragged while nobody served")).to_have_count(0)
    world.service.start("serve")
    world.service.await_healthy()
    person.sees_in_webcrm(customer.organisation, "Dragged while nobody served")
    person.sees_in_outlook("Dragged while nobody served", FOLDER, "Synced")


def test_no_script_of_a_mail_runs_on_the_screen(person: Person, world: World) -> None:
    body = "<p>Hello</p><script>top.document.title = 'taken'</script>"
    world.kim.deliver(Mail("Not as harmless as it looks", "x@x.example", KIM, body=body))
    person.row("Not as harmless as it looks").click()
    letter = person.page.frame_locator("#letter iframe")
    expect(letter.locator("p")).to_have_text("Hello")
    assert person.page.title() == "Outlook beside webCRM"
