"""A person signed in to Outlook, who calls the API as the add-in does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from support.pane_user import ref_to
from support.scenario import Scenario
from webcrm_sync_sandbox.outlook.mailbox import SimMailbox


@dataclass(slots=True)
class Person:
    """A person signed in to Outlook, who calls the API as the add-in does."""

    scenario: Scenario
    client: FlaskClient
    box: SimMailbox
    token: str

    def request(self, method: str, path: str, **more: Any) -> TestResponse:
        """The response to one call with the person's token."""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    def ref(self, graph_id: str, box: SimMailbox | None = None) -> dict[str, Any]:
        """The reference to a mail, as the add-in sends it."""
        ref = ref_to(box or self.box, graph_id)
        return {"itemId": ref.item_id, "idType": ref.kind, "messageId": ref.message_id}

    def post(self, path: str, graph_id: str, **more: Any) -> TestResponse:
        """The response to an action on one mail."""
        return self.request("POST", f"/mails/{path}", json={"mail": self.ref(graph_id), **more})

    def status(self, graph_id: str) -> dict[str, Any]:
        """The status of one mail, as the pane shows it."""
        answer = self.request("POST", "/mails/state", json={"mails": [self.ref(graph_id)]})
        assert answer.status_code == 200, answer.text
        status: dict[str, Any] = answer.json["mails"][0]  # type: ignore[index]  # it is JSON
        return status


def person(
    scenario: Scenario, app: Flask, address: str, name: str, *, is_watched: bool = True
) -> Person:
    """A person with a mailbox and a token for the API's scope."""
    if is_watched:
        box = scenario.add_mailbox(address, name)
    else:
        box = scenario.sandbox.outlook.add_mailbox(address, name)
    scenario.sandbox.entra.url = (
        scenario.context.settings.entra_authority
    )  # otherwise Entra learns it from its first call
    token = scenario.sandbox.entra.issue_user_token(
        box.user_id, scenario.context.settings.entra_client_id, ("access_as_user",), name=address
    )
    return Person(scenario, app.test_client(), box, token)
