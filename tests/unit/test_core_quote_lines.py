"""The signs of a quoted mail in one line: its depth, a rule, an address, a date, a time."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.quote_lines import (
    LONGEST,
    Line,
    has_address,
    has_date,
    has_date_and_time,
    has_time,
    is_quote_below,
    next_words,
)
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

GROUPWISE = ">>> Eva <eva@x.example> 3.2.2026 10:12 >>>"


@pytest.mark.parametrize(
    ("text", "depth", "words"),
    [
        ("", 0, ""),
        ("  Hi   Bo \t", 0, "Hi Bo"),
        ("> Hi", 1, "Hi"),
        (">Hi", 1, "Hi"),
        ("> > Hi > Bo", 2, "Hi > Bo"),
        (">>> Hi", 3, "Hi"),
        ("    > Hi", 1, "Hi"),
        ("     > Hi", 0, "> Hi"),
        ("Hi\u00a0\u202fBo", 0, "Hi Bo"),
        (GROUPWISE, 0, GROUPWISE),
        (GROUPWISE.replace("<", ""), 3, GROUPWISE.replace("<", "").removeprefix(">>> ")),
    ],
)
def test_a_line_has_a_depth_and_words(text: str, depth: int, words: str) -> None:
    assert Line.of(text) == Line(text, depth, words)
    assert Line.of(text).is_of_groupwise is (text == GROUPWISE)


def test_a_long_line_is_known_as_long() -> None:
    assert len(Line.of("x" * LONGEST).words) == LONGEST
    assert len(Line.of("> " + "x" * 1_000).words) == LONGEST + 1


@pytest.mark.parametrize(
    ("words", "is_rule"),
    [
        *(("-----", True), ("_ _ _ _ _", True), ("=====", True), ("*****", True), ("–––––", True)),
        *(("—————", True), ("─────", True), ("----", False), ("----- x", False), ("", False)),
    ],
)
def test_a_row_of_dashes_is_a_rule(words: str, is_rule: bool) -> None:
    assert Line.of(words).is_rule is is_rule


@pytest.mark.parametrize(
    ("words", "within"),
    [
        ("--- Original Message ---", "Original Message"),
        ("-----Original Message-----:", "Original Message"),
        ("**-- Eva wrote --**", "Eva wrote"),
        ("__ Eva : __", "Eva"),
        ("-- *Eva* --", "Eva"),
        ("- Eva -", ""),
        ("Eva --", ""),
        ("---- Eva ----From: Bo", "Eva"),
        ("--- Eva ---From: Bo", ""),
    ],
)
def test_words_between_dashes_are_found(words: str, within: str) -> None:
    assert Line.of(words).between_dashes == within


@pytest.mark.parametrize(
    ("words", "is_forward"),
    [
        ("--- Forwarded message ---", True),
        ("--- Original message ---", False),
        ("Begin forwarded message:", True),
        ("Begin forwarded message from Eva:", True),
        ("*Anfang der weitergeleiteten Nachricht:*", True),
        ("Forwarded message:", True),
        ("Starten på den videresendte besked:", True),
        ("Inizio messaggio inoltrato:", True),
        ("Anfang der weitergeleiteten Nachricht:", True),
        ("Encaminhada message:", True),
        ("Välitetty viesti:", True),
        ("Forwarded message", False),
        ("Begin the message:", False),
        ("Start forwarded by Eva", False),
    ],
)
def test_the_line_above_a_forwarded_mail_is_found(words: str, is_forward: bool) -> None:
    assert Line.of(words).is_forward_rule is is_forward


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        *(
            ("eva@x.example", True),
            ("<eva@x.example>", True),
            ("eva@x", False),
            ("@x.example", False),
        ),
        *(("eva@x.", False), ("eva @x.example", False), ("eva@ x.example", False)),
    ],
)
def test_an_address_is_found(words: str, is_found: bool) -> None:
    assert has_address(words) is is_found


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        *(("10:12", True), ("9:05:33", True), ("10:1", False), ("10.12", False)),
        *(("kl. 10.12", True), ("kl 10.12", True), ("klo 10.12", True), ("às 10h12", True)),
        *(("kl. 10.12.33", True), ("às 10.12.33", True), ("kl. 10.12.2026", False)),
        *(("2026 10.12", True), ("2026, 9.05", True), ("1026 10.12", False)),
        *(("10.12 pm", True), ("10.12am", True), ("10.12 pmx", False), ("KL. 10.12", True)),
    ],
)
def test_a_time_of_day_is_found(words: str, is_found: bool) -> None:
    assert has_time(words) is is_found


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        *(("3 Jan", True), ("3. januar", True), ("3rd Feb", True), ("1er mars", True)),
        *(("3 de feb", True), ("3-Feb", True), ("21st May", True), ("3 gru", True)),
        *(("Jan 3", True), ("February 3rd", True), ("Feb. 3", True), ("gru 3", True)),
        *(("03-02-2026", True), ("3.2.2026", True), ("3/2/26", True), ("2026-02-03", True)),
        *(("3. 2. 2026", True), ("mar 10:12", False), ("mar 3.5", False), ("14 pallets", False)),
        *(("3 FEB", True), ("12.50", False), ("Feb", False)),
    ],
)
def test_a_day_of_a_month_is_found(words: str, is_found: bool) -> None:
    assert has_date(words) is is_found


def test_a_time_needs_a_date_beside_it() -> None:
    assert has_date_and_time("3 Feb 10:12")
    assert not has_date_and_time("3 Feb")
    assert not has_date_and_time("10:12")


def test_lines_without_words_are_passed_over() -> None:
    lines = [Line.of(text) for text in ["Hi", "", QUOTE_MARK, "> ", "> Bo"]]
    assert [next_words(lines, at) for at in range(6)] == [0, 4, 4, 4, 4, 5]
    assert next_words(lines[:3], 1) == 3


@pytest.mark.parametrize(
    ("below", "is_quote"),
    [("> > Hi", True), ("> Hi", False), ("Hi", False), ("", False)],
)
def test_a_quote_below_is_deeper(below: str, is_quote: bool) -> None:
    assert is_quote_below([Line.of("> Bo"), Line.of(""), Line.of(below)], 1, 1) is is_quote


def test_no_quote_is_below_the_last_line() -> None:
    assert not is_quote_below([Line.of("> Bo")], 1, 0)
