"""What Outlook itself does to the pane: events that get lost, or come twice."""

from __future__ import annotations

import pytest

from browser.person import Person
from browser.world import World

#: How the stub of office.js tells that another mail is selected.
_TOLD = 'fire("olkItemSelectedChanged");'


@pytest.mark.parametrize("told", [0, 2], ids=["lost", "doubled"])
def test_the_pane_follows_the_selection_whose_event_is(
    person: Person, world: World, told: int
) -> None:
    script = person.page.request.get(f"{world.window.url}/office.js").text()
    assert _TOLD in script
    changed = script.replace(_TOLD, _TOLD * told)
    person.page.route(
        "**/office.js", lambda route: route.fulfill(body=changed, content_type="text/javascript")
    )
    person.opens_mail_of_a_customer(f"Selected first, told {told} times")
    person.sees("Not in webCRM yet")
    customer = world.customer()
    subject = f"Selected next, told {told} times"
    world.deliver(subject, customer.address)
    person.read(subject)
    person.sees_line(customer.organisation)
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, subject)
