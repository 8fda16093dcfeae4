"""Mails that only a person can decide about: nobody is known, or a rule moved a private mail."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.person import PATIENCE_MS, Person
from browser.world import FOLDER, Customer, World
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.screen.fixtures import KIM

_PRIVATE = (("Sensitivity", "Private"),)


def test_a_waiting_mail_is_filed_under_the_organisation_that_a_person_chooses(
    person: Person, world: World
) -> None:
    chosen = world.customer()
    world.deliver("Nobody knows me yet", "New <new@unknown-one.example>")
    person.opens("Nobody knows me yet")
    person.sees("Not in webCRM yet")
    person.press("Sync to webCRM")
    person.sees("Waiting for a contact")
    person.press("Choose Organisation")
    person.in_pane().get_by_role("combobox").fill(chosen.organisation)
    option = person.in_pane().get_by_role("option", name=chosen.organisation).first
    expect(option).to_be_visible()
    person.looks_around("waiting-choose")
    option.click()
    person.sees("In webCRM")
    person.sees_line(f"Under {chosen.organisation}")
    person.sees_in_webcrm(chosen.organisation, "Nobody knows me yet")
    person.sees_in_outlook("Nobody knows me yet", "webCRM sync", "Synced")


def test_what_goes_along_is_chosen_while_the_mail_waits(person: Person, world: World) -> None:
    chosen = world.customer()
    sender = "New <new@unknown-two.example>"
    world.kim.deliver(Mail("A secret of a stranger", sender, KIM, body="<p>Marmalade</p>"))
    person.opens("A secret of a stranger")
    person.sees("Not in webCRM yet")
    person.press("Sync to webCRM")
    person.sees("Waiting for a contact")
    along = person.in_pane().locator(".along")
    along.locator("summary").click()
    with person.page.expect_response(lambda answer: answer.url.endswith("/mails/sync")) as saved:
        along.get_by_label("No text").check()
    assert saved.value.ok
    person.press("Choose Organisation")
    person.in_pane().get_by_role("combobox").fill(chosen.organisation)
    person.in_pane().get_by_role("option", name=chosen.organisation).first.click()
    person.sees("In webCRM")
    expect(along.locator("summary")).to_contain_text("No text")
    activity = person.sees_in_webcrm(chosen.organisation, "A secret of a stranger")
    expect(activity).not_to_contain_text("Marmalade")


def _has_a_private_mail_moved_by_the_rule(person: Person, world: World, subject: str) -> Customer:
    """Switch the rule on, deliver a private mail that it moves, and open it; its customer."""
    customer = person.opens_mail_of_a_customer(f"Before {subject}")
    person.sees("Not in webCRM yet")
    person.always_syncs()
    world.kim.deliver(Mail(subject, customer.address, KIM, body="<p>Hush</p>", headers=_PRIVATE))
    person.open_folder(FOLDER)
    person.read(subject)
    person.sees("Needs your decision")
    person.sees_line("This mail is marked private, and a rule moved it here.")
    expect(person.in_pane().locator(".badge")).to_have_text("Private")
    return customer


def test_a_private_mail_that_a_rule_moved_is_synced_once_a_person_says_yes(
    person: Person, world: World
) -> None:
    customer = _has_a_private_mail_moved_by_the_rule(person, world, "For your eyes")
    person.looks_around("parked-private")
    person.sees_nothing_in_webcrm(customer.organisation)
    person.press("Sync it anyway")
    question = person.in_pane().locator(".panel")
    expect(question).to_contain_text("Outlook marks this mail as private")
    person.press("Cancel")
    person.sees("Needs your decision")
    person.press("Sync it anyway")
    question.get_by_role("button", name="Sync it anyway").click()
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "For your eyes")
    person.sees_in_outlook("For your eyes", "webCRM sync", "Synced")


def test_a_private_mail_that_a_rule_moved_leaves_the_folder_if_a_person_says_no(
    person: Person, world: World
) -> None:
    customer = _has_a_private_mail_moved_by_the_rule(person, world, "Not for webCRM")
    person.press("Do not sync")
    person.sees("Not in webCRM yet")
    expect(person.row("Not for webCRM")).to_have_count(0, timeout=PATIENCE_MS)
    person.open_folder("Inbox")
    row = person.row("Not for webCRM").filter(has_not_text="Before")
    expect(row.locator(".chip")).to_have_count(0, timeout=PATIENCE_MS)
    person.sees_nothing_in_webcrm(customer.organisation)
