"""The parser of Graph's notifications."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.engine.discovery.notifications import Notification
from webcrm_sync.web.webhook_parser import parse_notifications

SUBSCRIPTION = "7d1c607a-5b2f-4c1e-9a44-0c61e3a7b001"
KEYS = ["value", "subscriptionId", "clientState", "resourceData", "id", "@odata.etag"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=30,
)
ENTRY = {
    "subscriptionId": SUBSCRIPTION,
    "clientState": "hush",
    "changeType": "created",
    "resource": "Users/u/Messages/g1",
    "resourceData": {"id": "g1", "@odata.etag": 'W/"CQAA"'},
}


def test_a_notification_names_the_copy_and_its_change_key() -> None:
    body = json.dumps({"value": [ENTRY]}).encode()
    assert parse_notifications(body) == [Notification(SUBSCRIPTION, "hush", "g1", "CQAA")]


def test_a_lifecycle_event_carries_no_copy() -> None:
    entry = {"subscriptionId": SUBSCRIPTION, "clientState": "hush", "lifecycleEvent": "missed"}
    body = json.dumps({"value": [entry]}).encode()
    assert parse_notifications(body) == [Notification(SUBSCRIPTION, "hush", lifecycle="missed")]


def test_a_malformed_notification_does_not_hide_the_others() -> None:
    broken: list[object] = [
        None,
        1,
        "x",
        [],
        {},
        {"subscriptionId": SUBSCRIPTION},
        {"clientState": "x"},
    ]
    body = json.dumps({"value": [*broken, ENTRY, {**ENTRY, "subscriptionId": 7}]}).encode()
    assert [n.graph_id for n in parse_notifications(body)] == ["g1"]


@pytest.mark.parametrize(
    "data", [None, "g1", [], {"id": 7}, {"@odata.etag": {}}, {"@odata.etag": ""}]
)
def test_a_notification_without_usable_details_is_kept(data: object) -> None:
    body = json.dumps({"value": [{**ENTRY, "resourceData": data}]}).encode()
    assert parse_notifications(body) == [Notification(SUBSCRIPTION, "hush")]


@given(st.binary())
def test_no_bytes_raise_an_error(body: bytes) -> None:
    assert isinstance(parse_notifications(body), list)


@given(values, st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_no_json_raises_an_error(posted: object, encoding: str) -> None:
    body = json.dumps({"value": posted}, ensure_ascii=False).encode(encoding)
    for one in parse_notifications(body):
        assert isinstance(one.subscription_id, str)
        assert isinstance(one.client_state, str)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"value":' * 100_000,
        b"\xff\xfe",
        b"1e999",
        b'{"value":NaN}',
        b"9" * 9999,
    ],
    ids=["deep list", "deep object", "half a mark", "endless", "no number", "long number"],
)
def test_json_that_breaks_parsers_holds_no_notification(body: bytes) -> None:
    assert parse_notifications(body) == []


@pytest.mark.parametrize("bad", ["\0", "\ud800"], ids=["NUL", "half an emoji"])
def test_every_parsed_text_can_be_sent_to_the_database(bad: str) -> None:
    entry = {
        "subscriptionId": SUBSCRIPTION,
        "clientState": f"h{bad}",
        "resourceData": {"id": f"g{bad}", "@odata.etag": f'W/"{bad}"'},
        "lifecycleEvent": f"missed{bad}",
    }
    for one in parse_notifications(json.dumps({"value": [entry]}).encode()):
        texts = (one.subscription_id, one.client_state, one.graph_id, one.change_key, one.lifecycle)
        for text in texts:
            text.encode()
            assert "\0" not in text
