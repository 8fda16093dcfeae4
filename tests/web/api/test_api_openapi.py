"""The OpenAPI document is right: each request that it allows gets an answer that it describes."""

from __future__ import annotations

from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings

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
