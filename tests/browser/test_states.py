"""Every state of the pane, reached as a person reaches it, looked at in light and in dark."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, expect

from browser.world import FOLDER, PATIENCE_MS, TWIN, Person, World
from webcrm_sync.sandbox.screen.seed import IVO, NEW, SALES


def _in_pane(person: Person) -> FrameLocator:
    return person.page.frame_locator("#pane iframe")


def test_without_a_mail_the_pane_says_so(person: Person) -> None:
    person.open_pane()
    person.sees("Select one mail")
    person.looks_around("none")


def test_with_several_mails_the_pane_asks_for_one(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("One of several", customer.address)
    world.deliver("Another of several", customer.address)
    person.open_pane()
    person.read("One of several")
    person.sees("Not in webCRM yet")
    person.row("Another of several").click(modifiers=["Control"])
    person.sees("Select one mail")
    person.looks_around("several-selected")


def test_a_known_sender_shows_where_the_mail_will_stand(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("From somebody known", customer.address)
    person.open_pane()
    person.read("From somebody known")
    person.sees("Not in webCRM yet")
    expect(_in_pane(person).locator(".line")).to_contain_text(customer.organisation)
    person.looks_around("new-known")


def test_an_unknown_sender_waits_until_the_contact_is_made(person: Person, world: World) -> None:
    world.deliver("From a stranger", "Strange <strange@strange.example>")
    employer = world.customer().organisation
    person.open_pane()
    person.read("From a stranger")
    expect(_in_pane(person).locator(".line")).to_have_text(
        "None of its addresses is a contact in webCRM"
    )
    person.looks_around("new-nobody")
    person.press("Sync to webCRM")
    person.sees("Waiting for a contact")
    person.looks_around("waiting")
    person.press("Create contact")
    panel = _in_pane(person).locator(".panel")
    panel.get_by_role("combobox").fill(employer[:3].lower())
    panel.get_by_role("option", name=employer).click()
    person.looks_around("waiting-contact")
    panel.get_by_role("button", name="Create contact").click()
    person.sees("In webCRM")
    person.sees_in_webcrm(employer, "From a stranger")


def test_a_sender_of_two_organisations_asks_which_one(person: Person, world: World) -> None:
    world.deliver("Which of the two", TWIN)
    person.open_pane()
    person.read("Which of the two")
    expect(_in_pane(person).locator(".line")).to_have_text("Which one is it?")
    person.looks_around("new-several")
    _in_pane(person).get_by_role("radio", name="Twin South").check()
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm("Twin South", "Which of the two")


def test_an_ambiguous_mail_that_was_dragged_needs_a_person(person: Person, world: World) -> None:
    world.deliver("Dragged in doubt", TWIN)
    person.drag("Dragged in doubt")
    person.sees_in_outlook("Dragged in doubt", FOLDER, "Not synced")
    person.read("Dragged in doubt")
    person.open_pane()
    person.sees("Not synced")
    person.looks_around("parked")


def test_a_mail_on_its_way_shows_its_steps_and_goes_on_by_itself(
    person: Person, world: World
) -> None:
    customer = world.customer()
    world.deliver("Held up a little", customer.address)
    person.open_pane()
    person.read("Held up a little")
    world.stage.faults.throttle(
        "webcrm", when=lambda method, path: (method, path) == ("PATCH", "/Activities")
    )
    try:
        person.press("Sync to webCRM")
        person.sees("On its way to webCRM")
        expect(_in_pane(person).locator(".steps .done")).to_have_count(2, timeout=PATIENCE_MS)
        person.looks_around("on-its-way")
    finally:
        world.stage.faults.clear()
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "Held up a little")


def test_a_synced_mail_tells_where_when_and_its_story(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Told from end to end", customer.address)
    person.open_pane()
    person.read("Told from end to end")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.looks_around("synced")
    _in_pane(person).locator(".story summary").click()
    _in_pane(person).locator(".foot summary").click()
    expect(_in_pane(person).locator(".story li").last).to_be_visible()
    person.looks_around("synced-story")
    with person.page.context.expect_page() as opened:
        _in_pane(person).get_by_role("link", name="Open in webCRM", exact=True).click()
    expect(opened.value.locator("#organisation h2")).to_contain_text(customer.organisation)
    opened.value.close()


def test_a_synced_mail_can_be_changed_and_undone(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Under the wrong one", customer.address)
    right = world.customer().organisation
    person.open_pane()
    person.read("Under the wrong one")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.press("Change")
    _in_pane(person).get_by_role("combobox").fill(right[:3].lower())
    expect(_in_pane(person).get_by_role("option", name=right)).to_be_visible()
    person.looks_around("synced-change")
    _in_pane(person).get_by_role("option", name=right).click()
    person.sees_in_webcrm(right, "Under the wrong one")
    person.press("Undo")
    person.sees("Not in webCRM yet")
    withdrawn = person.sees_in_webcrm(right, "[withdrawn]")
    expect(withdrawn).to_contain_text("Under the wrong one")


def test_a_mail_among_colleagues_is_not_for_webcrm(person: Person) -> None:
    person.open_pane()
    person.read("Lunch on Friday?")
    person.sees("Not for webCRM")
    person.looks_around("skipped-colleagues")


def test_a_meeting_request_is_not_for_webcrm(person: Person) -> None:
    person.open_pane()
    person.read("Invitation: Visit to the quay")
    person.sees("Not for webCRM")
    person.looks_around("skipped-meeting")


def test_a_mail_sent_from_webcrm_says_so(person: Person, world: World) -> None:
    customer = world.customer()
    person.page.locator("#organisations button").filter(has_text=customer.organisation).click()
    person.fill("Send a mail", person=customer.line, subject="Written there", text="Hello")
    person.sees_in_outlook("Written there", FOLDER, "Synced", under="Sent Items")
    person.read("Written there")
    person.open_pane()
    person.sees("Sent from webCRM")
    person.looks_around("mirrored")


def test_a_draft_waits_until_it_is_sent(person: Person) -> None:
    person.open_pane()
    person.open_folder("Drafts")
    person.row("Bænke: farver og pris").click()
    person.sees("Not sent yet")
    person.looks_around("draft")


def test_somebody_signed_out_signs_in_with_one_click(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Read after signing in", customer.address)
    person.page.get_by_label("Signed out").check()
    person.open_pane()
    person.read("Read after signing in")
    person.sees("Not signed in")
    person.looks_around("signed-out")
    person.press("Sign in")
    person.page.locator("dialog .primary").click()
    person.sees("Not in webCRM yet")


def test_a_mailbox_that_was_not_added_has_no_access_yet(person: Person) -> None:
    person.choose("who", NEW)
    person.open_pane()
    person.read("Bænke til skolen")
    person.sees("No access yet")
    person.looks_around("no-access")


def test_a_mail_in_a_shared_mailbox_is_not_ones_own(person: Person) -> None:
    person.choose("who", SALES)
    person.open_pane()
    person.read("Anfrage: Poller")
    person.sees("Not in your own mailbox")
    person.looks_around("not-own")


def test_the_other_salesperson_sees_the_own_mailbox(person: Person) -> None:
    person.choose("who", IVO)
    person.open_pane()
    person.read("Kranen på kaj 2")
    person.sees("Not in webCRM yet")


def test_the_pane_speaks_danish_and_german(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("In two languages", customer.address)
    person.read("In two languages")
    person.open_pane()
    said = {}
    for language in ("da", "de"):
        person.choose("language", language)
        expect(_in_pane(person).locator(f"html[lang^={language}]")).to_be_attached()
        expect(_in_pane(person).locator(".line")).to_contain_text(customer.organisation)
        said[language] = _in_pane(person).locator("#sentence").text_content()
        person.looks_around(f"new-known-{language}")
    assert len({*said.values(), "Not in webCRM yet"}) == 3


def test_outside_outlook_the_pane_says_where_to_look(person: Person, world: World) -> None:
    person.page.goto(f"{world.window.pane_url}/addin/taskpane.html")
    expect(person.page.locator("#sentence")).to_have_text("Open this in Outlook")
