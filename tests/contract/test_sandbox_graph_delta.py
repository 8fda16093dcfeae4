"""Delta of the simulated Graph, with the traps of the real one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from contract.graph_setup import IMMUTABLE, MAIL, GraphSetup, code
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


def begin(graph_setup: GraphSetup, graph: httpx.Client) -> str:
    return round_of(graph, f"{graph_setup.delta}?{SELECT}")[1]


def ids(values: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(one["id"], "@removed" in one) for one in values]


def test_the_first_round_lists_the_folder_in_pages(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    items = [graph_setup.arrive() for _ in range(5)]
    gone = graph_setup.arrive()
    graph_setup.box.move(gone, "inbox")
    first = graph.get(
        f"{graph_setup.delta}?{SELECT}", headers={"Prefer": f"{IMMUTABLE}, odata.maxpagesize=2"}
    )
    page = first.json()
    assert len(page["value"]) == 2
    assert first.headers["Preference-Applied"] == f"{IMMUTABLE}, odata.maxpagesize=2"
    rest, _ = round_of(graph, page["@odata.nextLink"])
    assert ids(page["value"] + rest) == [(item, False) for item in items]
    assert page["value"][0]["@odata.type"] == "#microsoft.graph.message"
    assert page["value"][0]["parentFolderId"] == graph_setup.folder.id


def test_both_spellings_and_the_sdks_encoding_work(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    values, _ = round_of(graph, f"{graph_setup.delta}()?%24select=subject")
    assert ids(values) == [(item, False)]
    quoted = (
        f"/users('{graph_setup.box.user_id}')/mailFolders('{graph_setup.folder.id}')/messages/delta"
    )
    assert ids(round_of(graph, quoted)[0]) == [(item, False)]


def test_a_page_can_be_fetched_again_after_a_crash(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    for _ in range(3):
        graph_setup.arrive()
    small = {"Prefer": f"{IMMUTABLE}, odata.maxpagesize=2"}
    link = graph.get(f"{graph_setup.delta}?{SELECT}", headers=small).json()["@odata.nextLink"]
    assert graph.get(link).json()["value"] == graph.get(link).json()["value"]


def test_later_rounds_report_new_removed_and_changed_mails(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    stays, leaves = graph_setup.arrive(), graph_setup.arrive()
    link = begin(graph_setup, graph)
    comes = graph_setup.arrive()
    graph_setup.box.move(leaves, "inbox")
    graph_setup.box.set_categories(stays, ["A"])
    values, link = round_of(graph, link)
    assert sorted(ids(values)) == sorted([(comes, False), (leaves, True), (stays, False)])
    left = next(one for one in values if "@removed" in one)
    assert left["@removed"] == {"reason": "deleted"}
    assert round_of(graph, link)[0] == []


def test_an_update_carries_only_what_changed(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    item = graph_setup.arrive()
    link = begin(graph_setup, graph)
    graph_setup.box.set_categories(item, ["A"])
    update = round_of(graph, link)[0][0]
    assert {key for key in update if "@" not in key} == {"id", "changeKey", "categories"}
    graph_setup.graph.behaviour.sparse = False
    assert "subject" in round_of(graph, link)[0][0]


def test_a_write_is_reported_with_the_version_that_it_returned(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    link = begin(graph_setup, graph)
    written = graph.patch(f"{graph_setup.messages}/{item}", json={"categories": ["A"]}).json()
    assert round_of(graph, link)[0][0]["changeKey"] == written["changeKey"]


def test_a_mail_that_left_and_returned_is_reported_only_as_removed(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    link = begin(graph_setup, graph)
    graph_setup.box.move(item, "inbox")
    graph_setup.box.move(item, graph_setup.folder)
    values, link = round_of(graph, link)
    assert ids(values) == [(item, True)]
    assert round_of(graph, link)[0] == []
    graph_setup.box.set_categories(item, ["A"])
    assert ids(round_of(graph, link)[0]) == [(item, False)]


def test_with_mutable_ids_a_returned_mail_has_another_id(graph_setup: GraphSetup) -> None:
    graph = graph_setup.client(prefer=None)
    item = graph_setup.arrive()
    values, link = round_of(graph, f"{graph_setup.delta}?{SELECT}")
    graph_setup.box.move(item, "inbox")
    graph_setup.box.move(item, graph_setup.folder)
    (old, is_removed), (new, is_new_removed) = ids(round_of(graph, link)[0])
    assert (old, is_removed, is_new_removed) == (values[0]["id"], True, False)
    assert new != old


def test_a_token_serves_both_forms_of_ids(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    link = begin(graph_setup, graph)
    item = graph_setup.arrive()
    assert ids(round_of(graph, link)[0]) == [(item, False)]
    assert ids(round_of(graph_setup.client(prefer=None), link)[0]) != [(item, False)]


def test_an_expired_cursor_gets_410(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    link = begin(graph_setup, graph)
    graph_setup.graph.expire_cursors()
    assert code(graph.get(link)) == (410, "SyncStateNotFound")
    assert round_of(graph, f"{graph_setup.delta}?{SELECT}")[0] == []


def test_a_cursor_of_a_purged_folder_finds_no_folder(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    link = begin(graph_setup, graph)
    graph_setup.box.delete_folder(graph_setup.folder)
    assert graph.get(link).status_code == 200, "in Deleted Items it still lives"
    graph_setup.box.delete_folder(graph_setup.folder)
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
def test_an_option_that_delta_does_not_support_is_refused(
    graph_setup: GraphSetup, graph: httpx.Client, options: str
) -> None:
    assert graph.get(f"{graph_setup.delta}?{options}").status_code == 400


def test_a_delta_token_accepts_no_further_options(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    assert graph.get(f"{begin(graph_setup, graph)}&{SELECT}").status_code == 400


def test_a_filter_limits_the_first_round(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    graph_setup.arrive(Mail("old", None, (), sent_at=datetime(2020, 1, 1, tzinfo=UTC)))
    new = graph_setup.arrive()
    options = "$filter=receivedDateTime ge 2026-01-01T00:00:00Z"
    assert ids(round_of(graph, f"{graph_setup.delta}?{options}")[0]) == [(new, False)]


def test_a_change_may_be_delayed_to_a_later_call(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.graph.behaviour.delta_lag = timedelta(minutes=1)
    link = begin(graph_setup, graph)
    item = graph_setup.arrive()
    values, link = round_of(graph, link)
    assert values == []
    graph_setup.clock.advance(timedelta(minutes=2))
    assert ids(round_of(graph, link)[0]) == [(item, False)]


def test_a_round_may_repeat_changes(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    item = graph_setup.arrive()
    link = begin(graph_setup, graph)
    graph_setup.graph.behaviour.replays = 1.0
    assert ids(round_of(graph, link)[0]) == [(item, False)]


def test_the_whole_mailbox_has_no_delta(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    assert graph.get(f"{graph_setup.messages}/delta").status_code in {400, 404}


def test_a_round_reads_only_the_mails_of_its_folder(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    graph_setup.box.deliver(MAIL)
    item = graph_setup.arrive()
    round_of(graph, f"{graph_setup.delta}?$select=id,body")
    assert [e.contents for e in graph_setup.journal.exchanges] == [(item,)]
