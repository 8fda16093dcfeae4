"""An open pane shows every change within two seconds, whatever caused it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import text

from browser.person import Person, SitDown
from browser.world import FOLDER, World
from support.processes import until
from webcrm_sync.bootstrap.context import open_context
from webcrm_sync.engine.reconciliation import prove
from webcrm_sync_sandbox.outlook.mail import Mail
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox
from webcrm_sync_sandbox.screen.fixtures import IVO, KIM

#: The time within which a visible pane shows a change.
PROMISED_MS = 2_000
BOTH = (FOLDER, "Synced")
#: A proof skips Activities that webCRM's search may not show yet.
_FILED_EARLIER = (
    "UPDATE filing SET filed_at = filed_at - interval '2 hours' WHERE activity_id = :id"
)
NOT_IN_WEBCRM = re.compile("^Not in webCRM ")


@pytest.fixture
def elsewhere(sit_down: SitDown) -> Person:
    """Kim again, at another machine: nothing is shared with the first pane but the server."""
    return sit_down()


def soon_says(person: Person, is_true: Callable[[], bool], sentence: str | re.Pattern[str]) -> None:
    """Check that the open pane shows the sentence within two seconds of the change."""
    until(is_true, f"the truth of {sentence}", patience_s=60)
    expect(status(person)).to_have_text(sentence, timeout=PROMISED_MS)


def status(person: Person) -> Locator:
    return person.in_pane().locator("#sentence")


def is_marked(box: SimMailbox, item: str, *categories: str) -> Callable[[], bool]:
    return lambda: set(box.read(item).categories) == set(categories)


def test_moves_into_and_out_of_the_folder_show_in_an_open_pane(
    person: Person, elsewhere: Person, world: World
) -> None:
    kim = world.kim
    customer = world.customer()

    item = world.deliver("In by the ribbon", customer.address)
    person.opens("In by the ribbon")
    elsewhere.opens("In by the ribbon")
    for pane in (person, elsewhere):
        expect(status(pane)).to_have_text("Not in webCRM yet")
    elsewhere.press_sync()
    soon_says(person, is_marked(kim, item, *BOTH), "In webCRM")

    expect(elsewhere.note()).to_contain_text("In webCRM under")

    elsewhere.press("Undo")
    soon_says(person, is_marked(kim, item), NOT_IN_WEBCRM)
    expect(elsewhere.note()).to_have_count(0)

    item = world.deliver("In and out on the phone", "Nobody <nobody@nowhere.example>")
    person.read("In and out on the phone")
    expect(status(person)).to_have_text("Not in webCRM yet")
    kim.move(item, f"inbox/{FOLDER}")
    soon_says(person, is_marked(kim, item, FOLDER, "Not synced"), "Waiting for a contact")
    kim.move(item, "inbox")
    soon_says(person, is_marked(kim, item), NOT_IN_WEBCRM)


def test_changes_by_colleagues_show_in_an_open_pane(person: Person, world: World) -> None:
    kim, crm = world.kim, world.sandbox.crm
    customer = world.customer()
    mail = Mail("To both", customer.address, KIM, cc=(IVO,), message_id="<both@truth.example>")
    ours, ivo = kim.deliver(mail), world.sandbox.outlook.mailbox(IVO)
    theirs = ivo.deliver(mail)
    person.opens("To both")
    expect(status(person)).to_have_text("Not in webCRM yet")
    ivo.move(theirs, f"inbox/{FOLDER}")
    soon_says(person, is_marked(ivo, theirs, *BOTH), "In webCRM")
    expect(person.in_pane().locator(".line")).to_contain_text("this copy is not marked")

    kim.move(ours, f"inbox/{FOLDER}")
    until(is_marked(kim, ours, *BOTH), "the copy to be marked")
    expect(person.in_pane().locator(".line")).not_to_contain_text("not marked", timeout=2_000)

    world.deliver("From a contact to be", "Soon <soon@truth.example>")
    person.read("From a contact to be")
    person.sees_line("None of its addresses is a contact in webCRM")
    number = next(
        o["OrganisationId"]
        for o in crm.organisations
        if o["OrganisationName"] == customer.organisation
    )
    crm.add_person(number, "soon@truth.example", name="Soon")
    person.sees_line(customer.organisation)


def test_changes_by_outlook_and_webcrm_show_in_an_open_pane(person: Person, world: World) -> None:
    kim, crm = world.kim, world.sandbox.crm
    customer = world.customer()
    item = world.deliver("Dragged beside the pane", customer.address)
    person.opens("Dragged beside the pane")
    expect(status(person)).to_have_text("Not in webCRM yet")
    person.drag("Dragged beside the pane")
    soon_says(person, is_marked(kim, item, *BOTH), "In webCRM")

    rule = kim.add_rule(
        "webCRM sync: the customer",
        conditions={"fromAddresses": [{"emailAddress": {"address": customer.address}}]},
        actions={"moveToFolder": kim.folder(f"inbox/{FOLDER}").id},
    )
    person.open_folder(FOLDER)
    item = world.deliver("Moved by a rule", customer.address)
    person.read("Moved by a rule")
    soon_says(person, is_marked(kim, item, *BOTH), "In webCRM")
    del kim.rules[rule.id]

    (gone,) = (
        one["ActivityId"]
        for one in crm.activities
        if one["ActivityDescription"] == "Moved by a rule"
    )
    crm.tables["Activity"].delete(gone)
    with open_context(world.sandbox.settings_of(world.service.environment)) as context:
        with context.begin() as tx:
            tx.connection.execute(text(_FILED_EARLIER), {"id": gone})
        list(prove.prove_webcrm(context))
    soon_says(person, is_marked(kim, item, FOLDER, "Not synced"), "Not synced")
    person.sees_line("Was deleted in webCRM")

    person.page.locator("#organisations button").filter(has_text=customer.organisation).click()
    person.fill("Send a mail", person=customer.line, subject="Written in webCRM", text="Hello")
    person.open_folder(FOLDER, under="Sent Items")
    person.read("Written in webCRM")
    expect(status(person)).to_have_text("Sent from webCRM", timeout=PROMISED_MS)
