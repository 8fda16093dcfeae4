"""The OpenAPI document is right: each request that it allows gets an answer that it describes."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema_rs import Draft202012Validator

from support.api_client import Person
from support.scenario import BO, Scenario
from webcrm_sync_sandbox.outlook.mail import Mail


def test_every_operation_answers_as_described(scenario: Scenario, app: Flask, kim: Person) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    kim.box.deliver(Mail("Offer?", BO, scenario.sandbox.outlook.mailboxes[0].address))
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations: list[Any] = list(schema.get_all_operations())
    assert len(operations) == 20
    for operation in operations:
        _check_answers(operation.ok(), kim.token)


def _check_answers(operation: Any, token: str) -> None:
    @given(case=operation.as_strategy())
    @settings(
        max_examples=10,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

    answers()


@pytest.mark.parametrize("blank", ["", " ", "\x1c", "\x85", "\u00a0", "\u2003"])
def test_a_blank_name_of_a_mail_is_refused_as_the_document_says(
    app: Flask, kim: Person, blank: str
) -> None:
    document = app.test_client().get("/api/v1/openapi.json").json
    assert document is not None
    shape = document["components"]["schemas"]["MailRefShape"]
    mail = {"messageId": blank}
    assert not Draft202012Validator({"anyOf": shape["anyOf"]}).is_valid(mail)
    assert kim.request("post", "/mails/sync", json={"mail": mail}).status_code == 400
