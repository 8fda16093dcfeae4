"""webCRM's answers: errors, logins, bulk results, new ids."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.webcrm_answers import NOW, create_answer
from webcrm_sync.core.crm import CreatedRecord, RejectedRecord
from webcrm_sync.core.errors import (
    Forbidden,
    Gone,
    LoginRefused,
    Refused,
    SyncError,
    TooLarge,
    TryLater,
    Unclear,
)
from webcrm_sync.webcrm import wire
from webcrm_sync.webcrm.errors import Answer, classify_answer, is_forbidden, read_access_token


@pytest.mark.parametrize(
    ("status", "on_read", "on_write"),
    [
        (101, TryLater, Unclear),
        (301, TryLater, Unclear),
        (307, TryLater, Unclear),
        (400, Refused, Refused),
        (401, TryLater, TryLater),
        (403, Forbidden, Forbidden),
        (404, Gone, Gone),
        (408, TryLater, Unclear),
        (413, TooLarge, TooLarge),
        (429, TryLater, TryLater),
        (500, TryLater, Unclear),
        (503, TryLater, Unclear),
    ],
)
def test_each_status_has_its_error(
    status: int, on_read: type[SyncError], on_write: type[SyncError]
) -> None:
    assert type(classify_answer(create_answer(status, b""), is_write=False, now=NOW)) is on_read
    assert (
        type(classify_answer(create_answer(status, b"<html>"), is_write=True, now=NOW)) is on_write
    )


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_is_no_error(status: int) -> None:
    assert classify_answer(create_answer(status), is_write=True, now=NOW) is None


def test_webcrms_message_is_in_the_error() -> None:
    body = {"Message": "Description is too long", "Type": "ValidationException"}
    error = classify_answer(create_answer(400, body), is_write=True, now=NOW)
    assert "Description is too long" in str(error)
    assert error
    assert error.code == "ValidationException"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (create_answer(429, b"", retry_after="14"), 14),
        (create_answer(429, {"RetryAfterSeconds": 9}, retry_after="14"), 14),
        (create_answer(429, {"RetryAfterSeconds": 9}), 9),
        (create_answer(429, {"RetryAfterSeconds": "2.5"}), 2.5),
        (create_answer(429, b"", retry_after="Mon, 23 Nov 2026 10:00:30 GMT"), 30),
        (create_answer(503, b"", retry_after="60"), 60),
    ],
)
def test_retry_after_is_read_from_the_header_or_the_body(answer: Answer, seconds: float) -> None:
    error = classify_answer(answer, is_write=False, now=NOW)
    assert isinstance(error, TryLater)
    assert error.retry_at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "answer", [create_answer(429, b""), create_answer(429, [], retry_after="soon")]
)
def test_without_retry_after_there_is_no_retry_at(answer: Answer) -> None:
    error = classify_answer(answer, is_write=False, now=NOW)
    assert isinstance(error, TryLater)
    assert error.retry_at is None


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (create_answer(200, {"IsError": True, "ErrorDescription": "Invalid"}), LoginRefused),
        (create_answer(200, {"IsError": True, "AccessToken": "x"}), LoginRefused),
        (create_answer(200, {"AccessToken": None}), LoginRefused),
        (create_answer(200, {"AccessToken": "not for\na header"}), LoginRefused),
        (create_answer(400, b""), LoginRefused),
        (create_answer(401, b""), LoginRefused),
        (create_answer(403, {"Message": "no"}), LoginRefused),
        (create_answer(404, b""), LoginRefused),
        (create_answer(302, b""), LoginRefused),
        (create_answer(429, b""), TryLater),
        (create_answer(502, b"<html>"), TryLater),
        (create_answer(200, b"<html>Maintenance</html>"), TryLater),
    ],
)
def test_a_failed_login_is_refused_or_tried_later(refused: Answer, error: type[SyncError]) -> None:
    with pytest.raises(error) as caught:
        read_access_token(refused, now=NOW)
    if error is LoginRefused:
        assert "WEBCRM_SYNC_WEBCRM_" in str(caught.value)


def test_a_login_returns_its_token() -> None:
    assert (
        read_access_token(create_answer(200, {"AccessToken": "abc", "IsError": False}), now=NOW)
        == "abc"
    )


def test_each_bulk_result_is_an_id_or_a_reason() -> None:
    assert wire.read_bulk_results(create_answer(200, ["12", 13, "Too long"]), count=3) == [
        CreatedRecord(12),
        CreatedRecord(13),
        RejectedRecord("Too long"),
    ]


@pytest.mark.parametrize(
    "results",
    [[], ["1"], ["1", "2", "3"], ["1", None], ["1", ""], ["1", "0"], ["1", "-4"], ["1", True],
     ["1", {"ActivityId": 2}], ["1", "9" * 30], {"0": "1"}, "12", None],
)  # fmt: skip
def test_a_bulk_answer_that_lacks_results_is_unclear(results: object) -> None:
    with pytest.raises(Unclear):
        wire.read_bulk_results(create_answer(200, results), count=2)


@pytest.mark.parametrize("body", [b"7", b'"7"', b'{"DocumentId": 7}', b'{"DocumentId": "7"}'])
def test_a_new_id_is_read_in_each_of_its_forms(body: bytes) -> None:
    assert wire.read_new_id(create_answer(200, body), "DocumentId") == CreatedRecord(7)


@pytest.mark.parametrize("body", [b"", b"null", b"0", b"true", b"[7]", b'{"Id": 7}', b"<html>"])
def test_an_answer_without_the_new_id_is_unclear(body: bytes) -> None:
    with pytest.raises(Unclear):
        wire.read_new_id(create_answer(200, body), "DocumentId")


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'["x"]', b"<html>", b"[[]]", b"\xff"])
def test_an_unreadable_list_is_tried_later(body: bytes) -> None:
    with pytest.raises(TryLater):
        wire.read_rows(create_answer(200, body))


@pytest.mark.parametrize("body", [b"", b"null", b"[]"])
def test_an_answer_without_a_record_is_gone(body: bytes) -> None:
    with pytest.raises(Gone):
        wire.read_row(create_answer(200, body))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Forbidden("no", code="403"), True),
        (TryLater("no", code="401"), True),
        (LoginRefused("no", code="401"), False),
        (TryLater("busy", code="503"), False),
        (Refused("wrong", code="400"), False),
    ],
)
def test_a_missing_right_is_told_from_a_refused_login(error: SyncError, expected: bool) -> None:
    assert is_forbidden(error) is expected
