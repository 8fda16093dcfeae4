"""The receiver of Graph's requests (Microsoft Graph: change notifications, lifecycle events)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from support.interleave import InterleavedClient
from support.statements import statements_of
from web.conftest import CLIENT_STATE, NOW, SUBSCRIPTION, Watched
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.discovery.notifications import Notification, NotificationReceiver
from webcrm_sync.store import folder_reads, mailboxes

PATHS = ["/graph/notify", "/graph/lifecycle"]
ANOTHER = SUBSCRIPTION.replace("7", "8")


def notification(**facts: object) -> dict[str, object]:
    """A genuine notification about an unknown copy, changed by these facts."""
    usual = {
        "subscriptionId": SUBSCRIPTION,
        "clientState": CLIENT_STATE,
        "changeType": "created",
        "resourceData": {"id": "new", "@odata.etag": 'W/"v1"'},
    }
    return {**usual, **facts}


def about(graph_id: str, version: str) -> dict[str, object]:
    """A genuine notification about this version of this copy."""
    return notification(resourceData={"id": graph_id, "@odata.etag": f'W/"{version}"'})


def post(client: FlaskClient, *notifications: object, path: str = PATHS[0]) -> TestResponse:
    """Post these notifications as Graph does."""
    return client.post(path, json={"value": list(notifications)})


@pytest.mark.parametrize("path", PATHS)
def test_a_validation_request_is_answered_with_the_decoded_token_only(
    client: FlaskClient, path: str
) -> None:
    answer = client.post(f"{path}?validationToken=Validation%3A+a%2Bb%20%C3%A9%3Cb%3E%22")
    assert answer.status_code == 200
    assert answer.data == 'Validation: a+b é<b>"'.encode()
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_long_validation_token_is_not_echoed(client: FlaskClient) -> None:
    assert client.post("/graph/notify", query_string={"validationToken": "x" * 1024}).data
    answer = client.post("/graph/notify", query_string={"validationToken": "x" * 1025})
    assert (answer.status_code, answer.data) == (400, b"")


def test_a_validation_request_carries_no_notification(
    client: FlaskClient, watched: Watched
) -> None:
    client.post("/graph/notify?validationToken=x", json={"value": [notification()]})
    assert watched.jobs() == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(), path=st.sampled_from(PATHS))
def test_junk_is_accepted_without_an_answer(
    client: FlaskClient, watched: Watched, body: bytes, path: str
) -> None:
    answer = client.post(path, data=body)
    assert (answer.status_code, answer.data) == (202, b"")


@pytest.mark.parametrize(
    "foreign",
    [
        {"subscriptionId": ANOTHER},
        {"subscriptionId": ""},
        {"clientState": "guessed"},
        {"clientState": ""},
        {"clientState": CLIENT_STATE + "é"},
        {"clientState": None},
        {"clientState": "guessed", "lifecycleEvent": "subscriptionRemoved"},
    ],
    ids=str,
)
def test_a_forged_notification_changes_nothing(
    client: FlaskClient, watched: Watched, foreign: dict[str, object]
) -> None:
    before = watched.folder()
    assert post(client, notification(**foreign)).status_code == 202
    assert (watched.jobs(), watched.folder()) == ([], before)


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("clientState", "\0"),
        ("clientState", "\ud800"),
        ("subscriptionId", "\0"),
        ("subscriptionId", "\ud800"),
        ("resourceData", "\0"),
        ("resourceData", "\ud800"),
    ],
)
def test_no_character_makes_the_receiver_fail(
    client: FlaskClient, watched: Watched, field: str, bad: str
) -> None:
    del watched
    value = {"id": bad, "@odata.etag": bad} if field == "resourceData" else bad
    assert post(client, notification(**{field: value})).status_code == 202


def test_a_subscription_whose_secret_cannot_be_decrypted_is_left_to_maintenance(
    client: FlaskClient, watched: Watched, context: Context
) -> None:
    with context.begin() as tx:
        mailboxes.set_folder(tx, watched.folder_id, client_state="sealed with a lost key")
    assert post(client, notification()).status_code == 202
    assert watched.jobs() == [f"keep:{watched.mailbox_id}"]
    assert watched.folder().read_requested_at is None


def test_a_foreign_change_starts_a_read_of_the_mailbox(
    client: FlaskClient, watched: Watched
) -> None:
    assert post(client, notification()).status_code == 202
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]
    assert watched.folder().read_requested_at == NOW


def test_a_hundred_notifications_start_one_read(client: FlaskClient, watched: Watched) -> None:
    for _ in range(5):
        post(client, *[notification() for _ in range(20)])
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_a_read_keeps_a_request_that_came_during_it(
    client: FlaskClient, watched: Watched, context: Context
) -> None:
    post(client, notification())
    seen = watched.folder()
    with context.begin() as tx:
        folder_reads.begin_reading(tx, [seen])
    post(client, notification())
    with context.begin() as tx:
        folder_reads.finish_read(tx, seen, poll_due_at=NOW, is_busy=False)
    assert watched.folder().is_read_requested


def test_an_echo_starts_no_read(client: FlaskClient, watched: Watched) -> None:
    assert post(client, about("g1", "v1")).status_code == 202
    assert watched.jobs() == []
    assert watched.folder().read_requested_at is None


@pytest.mark.parametrize("version", ["v2", ""])
def test_another_version_of_a_known_copy_starts_a_read(
    client: FlaskClient, watched: Watched, version: str
) -> None:
    post(client, about("g1", version))
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


@pytest.mark.parametrize("change", ["deleted", "Deleted"])
def test_a_known_copy_that_leaves_the_folder_starts_a_read(
    client: FlaskClient, watched: Watched, change: str
) -> None:
    post(client, {**about("g1", "v1"), "changeType": change})
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_a_foreign_change_among_echoes_starts_a_read(client: FlaskClient, watched: Watched) -> None:
    post(client, about("g1", "v1"), about("new", "v1"), about("g1", "v1"))
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_a_foreign_change_before_an_echo_of_the_same_copy_starts_a_read(
    client: FlaskClient, watched: Watched
) -> None:
    post(client, about("g1", "v2"), about("g1", "v1"))
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_repeated_events_and_changes_of_one_subscription_are_recorded_once(
    client: FlaskClient, watched: Watched
) -> None:
    events = ["missed", "reauthorizationRequired", "somethingNew", ""]
    lines = [notification(lifecycleEvent=event, tenantId="another") for event in events]
    with statements_of(watched.context.database.engine) as sent:
        assert post(client, *lines * 100).status_code == 202
    assert len(sent) < 20
    assert set(watched.jobs()) == {f"discover:{watched.mailbox_id}", f"keep:{watched.mailbox_id}"}
    assert watched.folder().subscription_id == SUBSCRIPTION


def test_an_id_in_upper_case_is_the_same_id(
    client: FlaskClient, watched: Watched, context: Context
) -> None:
    post(client, notification(subscriptionId=SUBSCRIPTION.upper()))
    assert watched.folder().read_requested_at == NOW
    with context.begin() as tx:
        values = {"read_requested_at": None, "subscription_id": SUBSCRIPTION.upper()}
        mailboxes.set_folder(tx, watched.folder_id, **values)
    post(client, notification())
    assert watched.folder().read_requested_at == NOW


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM folder", "DELETE FROM mailbox", "UPDATE folder SET subscription_id = 'x'"],
)
def test_a_folder_deleted_before_the_write_is_left_alone(
    context: Context, watched: Watched, statement: str
) -> None:
    def interfere() -> None:
        with context.begin() as tx:
            tx.connection.execute(text(statement))

    notifications = [Notification(SUBSCRIPTION, CLIENT_STATE, lifecycle="subscriptionRemoved")]
    database: Any = InterleavedClient(context.database, "transact", before=interfere)
    NotificationReceiver(replace(context, database=database)).accept(notifications)
    with context.begin() as tx:
        left = [f.subscription_id for f in mailboxes.folders(tx, watched.mailbox_id)]
    assert left in ([], ["x"])


def test_a_forged_notification_does_not_hide_genuine_ones(
    client: FlaskClient, watched: Watched
) -> None:
    post(
        client,
        notification(clientState="guessed"),
        notification(),
        notification(subscriptionId=ANOTHER),
    )
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_a_genuine_notification_confirms_that_push_works(
    client: FlaskClient, watched: Watched, context: Context
) -> None:
    with context.begin() as tx:
        mailboxes.set_folder(tx, watched.folder_id, push_doubted_at=NOW)
    post(client, about("g1", "v1"))
    assert watched.folder().push_doubted_at is None


def lifecycle(client: FlaskClient, event: str) -> int:
    """Graph posts a lifecycle event."""
    payload = {"subscriptionId": SUBSCRIPTION, "clientState": CLIENT_STATE, "lifecycleEvent": event}
    return post(client, payload, path=PATHS[1]).status_code


def test_missed_notifications_start_a_read(client: FlaskClient, watched: Watched) -> None:
    assert lifecycle(client, "missed") == 202
    assert watched.jobs() == [f"discover:{watched.mailbox_id}"]


def test_a_removed_subscription_is_replaced_and_the_gap_is_read(
    client: FlaskClient, watched: Watched
) -> None:
    lifecycle(client, "subscriptionRemoved")
    assert set(watched.jobs()) == {f"discover:{watched.mailbox_id}", f"keep:{watched.mailbox_id}"}
    assert watched.folder().subscription_id is None


def test_an_expiring_authorisation_is_renewed_and_the_subscription_stays(
    client: FlaskClient, watched: Watched
) -> None:
    lifecycle(client, "reauthorizationRequired")
    assert watched.jobs() == [f"keep:{watched.mailbox_id}"]
    assert watched.folder().subscription_id == SUBSCRIPTION


def test_a_repeated_request_for_renewal_is_recorded_once(
    client: FlaskClient, watched: Watched
) -> None:
    lifecycle(client, "reauthorizationRequired")
    with statements_of(watched.context.database.engine) as sent:
        assert lifecycle(client, "reauthorizationRequired") == 202
    assert len(sent) == 1


def test_an_unknown_lifecycle_event_is_ignored(client: FlaskClient, watched: Watched) -> None:
    assert lifecycle(client, "somethingNew") == 202
    assert watched.jobs() == []
