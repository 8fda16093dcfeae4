"""Every state of the pane, reached as a person reaches it, looked at in light and in dark."""

from __future__ import annotations

from playwright.sync_api import expect

from browser.person import AXE, NARROW, PATIENCE_MS, SCAN, Person
from browser.world import FOLDER, NEVER, OLD, REFUSED, TWIN, World
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.screen.fixtures import IVO, KIM


def test_without_a_mail_the_pane_says_so(person: Person) -> None:
    person.open_pane()
    person.sees("Select one mail")
    person.looks_around("none")


def test_with_several_mails_the_pane_asks_for_one(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("One of several", customer.address)
    world.deliver("Another of several", customer.address)
    person.opens("One of several")
    person.sees("Not in webCRM yet")
    person.row("Another of several").click(modifiers=["Control"])
    person.sees("Select one mail")
    person.looks_around("several-selected")


def test_a_known_sender_shows_where_the_mail_will_be_filed(person: Person, world: World) -> None:
    customer = person.opens_mail_of_a_customer("From somebody known")
    person.sees("Not in webCRM yet")
    person.sees_line(customer.organisation)
    person.looks_around("new-known")


def test_an_unknown_sender_waits_until_the_contact_is_created(person: Person, world: World) -> None:
    world.deliver("From a stranger", "Strange <strange@strange.example>")
    employer = world.customer().organisation
    person.opens("From a stranger")
    expect(person.in_pane().locator(".line")).to_have_text(
        "None of its addresses is a contact in webCRM"
    )
    person.looks_around("new-nobody")
    person.press("Sync to webCRM")
    person.sees("Waiting for a contact")
    person.looks_around("waiting")
    person.press("Create contact")
    panel = person.in_pane().locator(".panel")
    panel.get_by_role("combobox").fill("")
    panel.get_by_label("E-mail address").press("Enter")
    words = panel.locator(".error").evaluate("(one) => getComputedStyle(one).color")
    expect(panel.get_by_role("combobox")).to_have_css("border-top-color", words)
    panel.get_by_role("combobox").fill(employer[:3].lower())
    panel.get_by_role("option", name=employer).click()
    person.looks_around("waiting-contact")
    panel.get_by_role("button", name="Create contact").click()
    person.sees("In webCRM")
    person.sees_in_webcrm(employer, "From a stranger")


def test_a_contact_that_appears_in_webcrm_shows_without_a_click(
    person: Person, world: World
) -> None:
    world.deliver("From somebody soon known", "Soon <soon@known.example>")
    person.opens("From somebody soon known")
    person.sees_line("None of its addresses is a contact in webCRM")
    person.fill("New contact", name="Soon", address="soon@known.example", organisation="Twin North")
    person.sees_line("Will be filed under Twin North")


def test_a_sender_of_two_organisations_makes_the_pane_ask_which_one(
    person: Person, world: World
) -> None:
    world.deliver("Which of the two", TWIN)
    person.opens("Which of the two")
    expect(person.in_pane().locator(".line")).to_have_text("Which customer is this about?")
    person.looks_around("new-several")
    person.in_pane().get_by_role("radio", name="Twin South").check()
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm("Twin South", "Which of the two")


def test_an_ambiguous_mail_that_was_dragged_needs_a_person(person: Person, world: World) -> None:
    world.deliver("Dragged in doubt", TWIN)
    person.drag("Dragged in doubt")
    person.sees_in_outlook("Dragged in doubt", FOLDER, "Not synced")
    person.opens("Dragged in doubt")
    person.sees("Needs your decision")
    person.looks_around("parked")


def test_a_mail_on_its_way_shows_its_steps_and_updates_without_a_click(
    person: Person, world: World
) -> None:
    customer = person.opens_mail_of_a_customer("Held up a little")
    world.sandbox.faults.throttle(
        "webcrm", when=lambda method, path: (method, path) == ("PATCH", "/Activities")
    )
    try:
        person.press("Sync to webCRM")
        person.sees("On its way to webCRM")
        expect(person.in_pane().locator(".steps .done")).to_have_count(2, timeout=PATIENCE_MS)
        spinner = person.in_pane().locator(".spinner")
        expect(spinner).to_have_css("animation-name", "turn")
        person.page.emulate_media(reduced_motion="reduce")
        expect(spinner).to_have_css("animation-name", "none")
        person.looks_around("on-its-way")
    finally:
        world.sandbox.faults.clear()
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, "Held up a little")


def test_a_synced_mail_shows_where_when_and_its_timeline(person: Person, world: World) -> None:
    customer = person.opens_mail_of_a_customer("Told from end to end")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.looks_around("synced")
    person.in_pane().locator(".story summary").click()
    person.in_pane().locator(".foot summary").click()
    expect(person.in_pane().locator(".story li").last).to_be_visible()
    person.looks_around("synced-story")
    with person.page.context.expect_page() as opened:
        person.in_pane().get_by_role("link", name="Open in webCRM", exact=True).click()
    expect(opened.value.locator("#organisation h2")).to_contain_text(customer.organisation)
    opened.value.close()


def test_a_synced_mail_can_be_moved_and_undone(person: Person, world: World) -> None:
    customer = world.customer()
    world.deliver("Under the wrong one", customer.address)
    right = world.customer().organisation
    person.opens("Under the wrong one")
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.press(f"Move from {customer.organisation} to another Organisation")
    person.in_pane().get_by_role("combobox").fill(right[:3].lower())
    expect(person.in_pane().get_by_role("option", name=right)).to_be_visible()
    person.looks_around("synced-move")
    person.in_pane().get_by_role("option", name=right).click()
    person.sees_in_webcrm(right, "Under the wrong one")
    person.press("Undo")
    person.sees("Not in webCRM any more")
    person.looks_around("undone")
    withdrawn = person.sees_in_webcrm(right, "[withdrawn]")
    expect(withdrawn).to_contain_text("Under the wrong one")
    person.in_pane().locator("body").evaluate("() => location.reload()")
    person.sees("Not in webCRM any more")
    person.sees_line(f"webCRM keeps an empty entry, marked as withdrawn, under {right}")
    with person.page.context.expect_page() as opened:
        person.in_pane().get_by_role("link", name=f"Open {right} in webCRM").click()
    expect(opened.value.locator("#organisation h2")).to_contain_text(right)
    opened.value.close()
    person.press("Sync to webCRM")
    person.sees("In webCRM")


def test_a_mail_that_a_colleague_has_filed_says_so(person: Person, world: World) -> None:
    customer = world.customer()
    both = Mail("To both of us", customer.address, (KIM, IVO), message_id="<both@kim.example>")
    world.kim.deliver(both)
    his = world.sandbox.outlook.mailbox(IVO)
    his.move(his.deliver(both), f"inbox/{FOLDER}")
    person.sees_in_webcrm(customer.organisation, "To both of us")
    person.opens("To both of us")
    person.sees("In webCRM")
    person.sees_line(f"under {customer.organisation}; this copy is not marked")
    person.looks_around("colleague")
    person.press("Mark this copy too")
    person.sees_way("with the button")
    person.sees_in_webcrm(customer.organisation, "To both of us")


def test_a_mail_that_webcrm_refuses_says_why_and_can_be_retried(person: Person) -> None:
    person.open_folder(FOLDER)
    person.opens(REFUSED)
    person.sees("Needs your decision")
    person.sees_line("webCRM did not accept this mail")
    person.in_pane().get_by_text("Details", exact=True).click()
    expect(person.in_pane().locator(".state details p")).to_contain_text("Organisation")
    person.looks_around("parked-refused")
    person.press("Try again")
    person.sees("On its way to webCRM")


def test_a_preexisting_mail_is_synced_on_request(person: Person) -> None:
    person.open_folder(FOLDER)
    person.opens(OLD)
    person.sees("Not synced")
    person.sees_line("Was marked Synced before webCRM mail sync was set up")
    person.looks_around("skipped-synced-before")
    person.press("File it anyway")
    person.sees("In webCRM")


def test_a_sender_on_the_never_list_is_not_for_webcrm(person: Person, world: World) -> None:
    world.deliver("From the list", f"private@{NEVER}")
    person.opens("From the list")
    person.sees("Not synced")
    person.sees_line("on the list of addresses never to sync")
    person.looks_around("skipped-never")


def test_a_mail_among_colleagues_is_not_for_webcrm(person: Person) -> None:
    person.opens("Lunch on Friday?")
    person.sees("Not synced")
    button = person.in_pane().get_by_role("button", name="File it anyway …")
    expect(button).to_have_attribute("appearance", "subtle")
    person.looks_around("skipped-colleagues")


def test_a_meeting_request_is_not_for_webcrm(person: Person) -> None:
    person.opens("Invitation: Visit to the quay")
    person.sees("Not synced")
    person.looks_around("skipped-meeting")


def test_a_mail_sent_from_webcrm_says_so(person: Person, world: World) -> None:
    customer = world.customer()
    person.page.locator("#organisations button").filter(has_text=customer.organisation).click()
    person.fill("Send a mail", person=customer.line, subject="Written there", text="Hello")
    person.sees_in_outlook("Written there", FOLDER, "Synced", under="Sent Items")
    person.opens("Written there")
    person.sees("Sent from webCRM")
    person.looks_around("mirrored")


def test_a_draft_waits_until_it_is_sent(person: Person) -> None:
    person.open_pane()
    person.open_folder("Drafts")
    person.row("Bænke: farver og pris").click()
    person.sees("Not sent yet")
    person.looks_around("draft")


def test_each_salesperson_sees_their_own_mailbox(person: Person) -> None:
    person.choose("who", IVO)
    person.opens("Kranen på kaj 2")
    person.sees("Not in webCRM yet")


def test_the_pane_speaks_each_language(person: Person) -> None:
    customer = person.opens_mail_of_a_customer("In six languages")
    said = {}
    for language, tag in {
        "da": "da",
        "de": "de",
        "fi": "fi",
        "nl": "nl",
        "no": "nb",
        "sv": "sv",
    }.items():
        person.choose("language", language)
        expect(person.in_pane().locator(f"html[lang^={tag}]")).to_be_attached()
        person.sees_line(customer.organisation)
        said[language] = person.in_pane().locator("#sentence").text_content()
        person.looks_around(f"new-known-{language}")
    assert said == {
        "da": "Ikke i webCRM endnu",
        "de": "Noch nicht in webCRM",
        "fi": "Ei vielä webCRM:ssä",
        "nl": "Nog niet in webCRM",
        "no": "Ikke i webCRM ennå",
        "sv": "Inte i webCRM än",
    }


def test_the_timeline_of_a_mail_is_shown_in_danish(person: Person) -> None:
    customer = person.opens_mail_of_a_customer("Told in Danish")
    person.choose("language", "da")
    person.press("Synkroniser til webCRM")
    person.sees("I webCRM")
    person.in_pane().locator(".story summary").click()
    expect(person.in_pane().locator(".story li span:not(.facts)")).to_have_text(
        [
            "Synkroniseret med knappen af Kim Nordwind",
            "Fundet i mappen under Indbakke",
            f"Tilhører {customer.organisation}",
            f"Gemt i webCRM under {customer.organisation}",
            "Markeret som Synced i Outlook",
        ]
    )
    person.looks_around("synced-story-da")


def test_outside_outlook_the_pane_says_where_to_look(person: Person, world: World) -> None:
    person.page.set_viewport_size({"width": NARROW, "height": 570})
    person.page.goto(f"{world.window.pane_url}/addin/taskpane.html")
    expect(person.page.locator("#sentence")).to_have_text("Open webCRM in Outlook")
    person.shoot("outside")
    person.page.evaluate(AXE.read_text("utf-8"))
    assert person.page.evaluate(SCAN) == []
    assert person.page.evaluate("() => document.documentElement.scrollWidth") <= NARROW
