"""Delta of the simulated Graph, with the traps of the real one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from contract.sandbox_graph_desk import IMMUTABLE, MAIL, Desk, code
from webcrm_sync_sandbox.outlook import Mail

SELECT = "$select=id,changeKey,subject,categories,parentFolderId"


def round_of(graph: httpx.Client, url: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    """All values of a round and its deltaLink."""
    values: list[dict[str, Any]] = []
    while True:
        answer = graph.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        values += page["value"]
        if "@odata.deltaLink" in page:
            return values, page["@odata.deltaLink"]
        url = page["@odata.nextLink"]


def begin(desk: Desk, graph: httpx.Client) -> str:
    return round_of(graph, f"{desk.delta}?{SELECT}")[1]


def ids(values: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(one["id"], "@removed" in one) for one in values]


def test_the_first_round_enumerates_what_lies_there_in_pages(
    desk: Desk, graph: httpx.Client
) -> None:
    items = [desk.arrive() for _ in range(5)]
    gone = desk.arrive()
    desk.box.move(gone, "inbox")
    first = graph.get(
        f"{desk.delta}?{SELECT}", headers={"Prefer": f"{IMMUTABLE}, odata.maxpagesize=2"}
    )
    page = first.json()
    assert len(page["value"]) == 2
    assert first.headers["Preference-Applied"] == f"{IMMUTABLE}, odata.maxpagesize=2"
    rest, _ = round_of(graph, page["@odata.nextLink"])
    assert ids(page["value"] + rest) == [(item, False) for item in items]
    assert page["value"][0]["@odata.type"] == "#microsoft.graph.message"
    assert page["value"][0]["parentFolderId"] == desk.folder.id


def test_both_spellings_and_the_sdk_s_encoding_work(desk: Desk, graph: httpx.Client) -> None:
    item = desk.arrive()
    values, _ = round_of(graph, f"{desk.delta}()?%24select=subject")
    assert ids(values) == [(item, False)]
    quoted = f"/users('{desk.box.user_id}')/mailFolders('{desk.folder.id}')/messages/delta"
    assert ids(round_of(graph, quoted)[0]) == [(item, False)]


def test_a_page_can_be_fetched_again_after_a_crash(desk: Desk, graph: httpx.Client) -> None:
    for _ in range(3):
        desk.arrive()
    small = {"Prefer": f"{IMMUTABLE}, odata.maxpagesize=2"}
    link = graph.get(f"{desk.delta}?{SELECT}", headers=small).json()["@odata.nextLink"]
    assert graph.get(link).json()["value"] == graph.get(link).json()["value"]


def test_later_rounds_tell_what_came_what_left_and_what_changed(
    desk: Desk, graph: httpx.Client
) -> None:
    stays, leaves = desk.arrive(), desk.arrive()
    link = begin(desk, graph)
    comes = desk.arrive()
    desk.box.move(leaves, "inbox")
    desk.box.set_categories(stays, ["A"])
    values, link = round_of(graph, link)
    assert sorted(ids(values)) == sorted([(comes, False), (leaves, True), (stays, False)])
    left = next(one for one in values if "@removed" in one)
    assert left["@removed"] == {"reason": "deleted"}
    assert round_of(graph, link)[0] == []


def test_an_update_carries_only_what_changed(desk: Desk, graph: httpx.Client) -> None:
    item = desk.arrive()
    link = begin(desk, graph)
    desk.box.set_categories(item, ["A"])
    update = round_of(graph, link)[0][0]
    assert {key for key in update if "@" not in key} == {"id", "changeKey", "categories"}
    desk.graph.dials.sparse = False
    assert "subject" in round_of(graph, link)[0][0]


def test_an_own_write_comes_back_with_the_version_it_was_given(
    desk: Desk, graph: httpx.Client
) -> None:
    item = desk.arrive()
    link = begin(desk, graph)
    written = graph.patch(f"{desk.messages}/{item}", json={"categories": ["A"]}).json()
    assert round_of(graph, link)[0][0]["changeKey"] == written["changeKey"]


def test_a_mail_that_left_and_came_back_is_told_only_as_removed(
    desk: Desk, graph: httpx.Client
) -> None:
    item = desk.arrive()
    link = begin(desk, graph)
    desk.box.move(item, "inbox")
    desk.box.move(item, desk.folder)
    values, link = round_of(graph, link)
    assert ids(values) == [(item, True)]
    assert round_of(graph, link)[0] == []
    desk.box.set_categories(item, ["A"])
    assert ids(round_of(graph, link)[0]) == [(item, False)]


def test_with_mutable_ids_the_same_mail_comes_back_as_another(desk: Desk) -> None:
    graph = desk.client(prefer=None)
    item = desk.arrive()
    values, link = round_of(graph, f"{desk.delta}?{SELECT}")
    desk.box.move(item, "inbox")
    desk.box.move(item, desk.folder)
    (old, is_removed), (new, is_new_removed) = ids(round_of(graph, link)[0])
    assert (old, is_removed, is_new_removed) == (values[0]["id"], True, False)
    assert new != old


def test_a_token_serves_both_forms_of_ids(desk: Desk, graph: httpx.Client) -> None:
    link = begin(desk, graph)
    item = desk.arrive()
    assert ids(round_of(graph, link)[0]) == [(item, False)]
    assert ids(round_of(desk.client(prefer=None), link)[0]) != [(item, False)]


def test_an_expired_cursor_is_gone(desk: Desk, graph: httpx.Client) -> None:
    link = begin(desk, graph)
    desk.graph.expire_cursors()
    assert code(graph.get(link)) == (410, "SyncStateNotFound")
    assert round_of(graph, f"{desk.delta}?{SELECT}")[0] == []


def test_a_cursor_of_a_purged_folder_finds_no_folder(desk: Desk, graph: httpx.Client) -> None:
    link = begin(desk, graph)
    desk.box.delete_folder(desk.folder)
    assert graph.get(link).status_code == 200, "in Deleted Items it still lives"
    desk.box.delete_folder(desk.folder)
    assert code(graph.get(link)) == (404, "ErrorItemNotFound")


@pytest.mark.parametrize(
    "options",
    [
        "$filter=isRead eq false",
        "$orderby=subject",
        "$search=x",
        "$top=1001",
        "$deltatoken=latest",
        "$select=nonsense",
    ],
)
def test_what_delta_does_not_take_is_refused(desk: Desk, graph: httpx.Client, options: str) -> None:
    assert graph.get(f"{desk.delta}?{options}").status_code == 400


def test_a_token_takes_no_options_again(desk: Desk, graph: httpx.Client) -> None:
    assert graph.get(f"{begin(desk, graph)}&{SELECT}").status_code == 400


def test_a_filter_bounds_the_first_round(desk: Desk, graph: httpx.Client) -> None:
    desk.arrive(Mail("old", None, (), sent_at=datetime(2020, 1, 1, tzinfo=UTC)))
    new = desk.arrive()
    options = "$filter=receivedDateTime ge 2026-01-01T00:00:00Z"
    assert ids(round_of(graph, f"{desk.delta}?{options}")[0]) == [(new, False)]


def test_a_change_may_be_missing_from_one_call_and_be_in_a_later_one(
    desk: Desk, graph: httpx.Client
) -> None:
    desk.graph.dials.delta_lag = timedelta(minutes=1)
    link = begin(desk, graph)
    item = desk.arrive()
    values, link = round_of(graph, link)
    assert values == []
    desk.clock.advance(timedelta(minutes=2))
    assert ids(round_of(graph, link)[0]) == [(item, False)]


def test_a_round_may_repeat_what_was_told(desk: Desk, graph: httpx.Client) -> None:
    item = desk.arrive()
    link = begin(desk, graph)
    desk.graph.dials.replays = 1.0
    assert ids(round_of(graph, link)[0]) == [(item, False)]


def test_the_whole_mailbox_has_no_delta(desk: Desk, graph: httpx.Client) -> None:
    assert graph.get(f"{desk.messages}/delta").status_code in {400, 404}


def test_a_round_reads_only_the_mails_of_its_folder(desk: Desk, graph: httpx.Client) -> None:
    desk.box.deliver(MAIL)
    item = desk.arrive()
    round_of(graph, f"{desk.delta}?$select=id,body")
    assert [e.contents for e in desk.journal.exchanges] == [(item,)]
