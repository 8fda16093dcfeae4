"""The picture in the README: the product at work. `make picture` takes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import expect

from browser.person import PATIENCE_MS, Person
from browser.world import World

#: Where the picture goes; None = the scene is played and nothing is written.
TARGET = os.environ.get("WEBCRM_SYNC_PICTURE")


def test_the_readmes_picture_shows_a_synced_mail(person: Person, world: World) -> None:
    subject = "Offer for the harbour project"
    customer = world.customer()
    ids = world.add_opportunities(customer, "New quay for the harbour", "Service agreement")
    world.deliver(subject, customer.address)
    person.opens(subject)
    select = person.in_pane().get_by_label("Opportunity")
    expect(select).to_be_visible(timeout=PATIENCE_MS)
    select.select_option(str(ids["New quay for the harbour"]))
    person.press("Sync to webCRM")
    person.sees("In webCRM")
    person.sees_in_webcrm(customer.organisation, subject)
    person.sees_in_outlook(subject, "webCRM sync", "Synced")
    person.read(subject)
    person.sees("In webCRM")
    person.is_connected()
    if TARGET:
        person.page.locator("main").screenshot(path=Path(TARGET), animations="disabled")
