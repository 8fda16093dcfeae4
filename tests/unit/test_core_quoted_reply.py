"""What stays of a mail's lines: answers below and between quotes, and the writer's own quotes."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK
from webcrm_sync.core.mail_text.quoted_reply import is_forward, new_text, strip_quoted_mails

HEADER = "On 3 Feb 2026 at 10:12, Eva wrote:"
LONG = "x" * 60


def stripped(*lines: str) -> list[str]:
    """The lines with words that stay."""
    return [line for line in strip_quoted_mails("\n".join(lines)).split("\n") if line]


@pytest.mark.parametrize(
    ("below", "shown"),
    [
        (["> one"], []),
        (["> one", "Yes."], ["Yes."]),
        (["> one", "", "", "Yes."], ["Yes."]),
        (["> one", "Yes.", "> two"], ["> one", "Yes."]),
        (["> one", "Yes.", "> two", "No."], ["> one", "Yes.", "> two", "No."]),
        (["> one", "Yes.", "> two", "No.", "> three"], ["> one", "Yes.", "> two", "No."]),
        (["> one", "", "> two", "Yes."], ["Yes."]),
        (["> one", QUOTE_MARK, "> two", "Yes."], ["Yes."]),
        (["> one", QUOTE_MARK, "> two"], []),
        (["> one", "> > two", "Yes.", "> three"], ["> one", "> > two", "Yes."]),
        (["> one", "Yes.", ">", "No.", "> two"], ["> one", "Yes.", "No."]),
        (["> one", "Yes.", "", "Bo", "> two"], ["> one", "Yes.", "Bo"]),
    ],
)
def test_answers_stay_with_the_quotes_between_them(below: list[str], shown: list[str]) -> None:
    assert stripped("New.", HEADER, *below) == ["New.", *shown]
    assert stripped("New.", QUOTE_MARK, HEADER, *below) == ["New.", *shown]


def test_the_mark_of_a_quote_is_no_answer() -> None:
    quote = [f"> {HEADER}", QUOTE_MARK, "> one", "Yes."]
    assert stripped("New.", *quote) == ["New.", "Yes."]


def test_one_blank_line_separates_what_stays() -> None:
    text = f"New.\n\n\n\n{HEADER}\n> one\n>\n> more\n\n\n\nYes.\n> two\nNo."
    assert strip_quoted_mails(text) == "New.\n\n> one\n>\n> more\n\nYes.\n\n> two\n\nNo."


@pytest.mark.parametrize(
    ("quoted", "is_folded"),
    [
        *((LONG, True), (LONG[:-1], False), ("one (or two", True), ("one (or) two", False)),
        *((f"{LONG}.", False), (f"{LONG}!", False), (f"{LONG}?", False), (f"{LONG}:", False)),
        *((f"> {LONG}", True), (f"{LONG}. (or", True)),
    ],
)
def test_the_rest_of_a_folded_line_is_quoted(quoted: str, is_folded: bool) -> None:
    lines = [f"> {quoted}", "rest", "> two"]
    answer = [] if is_folded else lines[:2]
    assert stripped("New.", HEADER, *lines) == ["New.", *answer]


def test_words_that_no_quote_surrounds_are_no_rest_of_one() -> None:
    assert stripped("New.", HEADER, f"> {LONG}", "Yes.") == ["New.", "Yes."]
    assert stripped("New.", HEADER, f"> {LONG}", "", "Yes.", "> two") == [
        *("New.", f"> {LONG}", "Yes."),
    ]
    assert stripped("New.", HEADER, f"> {LONG}", "Yes.", "Bo") == ["New.", "Yes.", "Bo"]
    assert stripped("New.", HEADER, "> one", LONG, "Yes.", "> two") == [
        *("New.", "> one", LONG, "Yes."),
    ]
    assert stripped("New.", f"> {HEADER}", "Yes.", f"> {LONG}") == ["New.", "Yes."]


def test_rules_above_a_header_go() -> None:
    assert stripped("New.", "", "-----", "", "_____", HEADER, "> one") == ["New."]
    assert stripped("-----", "New.", HEADER, "> one") == ["-----", "New."]


def test_the_quote_around_a_quoted_header_goes() -> None:
    assert stripped("New.", "> Hi", f"> {HEADER}", "> > one") == ["New."]
    assert stripped("New.", "> > Hi", f"> > {HEADER}", "> > > one") == ["New."]
    assert stripped("New.", "> own quote", "Indeed.", HEADER, "> one") == [
        *("New.", "> own quote", "Indeed."),
    ]
    assert stripped("New.", "> own quote", HEADER, "> one") == ["New.", "> own quote"]


def test_every_quoted_mail_goes() -> None:
    second = "On 2 Feb 2026 at 9:05, Bo wrote:"
    first = ["New.", HEADER, "> one", "Yes."]
    assert stripped(*first, second, "> two", "No.") == ["New.", "Yes.", "No."]
    assert stripped(*first, QUOTE_MARK, "Bo:", "> two", "No.") == ["New.", "Yes.", "No."]
    marks = [QUOTE_MARK, "", QUOTE_MARK]
    assert stripped(*first, *marks, "Bo:", "> two", "No.") == ["New.", "Yes.", "No."]
    assert stripped(*first, second, "two") == ["New.", "Yes."]


@pytest.mark.parametrize(("lines", "shown"), [(0, ["Yes."]), (1, ["Yes."]), (2, ["Yes."]), (3, [])])
def test_two_lines_may_name_the_writer_of_a_marked_quote(lines: int, shown: list[str]) -> None:
    names = ["Feladó"] * lines
    assert stripped("New.", QUOTE_MARK, *names, "> one", "Yes.") == (
        ["New.", "> one", "Yes."] if not lines else ["New.", *shown]
    )


def test_a_known_header_of_any_length_may_be_above_a_marked_quote() -> None:
    fields = ["From: Eva <eva@x.example>", "Date: 3 Feb 2026", "To: Bo", "Subject: Offer"]
    assert stripped("New.", QUOTE_MARK, *fields, "> one", "Yes.") == ["New.", "Yes."]


def test_a_marked_quote_that_names_no_writer_in_six_lines_is_the_writers_own() -> None:
    quote = ["> Week 12.", "Indeed.", *["> more"] * 3]
    mail = [f"> {HEADER}", "> one", "Yes."]
    assert stripped("New.", QUOTE_MARK, *quote, *mail) == ["New.", *quote, *mail]
    assert stripped("New.", QUOTE_MARK, *quote, "> more", *mail) == ["New.", *quote[:2], "Yes."]


def test_a_marked_quote_at_the_end_is_a_quoted_mail() -> None:
    assert stripped("New.", QUOTE_MARK, "> Week 12.", "", "") == ["New."]
    assert stripped("New.", QUOTE_MARK, "> Week 12.", QUOTE_MARK) == ["New."]
    assert stripped("New.", QUOTE_MARK, "> Week 12.", "No.") == ["New.", "> Week 12.", "No."]
    assert stripped("New.", QUOTE_MARK, "> Week 12.", "> Eva") == ["New."]
    assert stripped("New.", QUOTE_MARK) == ["New."]


def test_a_header_within_a_marked_quote_is_no_part_of_the_answer() -> None:
    quote = ["Feladó", f"> {HEADER}", "> > one"]
    assert stripped("New.", QUOTE_MARK, *quote, "Yes.") == ["New.", "Yes."]


def test_headers_begin_in_the_first_100_000_characters() -> None:
    below = f"{HEADER}\nold"
    above = "\n" + "x\n" * 49_999 + "\n"
    assert len(above) == 100_000
    assert "old" not in strip_quoted_mails(above + below)
    assert strip_quoted_mails(f"{above}\n{below}").endswith(below)


RULE = "--- Forwarded message ---"


@pytest.mark.parametrize(
    ("text", "is_passed_on"),
    [
        *(("", False), ("Hi", False), (QUOTE_MARK, False), (f"Hi\n{QUOTE_MARK}", False)),
        *((f"Hi\n{RULE}", True), (f"Hi\n{QUOTE_MARK}\n\n{RULE}", True)),
        *((f"{QUOTE_MARK}\nHi\n{RULE}", False), (f"{HEADER}\n{RULE}", False)),
    ],
)
def test_a_mail_is_a_forward_if_its_first_rule_says_so(text: str, is_passed_on: bool) -> None:
    assert is_forward("Offer", text) is is_passed_on


@pytest.mark.parametrize(
    "subject",
    [
        "[EXT]: Fw: x",
        "ext: Fw: x",
        "EXT - Fw: x",
        "Caution | Fw: x",
        "{Spam} | Fw: x",
        "#12# Fw: x",
    ],
)
def test_marks_of_gateways_stay_before_the_mark_of_a_forward(subject: str) -> None:
    assert is_forward(subject)


def test_a_forward_loses_nothing_but_the_marks_of_quotes() -> None:
    assert new_text("Fw: Offer", f"Hi\n\n\n\n{QUOTE_MARK}\n> one\n") == "Hi\n\n> one"
    assert new_text("Offer", f"Hi\n{HEADER}\n> one\n") == "Hi"


def test_a_mail_without_new_text_stays_whole() -> None:
    assert strip_quoted_mails(f"{HEADER}\n> one") == f"{HEADER}\n> one"
