"""The errors of outside calls: their message, code and request id."""

from __future__ import annotations

import pytest

from webcrm_sync.core.errors import (
    AccessLost,
    Conflict,
    Gone,
    InvalidField,
    Refused,
    SyncError,
    TryLater,
)


@pytest.mark.parametrize("kind", [AccessLost, Conflict, Gone, Refused, SyncError, TryLater])
def test_an_error_without_a_message_describes_its_kind(kind: type[SyncError]) -> None:
    error = kind()
    assert str(error) == (kind.__doc__ or "").splitlines()[0]
    assert (error.code, error.request_id) == ("", "")


def test_an_error_of_an_undocumented_kind_says_its_name() -> None:
    class Odd(SyncError):
        pass

    assert str(Odd()) == "Odd"


def test_an_error_keeps_the_message_code_and_request_id() -> None:
    error = TryLater("Busy.", code="503", request_id="r1")
    assert (str(error), error.code, error.request_id) == ("Busy.", "503", "r1")
    assert error.retry_at is None


def test_an_invalid_field_is_refused_by_its_place() -> None:
    error = InvalidField("The name has no letters.", field="organisation.name")
    assert isinstance(error, Refused)
    assert (str(error), error.code) == ("The name has no letters.", "InvalidField")
    assert error.field == "organisation.name"
