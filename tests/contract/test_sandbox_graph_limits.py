"""Who is let in, how much at a time, and batches of the simulated Graph."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contract.graph_setup import MAIL, GraphSetup, code


def test_a_call_without_a_token_is_refused(graph_setup: GraphSetup) -> None:
    refused = graph_setup.client("stranger").get(graph_setup.me)
    assert code(refused) == (401, "InvalidAuthenticationToken")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    inner = refused.json()["error"]["innerError"]
    assert inner["request-id"] == refused.headers["request-id"]
    assert "+" not in inner["date"]


def test_the_application_has_no_me(graph: httpx.Client) -> None:
    assert graph.get("/me/messages").status_code == 400


def test_a_person_reads_their_own_mailbox_and_others_only_with_permission(
    graph_setup: GraphSetup,
) -> None:
    other = graph_setup.outlook.add_mailbox("bo@example.com", "Bo")
    item = other.deliver(MAIL)
    ann = graph_setup.user(graph_setup.box)
    assert ann.get("/me/messages").status_code == 200
    path = f"/users/{other.user_id}"
    assert code(ann.get(f"{path}/messages/{item}")) == (403, "ErrorAccessDenied")
    graph_setup.outlook.grant(other, graph_setup.box)
    assert ann.get(f"{path}/messages/{item}").status_code == 200
    assert ann.get(f"{path}/mailFolders/inbox/messages/delta").status_code == 404


def test_a_permission_that_was_not_granted_is_required(graph_setup: GraphSetup) -> None:
    reader = graph_setup.client(graph_setup.tokens.issue("reader", roles=["Mail.Read"]))
    item = graph_setup.arrive()
    assert reader.get(f"{graph_setup.messages}/{item}").status_code == 200
    refused = reader.patch(f"{graph_setup.messages}/{item}", json={"categories": []})
    assert code(refused) == (403, "ErrorAccessDenied")
    assert reader.get(f"{graph_setup.me}/outlook/masterCategories").status_code == 403


def test_exchanges_scope_limits_the_application_to_some_mailboxes(
    graph_setup: GraphSetup,
) -> None:
    other = graph_setup.outlook.add_mailbox("bo@example.com", "Bo")
    graph_setup.outlook.scope = {"ann@example.com"}
    bare = graph_setup.client(graph_setup.tokens.issue("bare"))
    assert bare.get(graph_setup.messages).status_code == 200
    refused = bare.get(f"/users/{other.user_id}/messages")
    assert code(refused) == (403, "ErrorAccessDenied")


def test_a_mailbox_without_licence_or_space_returns_its_error(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.box.has_licence = False
    assert code(graph.get(graph_setup.messages)) == (404, "MailboxNotEnabledForRESTAPI")
    assert graph.get(graph_setup.me).status_code == 200
    graph_setup.box.has_licence, graph_setup.box.is_full = True, True
    assert code(graph.get(graph_setup.delta)) == (403, "ErrorQuotaExceeded")


def test_the_fifth_simultaneous_request_is_throttled(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.graph.behaviour.work = timedelta(seconds=0.3)
    clients = [graph_setup.client() for _ in range(5)]
    start = threading.Barrier(5)
    answers: list[httpx.Response] = []

    def ask(client: httpx.Client) -> None:
        start.wait()
        answers.append(client.get(graph_setup.messages))

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert code(refused) == (429, "ApplicationThrottled")
    assert "MailboxConcurrency" in refused.json()["error"]["message"]
    assert refused.headers["Retry-After"] == "1"
    graph_setup.graph.behaviour.work = timedelta()
    assert graph.get(graph_setup.messages).status_code == 200


def test_too_many_requests_in_ten_minutes_wait_for_the_end_of_the_window(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.graph.behaviour.requests_per_window = 2
    statuses = [graph.get(graph_setup.messages).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    graph_setup.clock.advance(timedelta(minutes=10))
    assert graph.get(graph_setup.messages).status_code == 200


def requests(
    graph_setup: GraphSetup, count: int, *, is_chain: bool = False
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        one: dict[str, Any] = {
            "id": str(number),
            "method": "PATCH",
            "url": f"{graph_setup.messages}/{graph_setup.arrive()}",
            "headers": {"Content-Type": "application/json", "Prefer": 'IdType="ImmutableId"'},
            "body": {"categories": [str(number)]},
        }
        made.append(one | ({"dependsOn": [str(number - 1)]} if is_chain and number > 1 else {}))
    return made


def statuses(answer: httpx.Response) -> dict[str, int]:
    assert answer.status_code == 200
    return {one["id"]: one["status"] for one in answer.json()["responses"]}


def test_a_batch_of_twenty_dependent_requests_succeeds(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    asked = requests(graph_setup, 20, is_chain=True)
    answer = graph.post("/$batch", json={"requests": asked})
    assert set(statuses(answer).values()) == {200}
    assert [one["id"] for one in answer.json()["responses"]] != [one["id"] for one in asked]


def test_only_four_independent_requests_of_a_batch_succeed(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    answer = graph.post("/$batch", json={"requests": requests(graph_setup, 6)})
    assert sorted(statuses(answer).values()) == [200, 200, 200, 200, 429, 429]
    refused = [one for one in answer.json()["responses"] if one["status"] == 429]
    assert all(one["headers"]["Retry-After"] for one in refused)


def test_a_request_that_depends_on_a_failed_one_is_not_tried(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    asked = requests(graph_setup, 3, is_chain=True)
    asked[0]["headers"]["If-Match"] = 'W/"old"'
    answer = graph.post("/$batch", json={"requests": asked})
    assert statuses(answer) == {"1": 412, "2": 424, "3": 424}


def test_each_request_of_a_batch_has_its_own_headers(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    asked = requests(graph_setup, 2)
    del asked[1]["headers"]["Prefer"]
    given = graph.post("/%24batch", json={"requests": asked}).json()["responses"]
    shown = {one["id"]: one["body"]["id"] for one in given}
    assert asked[0]["url"].endswith(shown["1"])
    assert not asked[1]["url"].endswith(shown["2"])


@pytest.mark.parametrize("flaw", ["many", "twice", "no type", "absolute", "orphan", "circle"])
def test_a_malformed_batch_is_refused_completely(
    graph_setup: GraphSetup, graph: httpx.Client, flaw: str
) -> None:
    asked = requests(graph_setup, 21 if flaw == "many" else 2)
    if flaw == "twice":
        asked[1]["id"] = "1"
    if flaw == "no type":
        del asked[1]["headers"]["Content-Type"]
    if flaw == "absolute":
        asked[1]["url"] = f"{graph_setup.url}/v1.0{asked[1]['url']}"
    if flaw == "orphan":
        asked[1]["dependsOn"] = ["7"]
    if flaw == "circle":
        asked[0]["dependsOn"], asked[1]["dependsOn"] = ["2"], ["1"]
    assert graph.post("/$batch", json={"requests": asked}).status_code == 400
    assert all(not one.categories for one in graph_setup.box.items())
