"""A mail that belongs to two Organisations, and people who edit its places by the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.api_client import Person
from support.scenario import BO, KIM, LIS, Scenario
from webcrm_sync_sandbox.outlook.mail import File, Mail

EVA = "eva@nordwind.example"
OLE = "ole@mill.example"
WITHDRAWN = "[withdrawn] Offer?"


def offer(**more: Any) -> Mail:
    """A mail of Bo to Kim and Eva, with Lis in copy."""
    files = (File("a.pdf", b"%PDF"),)
    return Mail("Offer?", BO, (KIM, EVA), cc=(LIS,), attachments=files, **more)


def synced(scenario: Scenario, kim: Person, **more: Any) -> str:
    """The Graph id of the offer in Kim's mailbox, once it is synced."""
    mail = kim.box.deliver(offer(**more))
    kim.post("sync", mail)
    scenario.run_until_idle()
    return mail


def edit(kim: Person, what: str, mail: str, organisation_id: int, **more: Any) -> Any:
    """The state of the mail after the edit."""
    answer = kim.post(f"places/{what}", mail, organisationId=organisation_id, **more)
    assert answer.status_code == 200, answer.json
    return answer.json


def under(scenario: Scenario) -> dict[str, list[str]]:
    """The subjects of the Activities by Organisation."""
    return {
        name: [a["ActivityDescription"] for a in scenario.activities_under(name)]
        for name in scenario.organisations
    }


@contextmanager
def refusing(scenario: Scenario) -> Iterator[None]:
    """webCRM refuses every Activity of the offer."""
    scenario.sandbox.crm.refused.add("Offer?")
    yield
    scenario.sandbox.crm.refused.clear()


def names(shown: Any) -> list[str]:
    """The names of the mail's places."""
    return [target["organisation"] for target in shown["targets"]]
