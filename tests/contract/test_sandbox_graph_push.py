"""Subscriptions and notifications of the simulated Graph, to a receiver over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from contract.graph_setup import MAIL, GraphSetup, code
from webcrm_sync_sandbox.graph.http import stamp
from webcrm_sync_sandbox.http_server import Server

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


class Receiver:
    """A receiver that validates, stores notifications and can fail for a while."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[dict[str, Any]] = []
        self.failures = 0
        self.greeting: str | None = None
        self.hands = 0
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        query = parse_qs(environ["QUERY_STRING"])
        if "validationToken" in query:
            self.hands += 1
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [(self.greeting or query["validationToken"][0]).encode()]
        with self._lock:
            is_failing = self.failures > 0
            self.failures -= is_failing
            if not is_failing:
                self.heard += json.loads(environ["wsgi.input"].read())["value"]
        start_response("503 Service Unavailable" if is_failing else "202 Accepted", [])
        return [b""]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with Server(receiver) as server:
        receiver.url = server.url
        yield receiver


def wish(graph_setup: GraphSetup, receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{receiver.url}/notify",
        "lifecycleNotificationUrl": f"{receiver.url}/lifecycle",
        "resource": f"{graph_setup.me}/mailFolders/{graph_setup.folder.id}/messages",
        "expirationDateTime": stamp(graph_setup.clock.now() + timedelta(minutes=4200)),
        "clientState": "secret",
    } | more


def subscribe(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver, **more: Any
) -> dict[str, Any]:
    answer = graph.post("/subscriptions", json=wish(graph_setup, receiver, **more))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_change_is_sent_to_each_validated_subscription(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    made = subscribe(graph_setup, graph, receiver)
    assert receiver.hands == 2, "one for each URL"
    item = graph_setup.arrive()
    graph_setup.box.set_categories(item, ["A"])
    graph_setup.box.move(item, "inbox")
    assert graph_setup.graph.pusher.drain()
    assert [one["changeType"] for one in receiver.heard] == ["created", "updated", "deleted"]
    first = receiver.heard[0]
    assert (first["subscriptionId"], first["clientState"]) == (made["id"], "secret")
    assert first["resource"] == f"Users/{graph_setup.box.user_id}/Messages/{item}"
    assert graph.get("/" + first["resource"]).json()["id"] == item


def test_a_subscription_keeps_the_form_of_ids_it_was_created_with(
    graph_setup: GraphSetup, receiver: Receiver
) -> None:
    subscribe(graph_setup, graph_setup.client(prefer=None), receiver)
    item = graph_setup.arrive()
    graph_setup.graph.pusher.drain()
    assert receiver.heard[0]["resourceData"]["id"] != item


def test_only_changes_in_the_subscribed_folder_are_sent(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    subscribe(graph_setup, graph, receiver, changeType="created")
    graph_setup.box.deliver(MAIL)
    graph_setup.box.set_categories(graph_setup.arrive(), ["A"])
    graph_setup.graph.pusher.drain()
    assert [one["changeType"] for one in receiver.heard] == ["created"]


def test_a_sent_mail_is_first_notified_with_an_id_that_does_not_exist(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    subscribe(graph_setup, graph, receiver, resource=f"{graph_setup.me}/messages")
    item = graph_setup.box.put_sent(MAIL)
    graph_setup.graph.pusher.drain()
    first, second = [one["resourceData"]["id"] for one in receiver.heard]
    assert graph.get(f"{graph_setup.messages}/{first}").status_code == 404
    assert second == item


@pytest.mark.parametrize(
    "flaw",
    [
        {"clientState": "x" * 129},
        {"changeType": "created,moved"},
        {"expirationDateTime": "2020-01-01T00:00:00Z"},
        {"expirationDateTime": "2099-01-01T00:00:00Z"},
        {"notificationUrl": "http://sync.example.com/notify"},
        {"notificationUrl": "http://127.0.0.1:9/nobody"},
        {"resource": "/users/x/events"},
    ],
)
def test_an_invalid_subscription_is_refused(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver, flaw: dict[str, str]
) -> None:
    assert graph.post("/subscriptions", json=wish(graph_setup, receiver, **flaw)).status_code == 400
    assert graph.get("/subscriptions").json()["value"] == []


def test_a_wrong_answer_to_the_validation_creates_no_subscription(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    receiver.greeting = "hello"
    refused = graph.post("/subscriptions", json=wish(graph_setup, receiver))
    assert code(refused) == (400, "ValidationError")


def test_a_short_lifetime_is_raised_and_a_subscription_expires(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    soon = stamp(graph_setup.clock.now() + timedelta(minutes=1))
    path = (
        f"/subscriptions/{subscribe(graph_setup, graph, receiver, expirationDateTime=soon)['id']}"
    )
    graph_setup.clock.advance(timedelta(minutes=44))
    later = stamp(graph_setup.clock.now() + timedelta(minutes=100))
    renewed = graph.patch(path, json={"expirationDateTime": later})
    assert renewed.json()["expirationDateTime"] == later
    assert graph.patch(path, json={"changeType": "created"}).status_code == 400
    graph_setup.clock.advance(timedelta(minutes=101))
    assert graph.get(path).status_code == 404
    graph_setup.arrive()
    graph_setup.graph.pusher.drain()
    assert receiver.heard == []


def test_a_failed_notification_is_sent_again_later(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    subscribe(graph_setup, graph, receiver)
    receiver.failures = 1
    graph_setup.arrive()
    assert graph_setup.graph.pusher.drain()
    graph_setup.clock.advance(timedelta(minutes=1))
    assert graph_setup.graph.pusher.drain()
    assert len(receiver.heard) == 1


def test_notifications_are_lost_duplicated_and_late_as_configured(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    subscribe(graph_setup, graph, receiver)
    faults = graph_setup.graph.pusher.faults
    faults.lost = 1.0
    graph_setup.arrive()
    faults.lost, faults.doubled = 0.0, 1.0
    doubled = graph_setup.arrive()
    faults.doubled, faults.late = 0.0, 1.0
    late = graph_setup.arrive()
    assert graph_setup.graph.pusher.drain()
    assert [one["resourceData"]["id"] for one in receiver.heard] == [doubled, doubled]
    graph_setup.clock.advance(faults.late_by)
    assert graph_setup.graph.pusher.drain()
    assert receiver.heard[-1]["resourceData"]["id"] == late


def test_nothing_is_delivered_until_the_subscription_is_reauthorized(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    made = subscribe(graph_setup, graph, receiver)
    assert graph_setup.graph.lifecycle("reauthorizationRequired") == 1
    graph_setup.arrive()
    assert graph.post(f"/subscriptions/{made['id']}/reauthorize").is_success
    item = graph_setup.arrive()
    assert graph_setup.graph.pusher.drain()
    event, told = receiver.heard
    assert (event["lifecycleEvent"], event["clientState"]) == ("reauthorizationRequired", "secret")
    assert told["resourceData"]["id"] == item


def test_a_removed_subscription_is_gone(
    graph_setup: GraphSetup, graph: httpx.Client, receiver: Receiver
) -> None:
    subscribe(graph_setup, graph, receiver)
    graph_setup.graph.lifecycle("subscriptionRemoved")
    assert graph.get("/subscriptions").json()["value"] == []
    own = f"/subscriptions/{subscribe(graph_setup, graph, receiver)['id']}"
    assert graph.delete(own).status_code == 204
    assert graph.get(own).status_code == 404


def test_a_person_can_subscribe_to_their_own_mailbox_only(
    graph_setup: GraphSetup, receiver: Receiver
) -> None:
    other = graph_setup.outlook.add_mailbox("bo@example.com", "Bo")
    graph_setup.outlook.grant(other, graph_setup.box)
    ann = graph_setup.user(graph_setup.box)
    foreign = wish(graph_setup, receiver, resource=f"/users/{other.user_id}/messages")
    assert ann.post("/subscriptions", json=foreign).status_code == 403
    own = wish(graph_setup, receiver, resource="/me/mailFolders('inbox')/messages")
    assert ann.post("/subscriptions", json=own).status_code == 201
