"""Batches on the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from contract.graph_wire.script import NOW, Said, Scripted, caught
from webcrm_sync.core.errors import Conflict, Refused, TryLater
from webcrm_sync.core.outlook import Marking, MarkingResult
from webcrm_sync.graph.client import GraphClient


def marking(graph_id: str) -> Marking:
    return Marking(graph_id, "CK", ("Synced",), None)


# -- batches

#: Status, body, headers.
Line = tuple[int, dict[str, Any], dict[str, str]]


def batch_answer(*answers: Line) -> Said:
    lines = [
        {"id": str(n), "status": status, "headers": headers, "body": body}
        for n, (status, body, headers) in enumerate(answers, 1)
    ]
    return Said(body={"responses": lines[::-1]})


def failed(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code}}


def test_marking_is_one_chain_whose_lines_fail_for_themselves(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(
        batch_answer(
            (200, {"id": "a", "changeKey": "CK2", "categories": ["synced"]}, {}),
            (412, failed("ErrorIrresolvableConflict"), {}),
            (429, failed("TooManyRequests"), {"retry-after": "2.5"}),
            (424, {}, {}),
        )
    )
    marked = client.mark("u/1", [marking(one) for one in "abcde"])
    assert marked[0] == MarkingResult("a", "CK2")
    kinds = [type(one.trouble) for one in marked]
    assert kinds == [type(None), Conflict, TryLater, TryLater, TryLater]
    assert isinstance(marked[2].trouble, TryLater)
    assert marked[2].trouble.retry_at == NOW + timedelta(seconds=2.5)
    (asked,) = graph.asked
    assert asked.target == "/v1.0/$batch"
    lines = asked.json["requests"]
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


def test_categories_that_were_not_taken_are_a_conflict(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(batch_answer((200, {"id": "a", "changeKey": "CK2", "categories": ["x"]}, {})))
    assert type(client.mark("u", [marking("a")])[0].trouble) is Conflict


def test_a_mailbox_without_room_for_our_property_can_be_told(
    client: GraphClient, graph: Scripted
) -> None:
    body = {"error": {"code": "ErrorQuotaExceeded", "message": "Cannot get ID from name."}}
    graph.says(batch_answer((403, body, {})))
    trouble = client.mark("u", [marking("a")])[0].trouble
    assert (type(trouble), trouble and trouble.code) == (Refused, "ErrorQuotaExceeded")


def test_a_batch_of_marks_whose_answer_is_lost_may_be_sent_again(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(Said(0))
    assert type(caught(client.mark, "u", [marking("a")])) is TryLater
    assert client.mark("u", []) == []


def test_locations_take_one_round_trip_while_nothing_is_missing(
    client: GraphClient, graph: Scripted
) -> None:
    line: Line = (200, {"id": "x", "parentFolderId": "F", "changeKey": "C", "categories": []}, {})
    graph.says(batch_answer(*[line] * 20))
    found = client.locations("u", [f"m{n}" for n in range(20)])
    assert len(graph.asked) == 1
    assert all(one and one.folder_id == "F" for one in found.values())


def test_what_a_missing_copy_cut_off_is_asked_again_three_at_a_time(
    client: GraphClient, graph: Scripted
) -> None:
    here: Line = (200, {"id": "x", "parentFolderId": "F", "changeKey": "C", "categories": []}, {})
    gone: Line = (404, failed("ErrorItemNotFound"), {})
    cut: Line = (424, {}, {})
    graph.says(batch_answer(here, gone, *[cut] * 4), batch_answer(gone, here, gone), Said(
        body=batch_answer(here).body))  # fmt: skip
    found = client.locations("u", list("abcdef"))
    assert [key for key, one in found.items() if one is None] == ["b", "c", "e"]
    assert [len(one.json["requests"]) for one in graph.asked] == [6, 3, 1]
    assert not any("dependsOn" in line for one in graph.asked[1:] for line in one.json["requests"])


def test_parents_of_three_folders_are_one_round_trip_missing_ones_included(
    client: GraphClient, graph: Scripted
) -> None:
    graph.says(
        batch_answer(
            (200, {"id": "a", "parentFolderId": "R"}, {}), (404, failed("ErrorItemNotFound"), {})
        )
    )
    assert client.parents("u", ["a", "b"]) == {"a": "R", "b": None}
    (asked,) = graph.asked
    assert not any("dependsOn" in line for line in asked.json["requests"])
