"""The Message-IDs in a mail's headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.message_ids import LONGEST_ID, parse_message_ids

#: RFC 5322 2.1.1: no header line has more than 998 characters.
LONGEST = f"<{'a' * 994}@x>"
MANY = [f"<{number}@x>" for number in range(80)]


@pytest.mark.parametrize(
    ("header", "ids"),
    [
        ("<a@x>", ("<a@x>",)),
        ("<a@x> <b@y>", ("<a@x>", "<b@y>")),
        ("<a@x><b@y>,<c@z>", ("<a@x>", "<b@y>", "<c@z>")),
        ("<a@x>\r\n\t<b@y>", ("<a@x>", "<b@y>")),
        ("<very-long-\r\n left-part@x>", ("<very-long-left-part@x>",)),
        ("<a@x> <b@y> <a@x>", ("<a@x>", "<b@y>")),
        ("Your message of Monday (<a@x>)", ("<a@x>",)),
        ("Eva <a@x> of 2026", ("<a@x>",)),
        ("a@x", ("a@x",)),
        ("  a@x\r\n", ("a@x",)),
        ("Mail of Monday", ()),
        ("eva@x wrote on Monday", ()),
        ("a@x>", ()),
        ("<a@x", ()),
        ("<>", ()),
        ("< >", ()),
        ("", ()),
        ("<no-at-sign>", ("<no-at-sign>",)),
        ("<a>", ("<a>",)),
        ("<ünïcode@bücher>", ("<ünïcode@bücher>",)),
        (f"<{'a' * LONGEST_ID}@x> <b@y>", ("<b@y>",)),
        ("a@x" * LONGEST_ID, ()),
        (LONGEST, (LONGEST,)),
        (f"<a{LONGEST[1:]} <b@y>", ("<b@y>",)),
        (LONGEST[1:-1] + "aa", (LONGEST[1:-1] + "aa",)),
        (LONGEST[1:-1] + "aaa", ()),
        (" ".join(MANY[:50]), tuple(MANY[:50])),
        (" ".join(MANY), (MANY[0], *MANY[-49:])),
    ],
)
def test_ids_are_read_from_any_surrounding_text(header: str, ids: tuple[str, ...]) -> None:
    assert parse_message_ids(header) == ids


@given(st.text(alphabet="<>@ ab\r\n", max_size=300))
def test_any_header_yields_few_short_ids_without_whitespace(header: str) -> None:
    ids = parse_message_ids(header)
    assert len(ids) == len(set(ids)) <= 50
    assert all(0 < len(one) <= LONGEST_ID and one == "".join(one.split()) for one in ids)


def test_a_hostile_header_is_read_in_linear_time() -> None:
    for piece in ("<", "<a", ">", "<a@x>", " ", "<a b>"):
        assert len(parse_message_ids(piece * 400_000)) <= 50
