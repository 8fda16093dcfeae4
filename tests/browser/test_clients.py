"""An Outlook that is unlike the others: on a Mac."""

from __future__ import annotations

from playwright.sync_api import Route

from browser.person import Person

_ID = "itemId: mail.itemId,"


def be(person: Person, *changes: tuple[str, str]) -> None:
    """Let Outlook give its add-ins another context from now on."""

    def change(route: Route) -> None:
        text = route.fetch().text()
        for usual, other in changes:
            assert usual in text
            text = text.replace(usual, other)
        route.fulfill(body=text, content_type="text/javascript")

    person.page.route("**/office.js", change)


def test_a_mail_is_found_although_outlook_for_mac_gives_no_id(person: Person) -> None:
    be(person, (_ID, 'itemId: "",'))
    customer = person.opens_mail_of_a_customer("Read on a Mac")
    person.sees("Not in webCRM yet")
    person.sees_line(customer.organisation)
    person.press("Sync to webCRM")
    person.sees_way("with the button")
    person.sees_in_webcrm(customer.organisation, "Read on a Mac")
    person.press("Undo")
    person.sees("Not in webCRM any more")
