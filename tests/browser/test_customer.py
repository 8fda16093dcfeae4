"""A new customer in one step, from the mail of somebody whom webCRM does not know."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from browser.person import PATIENCE_MS, Person
from browser.world import World
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.screen.fixtures import KIM


def _letter(name: str, title: str, organisation: str, host: str) -> str:
    """A mail with a signature, and a quoted mail with another one."""
    return (
        f"<p>Hello Kim,</p><p>please call me.</p><p>Best regards</p><p>{name}<br>{title}<br>"
        f"{organisation}<br>Tel. +45 66 12 34 56<br>www.{host}</p>"
        "<p>From: Somebody &lt;other@quoted.example&gt;<br>Sent: Monday</p>"
        "<p>Somebody Else<br>Tel. +45 99 99 99 99</p>"
    )


def _opens(person: Person, world: World, subject: str, sender: str, body: str) -> Locator:
    """Deliver and open the mail, and open the form; the form."""
    world.kim.deliver(Mail(subject, sender, KIM, body=body))
    person.opens(subject)
    person.sees_line("None of its addresses is a contact in webCRM")
    person.press("Create contact and sync")
    return person.in_pane().locator(".panel")


def test_a_new_customer_is_created_from_the_signature(person: Person, world: World) -> None:
    body = _letter("Nora Fjeld", "Head of Buying", "Fjeldbyg ApS", "fjeldbyg.example")
    form = _opens(person, world, "From a new customer", "Nora Fjeld <nf@fjeldbyg.example>", body)
    expect(form.get_by_role("combobox")).to_have_value("Fjeldbyg ApS", timeout=PATIENCE_MS)
    fields = {
        "Name": "Nora Fjeld",
        "E-mail address": "nf@fjeldbyg.example",
        "Job title": "Head of Buying",
        "Phone": "+45 66 12 34 56",
        "Website": "www.fjeldbyg.example",
    }
    for label, value in fields.items():
        expect(form.get_by_label(label, exact=True)).to_have_value(value)
    person.looks_around("customer-form")
    form.get_by_role("button", name="Create contact and sync").click()
    person.sees("In webCRM")
    persona = person.in_pane().locator(".persona")
    expect(persona).to_contain_text("Nora Fjeld")
    person.sees_in_webcrm("Fjeldbyg ApS", "From a new customer")
    expect(person.page.locator(".persons")).to_contain_text("nf@fjeldbyg.example")


def test_an_organisation_of_nearly_the_same_name_is_shown_first(
    person: Person, world: World
) -> None:
    known = world.customer()
    name = known.organisation.removesuffix(" A/S")
    body = _letter("Otto Bro", "Buyer", f"{name} ApS", "otto-bro.example")
    form = _opens(person, world, "From nearly the same", "Otto Bro <ob@otto-bro.example>", body)
    expect(form.get_by_role("combobox")).to_have_value(f"{name} ApS", timeout=PATIENCE_MS)
    form.get_by_role("button", name="Create contact and sync").click()
    similar = form.locator(".similar")
    expect(similar).to_contain_text(known.organisation, timeout=PATIENCE_MS)
    first = similar.get_by_role("button", name=known.organisation)
    expect(first).to_be_focused()
    expect(first).to_be_in_viewport()
    person.looks_around("customer-similar")
    similar.get_by_role("button", name=known.organisation).click()
    form.get_by_role("button", name="Create contact and sync").click()
    person.sees("In webCRM")
    person.sees_in_webcrm(known.organisation, "From nearly the same")
    page = person.page.locator("#organisations")
    expect(page.get_by_role("button", name=f"{name} ApS")).to_have_count(0)


def test_what_is_missing_is_said_at_the_field(person: Person, world: World) -> None:
    form = _opens(person, world, "From nobody in particular", "x@nobody.example", "<p>Hi</p>")
    form.get_by_label("Name", exact=True).fill("")
    form.get_by_role("combobox").fill("")
    form.get_by_label("E-mail address").press("Enter")
    expect(form.locator(".error")).to_have_text(
        ["Enter a name", "Choose an Organisation, or type the name of a new one"]
    )
    person.looks_around("customer-missing")
    form.get_by_role("button", name="Cancel").click()
    person.sees("Not in webCRM yet")


def test_an_organisation_is_created_for_one_more_place(person: Person, world: World) -> None:
    person.opens_mail_of_a_customer("For a new Organisation too")
    person.press("Add Organisation")
    person.in_pane().get_by_role("combobox").fill("Kvistgaard Byg")
    person.in_pane().get_by_role("option", name="Create Organisation “Kvistgaard Byg”").click()
    form = person.in_pane().locator(".panel")
    expect(form.get_by_label("E-mail address")).to_have_count(0)
    form.get_by_role("button", name="Create and file here").click()
    person.sees("In webCRM")
    person.sees_in_webcrm("Kvistgaard Byg", "For a new Organisation too")


def test_what_was_edited_before_holds_beside_the_new_customer(person: Person, world: World) -> None:
    one, two, added = (world.customer() for _ in range(3))
    ids = {o["OrganisationName"]: o["OrganisationId"] for o in world.sandbox.crm.organisations}
    opportunity = world.sandbox.crm.add_opportunity(ids[one.organisation], "A deal", number="77")
    subject = "Edited, then somebody new"
    mail = Mail(subject, one.address, KIM, cc=(two.address,), body="<p>Marmalade</p>")
    world.kim.deliver(mail)
    person.opens(subject)
    person.in_pane().get_by_label("Opportunity").select_option(str(opportunity))
    person.press(f"Take away from {two.organisation}")
    person.press("Add Organisation")
    person.in_pane().locator("#search").fill(added.organisation)
    person.in_pane().get_by_role("option", name=added.organisation).first.click()
    person.in_pane().locator(".along summary").click()
    person.in_pane().get_by_label("No text").check()
    _names_new(person, "Nybyg Nord")
    person.in_pane().locator(".panel").get_by_role("button", name="Create and file here").click()
    person.sees("In webCRM")
    names = [one.organisation, added.organisation, "Nybyg Nord"]
    expect(person.in_pane().locator(".place .name")).to_have_text(names, timeout=PATIENCE_MS)
    for name in names:
        expect(person.sees_in_webcrm(name, subject)).not_to_contain_text("Marmalade")
    person.sees_nothing_in_webcrm(two.organisation)
    filed = [a for a in world.sandbox.crm.activities if a["ActivityDescription"] == subject]
    assert {a["ActivityOrganisationId"]: a.get("ActivityOpportunityId") or 0 for a in filed}[
        ids[one.organisation]
    ] == opportunity


def test_a_new_organisation_takes_the_place_of_another(person: Person, world: World) -> None:
    customer = person.opens_mail_of_a_customer("Moved to somebody new")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.press(f"Move from {customer.organisation} to another Organisation")
    _types_new(person, "Nybyg Syd")
    person.in_pane().locator(".panel").get_by_role("button", name="Create and file here").click()
    person.sees("In webCRM")
    names = person.in_pane().locator(".place .name")
    expect(names).to_have_text(["Nybyg Syd"], timeout=PATIENCE_MS)
    person.sees_in_webcrm("Nybyg Syd", "Moved to somebody new")
    person.sees_nothing_in_webcrm(customer.organisation)


def _names_new(person: Person, name: str) -> None:
    person.press("Add Organisation")
    _types_new(person, name)


def _types_new(person: Person, name: str) -> None:
    person.in_pane().locator("#search").fill(name)
    person.in_pane().get_by_role("option", name=f"Create Organisation “{name}”").click()


def test_a_refusal_is_said_in_the_persons_language(person: Person, world: World) -> None:
    form = _opens(person, world, "Til en kollega", "Ny <ny@dansk-ny.example>", "<p>Hej</p>")
    person.choose("language", "da")
    expect(person.in_pane().locator("html[lang^=da]")).to_be_attached()
    person.press("Opret kontakt og synkroniser")
    form.locator("#field-address").fill(KIM)
    form.locator("#field-title").fill("x" * 51)
    form.locator("#search").fill("Danskbyg Ny")
    form.get_by_role("option", name="Danskbyg Ny").click()
    form.locator("#field-address").press("Enter")
    error = form.locator(".error")
    expect(error).to_have_text("Højst 50 tegn", timeout=PATIENCE_MS)
    expect(form.locator("#field-title")).to_be_focused()
    person.looks_around("customer-refused-da")
    form.locator("#field-title").fill("Indkøber")
    form.locator("#field-address").press("Enter")
    expect(error).to_have_text("Det er en kollegas adresse", timeout=PATIENCE_MS)
    expect(form.locator("#field-address")).to_be_focused()
