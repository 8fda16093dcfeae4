"""Other forms of Outlook: events get lost or repeated, or Outlook does not sign in."""

from __future__ import annotations

import pytest

from browser.person import Person, SitDown
from browser.world import World

#: The code of the stub of office.js that reports another selection.
_SELECTION_EVENT = 'fire("olkItemSelectedChanged");'

#: What it calls the kind of an open item.
_MESSAGE = 'itemType: "message",\n      itemClass'
#: The code that announces sign-in by Outlook, and the code that performs it.
_BROKER = {', NestedAppAuth: "1.1"': "", "window.nestedAppAuthBridge =": "const broker ="}


def _has(person: Person, changes: dict[str, str]) -> None:
    """Replace code in this person's office.js, as in another Outlook."""
    script = person.page.request.get(f"{person.world.window.url}/office.js").text()
    for there, instead in changes.items():
        assert there in script
        script = script.replace(there, instead)
    person.page.route(
        "**/office.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )


@pytest.mark.parametrize("times", [0, 2], ids=["lost", "doubled"])
def test_the_pane_follows_a_selection_with_a_lost_or_doubled_event(
    person: Person, world: World, times: int
) -> None:
    _has(person, {_SELECTION_EVENT: _SELECTION_EVENT * times})
    person.opens_mail_of_a_customer(f"Selected first, event {times} times")
    person.sees("Not in webCRM yet")
    customer = world.customer()
    subject = f"Selected next, event {times} times"
    world.deliver(subject, customer.address)
    person.read(subject)
    person.sees_line(customer.organisation)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, subject)


def test_an_appointment_is_not_a_mail(person: Person) -> None:
    _has(person, {_MESSAGE: _MESSAGE.replace("message", "appointment")})
    person.opens_mail_of_a_customer("Shown as an appointment")
    person.sees("Not a mail")
    person.looks_around("not-a-mail")


def test_a_window_signs_in_where_outlook_does_not(sit_down: SitDown, world: World) -> None:
    sandbox = world.sandbox
    sandbox.sign_in.redirects.add(f"{world.window.pane_url}/addin/taskpane.html")
    person = sit_down(sandbox.entra.url)
    _has(person, _BROKER)
    customer = person.opens_mail_of_a_customer("Read after a window")
    person.sees("Not signed in")
    with person.page.expect_popup() as opened:
        person.press("Sign in")
    opened.value.get_by_role("link", name="Continue").click()
    person.sees("Not in webCRM yet")
    person.sees_line(customer.organisation)
    assert opened.value.is_closed()
    person.pane().evaluate("() => location.reload()")
    person.sees("Not in webCRM yet")


def test_a_cancelled_sign_in_is_no_error(sit_down: SitDown, world: World) -> None:
    sandbox = world.sandbox
    sandbox.sign_in.redirects.add(f"{world.window.pane_url}/addin/taskpane.html")
    person = sit_down(sandbox.entra.url)
    _has(person, _BROKER)
    person.opens_mail_of_a_customer("Read after no window")
    with person.page.expect_popup() as opened:
        person.press("Sign in")
    opened.value.get_by_role("link", name="Cancel").click()
    person.sees("Not signed in")
