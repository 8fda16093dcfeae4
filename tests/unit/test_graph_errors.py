"""The error that each failed answer of Graph means for the caller."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.errors import (
    AccessLost,
    Conflict,
    CursorExpired,
    Gone,
    Refused,
    SyncError,
    TryLater,
    Unclear,
)
from webcrm_sync.graph.errors import Failure, classify_failure, read_failure, strip_addresses

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def classify(status: int, code: str = "", message: str = "", *, post: bool = False) -> SyncError:
    return classify_failure(Failure(status, code, message), now=NOW, is_idempotent=not post)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ErrorInvalidIdMalformed", Refused),
        (400, "syncStateNotFound", CursorExpired),
        (401, "InvalidAuthenticationToken", AccessLost),
        (403, "ErrorAccessDenied", AccessLost),
        (403, "Authorization_RequestDenied", AccessLost),
        (403, "ErrorQuotaExceeded", TryLater),
        (404, "ErrorItemNotFound", Gone),
        (404, "ErrorFolderNotFound", Gone),
        (404, "MailboxNotEnabledForRESTAPI", AccessLost),
        (404, "ResourceNotFound", AccessLost),
        (404, "SyncStateNotFound", CursorExpired),
        (404, "ResyncRequired", CursorExpired),
        (404, "", Gone),
        (409, "ErrorFolderExists", Refused),
        (410, "", CursorExpired),
        (412, "ErrorIrresolvableConflict", Conflict),
        (409, "ErrorIrresolvableConflict", Conflict),
        (413, "", Refused),
        (424, "", TryLater),
        (429, "TooManyRequests", TryLater),
        (500, "ErrorInternalServerTransientError", TryLater),
        (503, "", TryLater),
        (504, "", TryLater),
        (507, "", TryLater),
    ],
)
def test_each_failed_answer_has_its_error(status: int, code: str, kind: type[SyncError]) -> None:
    error = classify(status, code)
    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize("status", [408, 500, 503, 504, 509])
def test_a_server_error_leaves_a_post_unclear(status: int) -> None:
    assert type(classify(status, post=True)) is Unclear


def test_a_throttled_post_is_tried_later() -> None:
    assert type(classify(429, post=True)) is TryLater


def test_a_missing_subscription_is_gone_and_not_access_lost() -> None:
    failure = Failure(404, "ResourceNotFound")
    assert type(classify_failure(failure, now=NOW, is_idempotent=True, in_mailbox=False)) is Gone


def test_a_mailbox_without_free_named_properties_does_not_count_as_full() -> None:
    error = classify(403, "ErrorQuotaExceeded", "The quota is exceeded., Cannot get ID from name.")
    assert (type(error), error.code) == (Refused, "ErrorQuotaExceeded")


def test_a_failure_reads_the_same_from_a_batch_and_from_an_answer() -> None:
    body = b'{"error":{"code":"TooManyRequests","message":"Slow down","innerError":{}}}'
    whole = read_failure(429, {"Retry-After": "7", "request-id": "r1"}, body)
    line = read_failure(
        429,
        {"retry-after": "7"},
        {"error": {"code": "TooManyRequests", "message": "Slow down",
                   "innererror": {"requestId": "r1"}}},
    )  # fmt: skip
    assert whole == line == Failure(429, "TooManyRequests", "Slow down", "7", "r1")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'{"error":"no"}', None, "text"])
def test_a_gateways_page_is_a_failure_with_its_status_only(body: object) -> None:
    assert read_failure(502, {}, body) == Failure(502)


def test_graphs_message_is_in_the_error_without_addresses() -> None:
    error = classify(400, "ErrorInvalidUser", "The user 'Sales@Example.com' is <x@y.example>.")
    assert str(error) == "400 ErrorInvalidUser: The user '…' is <…>."


@given(st.text(), st.from_regex(r"[a-z0-9.+-]{1,9}@[a-z0-9]{1,9}\.example", fullmatch=True))
def test_no_address_survives_in_a_message(words: str, address: str) -> None:
    assert address not in strip_addresses(f"{words} {address} {words}")
