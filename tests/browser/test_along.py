"""What goes along with a mail, and who is asked before a private one is synced."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from browser.person import PATIENCE_MS, Person
from browser.world import World
from webcrm_sync_sandbox.outlook.mail import File, Mail
from webcrm_sync_sandbox.screen.fixtures import KIM

_BODY = (
    "<p>Hello Kim, here is the new offer.</p>"
    "<p>From: Kim<br>Sent: Monday<br>To: Office<br>Subject: Offer</p><p>The old question.</p>"
)
_FILES = (File("offer.pdf", b"%PDF offer"), File("internal.docx", b"not for webCRM"))


def _opens_mail_with_files(person: Person, world: World, subject: str) -> str:
    """Deliver and open a mail with a quoted mail and two files; its Organisation."""
    customer = world.customer()
    world.kim.deliver(Mail(subject, customer.address, KIM, body=_BODY, attachments=_FILES))
    person.opens(subject)
    person.sees("Not in webCRM yet")
    return customer.organisation


def test_only_what_was_chosen_goes_along_and_more_follows_on_request(
    person: Person, world: World
) -> None:
    organisation = _opens_mail_with_files(person, world, "Not all of it")
    along = person.in_pane().locator(".along")
    expect(along).to_contain_text("Whole text, 2 of 2 attachments")
    along.locator("summary").click()
    along.get_by_label("No text").check()
    along.get_by_label("internal.docx").uncheck()
    expect(along.locator("summary")).to_contain_text("No text, 1 of 2 attachments")
    person.looks_around("along-before")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    activity = person.sees_in_webcrm(organisation, "Not all of it")
    expect(activity.locator(".file")).to_have_text(["offer.pdf"], timeout=PATIENCE_MS)
    expect(activity).not_to_contain_text("new offer")
    expect(along.get_by_label("offer.pdf")).to_be_disabled()
    person.looks_around("along-after")
    along.get_by_label("internal.docx").check()
    person.press("Add to webCRM")
    expect(activity.locator(".file")).to_have_count(2, timeout=PATIENCE_MS)
    person.sees("In webCRM")
    expect(along.locator("summary")).to_contain_text("No text, 2 of 2 attachments")


def test_the_choice_is_shown_after_undo(person: Person, world: World) -> None:
    _opens_mail_with_files(person, world, "Chosen once")
    along = person.in_pane().locator(".along")
    along.locator("summary").click()
    along.get_by_label("No text").check()
    along.get_by_label("internal.docx").uncheck()
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.press("Undo")
    person.sees("Not in webCRM any more")
    expect(along.locator("summary")).to_contain_text("No text, 1 of 2 attachments")
    expect(along.get_by_label("offer.pdf")).to_be_checked()
    expect(along.get_by_label("internal.docx")).not_to_be_checked()


def test_a_private_mail_is_synced_only_after_the_person_agrees(
    person: Person, world: World
) -> None:
    customer = world.customer()
    headers = (("Sensitivity", "Private"),)
    world.kim.deliver(Mail("Between us", customer.address, KIM, body="<p>x</p>", headers=headers))
    person.opens("Between us")
    expect(person.in_pane().locator(".badge")).to_have_text("Private")
    person.press("Sync to webCRM")
    question = person.in_pane().locator(".panel")
    expect(question).to_contain_text("Outlook marks this mail as private")
    expect(question).to_contain_text(f"everybody with access to {customer.organisation} in webCRM")
    person.looks_around("private")
    person.press("Cancel")
    person.sees("Not in webCRM yet")
    person.press("Sync to webCRM")
    person.press("Sync it anyway")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "Between us")


def test_the_ribbons_button_leaves_a_private_mail_to_the_pane(person: Person, world: World) -> None:
    customer = world.customer()
    headers = (("Sensitivity", "Private"),)
    world.kim.deliver(Mail("Not by mistake", customer.address, KIM, headers=headers))
    person.read("Not by mistake")
    person.press_sync()
    expect(person.note()).to_contain_text("A private mail", timeout=PATIENCE_MS)
    person.sees_nothing_in_webcrm(customer.organisation)


def test_one_tick_stands_for_all_attachments_of_its_name(person: Person, world: World) -> None:
    customer = world.customer()
    files = (
        File("offer.pdf", b"%PDF the first offer"),
        File("internal.docx", b"not for webCRM"),
        File("offer.pdf", b"%PDF the second offer, a bit longer"),
        File("Offer.pdf", b"%PDF another name"),
    )
    subject = "Twice the same name"
    world.kim.deliver(Mail(subject, customer.address, KIM, body=_BODY, attachments=files))
    person.opens(subject)
    person.sees("Not in webCRM yet")
    along = person.in_pane().locator(".along")
    along.locator("summary").click()
    twice = along.locator("label").filter(has_text="2 files with this name")
    expect(twice).to_contain_text("offer.pdf")
    ticks = along.get_by_role("checkbox")
    expect(ticks).to_have_count(3)
    along.locator("label").filter(has_text="internal.docx").get_by_role("checkbox").uncheck()
    other = along.locator("label").filter(has_text=re.compile("^Offer.pdf"))
    other.get_by_role("checkbox").uncheck()
    expect(twice.get_by_role("checkbox")).to_be_checked()
    person.looks_around("along-same-name")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    activity = person.sees_in_webcrm(customer.organisation, subject)
    stored = activity.locator(".file")
    expect(stored).to_have_text(["offer.pdf", "offer (2).pdf"], timeout=PATIENCE_MS)
    expect(twice.get_by_role("checkbox")).to_be_checked()
    expect(along.get_by_label("internal.docx")).not_to_be_checked()
