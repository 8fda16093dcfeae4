"""Where the header of a quoted mail begins and ends."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.quote_header import Header, find_header
from webcrm_sync.core.mail_text.quote_lines import Line
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

TIME = "3 Feb 2026 10:12"


def header(*lines: str, at: int = 0) -> Header | None:
    return find_header([Line.of(line) for line in lines], at)


@pytest.mark.parametrize("rule", ["--- Original Message ---", QUOTE_MARK])
def test_a_rule_is_a_header_of_one_line(rule: str) -> None:
    assert header(rule, "Hi") == Header(0, 1)


@pytest.mark.parametrize(
    "fields",
    [
        ("From: Eva <eva@x.example>", "Date: 3 Feb 2026", "Subject: Offer"),
        ("From: Eva Holm/Company@Company", "Date: 3 Feb 2026", "Subject: Offer"),
        ("From: Eva", f"Date: {TIME}", "Subject: Offer"),
        ("From: Eva", f"Sent: {TIME}", "To: Bo"),
        ("From: Eva", "Date: 3 Feb 2026", "Subject: Re: Offer"),
    ],
)
def test_fields_with_evidence_of_a_mail_are_a_header(fields: tuple[str, ...]) -> None:
    assert header(*fields, "", "Hi") == Header(0, 3)
    assert header("Yes.", *fields, "", "Hi", at=1) == Header(1, 4)


@pytest.mark.parametrize(
    "fields",
    [
        ("From: Eva", "Date: 3 Feb 2026", "Subject: Offer"),  # no address and no time
        (f"Date: {TIME}", "From: Odense", "To: Aarhus"),  # freight papers
        (f"Sent: {TIME}", "From: Odense", "To: Aarhus"),  # a parcel notice
        ("From: 3 May 10:00", f"Date: {TIME}", "Subject: Opening"),  # a time table
        ("From: +45 11 22 33 44", f"Date: {TIME}", "Subject: Fax"),  # a call
        ("From: Eva <eva@x.example>", "Subject: Offer"),
        ("Subject: Offer", f"Date: {TIME}"),
    ],
)
def test_fields_of_other_papers_are_no_header(fields: tuple[str, ...]) -> None:
    assert header(*fields, "", "Hi") is None


def test_a_header_does_not_begin_in_the_middle_of_fields() -> None:
    fields = ("To: Bo", "From: Eva <eva@x.example>", f"Date: {TIME}", "Subject: Offer")
    assert header(*fields, at=1) is None
