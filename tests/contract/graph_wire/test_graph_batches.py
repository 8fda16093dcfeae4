"""Batch requests and their answers, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contract.graph_wire.scripted_servers import NOW, Answer, ScriptedServer, raised_by
from webcrm_sync.core.errors import Conflict, Refused, TryLater
from webcrm_sync.core.outlook import Marking, MarkingResult
from webcrm_sync.graph.client import GraphClient


def marking(graph_id: str) -> Marking:
    return Marking(graph_id, "CK", ("Synced",), None)


# -- batches

#: Status, body, headers.
Entry = tuple[int, dict[str, Any], dict[str, str]]


def batch_answer(*answers: Entry) -> Answer:
    lines = [
        {"id": str(n), "status": status, "headers": headers, "body": body}
        for n, (status, body, headers) in enumerate(answers, 1)
    ]
    return Answer(body={"responses": lines[::-1]})


def error_body(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code}}


def test_a_chain_of_marks_has_one_result_per_request(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(
        batch_answer(
            (200, {"id": "a", "changeKey": "CK2", "categories": ["synced"]}, {}),
            (412, error_body("ErrorIrresolvableConflict"), {}),
            (429, error_body("TooManyRequests"), {"retry-after": "2.5"}),
            (424, {}, {}),
        )
    )
    marked = client.mark_mails("u/1", [marking(one) for one in "abcde"])
    assert marked[0] == MarkingResult("a", "CK2")
    kinds = [type(one.trouble) for one in marked]
    assert kinds == [type(None), Conflict, TryLater, TryLater, TryLater]
    assert isinstance(marked[2].trouble, TryLater)
    assert marked[2].trouble.retry_at == NOW + timedelta(seconds=2.5)
    (request,) = graph.requests
    assert request.target == "/v1.0/$batch"
    lines = request.json["requests"]
    assert [line.get("dependsOn") for line in lines] == [None, ["1"], ["2"], ["3"], ["4"]]
    assert lines[1] == {
        "id": "2",
        "method": "PATCH",
        "url": "/users/u%2F1/messages/b",
        "dependsOn": ["1"],
        "body": {"categories": ["Synced"]},
        "headers": {
            "Prefer": 'IdType="ImmutableId"',
            "If-Match": 'W/"CK"',
            "Content-Type": "application/json",
        },
    }


def test_categories_that_were_not_saved_are_a_conflict(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(batch_answer((200, {"id": "a", "changeKey": "CK2", "categories": ["x"]}, {})))
    assert type(client.mark_mails("u", [marking("a")])[0].trouble) is Conflict


def test_a_mailbox_without_free_named_properties_is_refused(
    client: GraphClient, graph: ScriptedServer
) -> None:
    body = {"error": {"code": "ErrorQuotaExceeded", "message": "Cannot get ID from name."}}
    graph.will_answer(batch_answer((403, body, {})))
    trouble = client.mark_mails("u", [marking("a")])[0].trouble
    assert (type(trouble), trouble and trouble.code) == (Refused, "ErrorQuotaExceeded")


def test_a_batch_of_marks_whose_answer_is_lost_is_tried_later(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(Answer(0))
    assert type(raised_by(client.mark_mails, "u", [marking("a")])) is TryLater
    assert client.mark_mails("u", []) == []


def test_locations_take_one_round_trip_while_nothing_is_missing(
    client: GraphClient, graph: ScriptedServer
) -> None:
    line: Entry = (200, {"id": "x", "parentFolderId": "F", "changeKey": "C", "categories": []}, {})
    graph.will_answer(batch_answer(*[line] * 20))
    found = client.fetch_locations("u", [f"m{n}" for n in range(20)])
    assert len(graph.requests) == 1
    assert all(one and one.folder_id == "F" for one in found.values())


def test_requests_cut_off_by_a_missing_copy_are_repeated_two_at_a_time(
    client: GraphClient, graph: ScriptedServer
) -> None:
    here: Entry = (200, {"id": "x", "parentFolderId": "F", "changeKey": "C", "categories": []}, {})
    gone: Entry = (404, error_body("ErrorItemNotFound"), {})
    cut: Entry = (424, {}, {})
    graph.will_answer(
        batch_answer(here, gone, *[cut] * 4), batch_answer(gone, here), batch_answer(gone, here)
    )
    found = client.fetch_locations("u", list("abcdef"))
    assert [key for key, one in found.items() if one is None] == ["b", "c", "e"]
    assert [len(one.json["requests"]) for one in graph.requests] == [6, 2, 2]
    assert not any(
        "dependsOn" in line for one in graph.requests[1:] for line in one.json["requests"]
    )


def test_parents_take_one_round_trip_even_with_missing_folders(
    client: GraphClient, graph: ScriptedServer
) -> None:
    graph.will_answer(
        batch_answer(
            (200, {"id": "a", "parentFolderId": "R"}, {}),
            (404, error_body("ErrorItemNotFound"), {}),
        )
    )
    assert client.fetch_parent_ids("u", ["a", "b"]) == {"a": "R", "b": None}
    (request,) = graph.requests
    assert not any("dependsOn" in line for line in request.json["requests"])
