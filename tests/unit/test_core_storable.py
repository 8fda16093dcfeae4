"""Real forms of HTML mails, and the text that webCRM gets."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hostile_bodies import BODIES
from webcrm_sync.core.mail_text.body_text import LONGEST_TEXT, read_body
from webcrm_sync.core.storable import (
    QUOTES,
    normalize_unicode,
    to_one_line,
    to_storable,
    to_storable_json,
)
from webcrm_sync.core.word_digest import WordDigest


def to_text(body: str, *, is_html: bool) -> str:
    """The text that webCRM gets of a body."""
    return read_body(body, is_html=is_html).text


ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear <b>all</b>,</p><p>thanks</p>", "Dear all,\n\nthanks"),
        ("one<br>two", "one\ntwo"),
        (
            "<a href='https://x.example/?a=1&amp;b=2'>offer</a>",
            "[offer](https://x.example/?a=1&b=2)",
        ),
        ("<a name=top>top</a>", "top"),
        ("<p>a &lt; b &amp; c</p>", "a < b & c"),
        ("a&nbsp;\u00a0 <br>b", "a\nb"),
        ('<p dir="rtl">שלום</p><p>مرحبا</p>', "שלום\n\nمرحبا"),
        ("<p>👍🏽 👩‍👩‍👧</p>", "👍🏽 👩‍👩‍👧"),
        ("<p>a<b>c</p><td>d", "ac\n\nd"),
        ("a < b <foo> c", "a < b c"),
        ("<table><tr><td>net</td><td>100</td></tr></table>", "net  100"),
        ("<p>a</p><p>&nbsp;</p><p>&nbsp;</p><p>b</p>", "a\n\nb"),
        ("<?xml version='1.0' encoding='latin1'?><p>é</p>", "é"),
        ("<meta charset='latin1'><p>é</p>", "é"),
        ("<!-- only a comment -->", ""),
        ("<!--[if mso]><p>for Word</p><![endif]-->for all", "for all"),
        ("<html></html>", ""),
        ("", ""),
        ("  \n ", ""),
        ("a\0b", "ab"),
        ("half an emoji: \ud83d.", "half an emoji: \ufffd."),
    ],
)
def test_html_becomes_the_text_a_person_would_read(html: str, text: str) -> None:
    assert to_text(html, is_html=True) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>alert(1)</script>",
        "<style>p { color: red }</style>",
        "<head><title>alert</title></head>",
        "<svg><script>alert(1)</script></svg>",
        "<!-- alert -->",
        "<style>p { color: red }",
    ],
)
def test_text_that_is_invisible_in_outlook_is_not_filed(hidden: str) -> None:
    assert to_text(f"<p>seen</p>{hidden}", is_html=True) == "seen"


def test_plain_text_is_unchanged() -> None:
    body = "Hi,\r\n\r\n\r\n\r\n  a <b> & c\t \r\n> quoted\r"
    assert to_text(body, is_html=False) == "Hi,\n\n  a <b> & c\n> quoted"


@pytest.mark.parametrize("tag", ["div", "blockquote", "span", "b", "table><tr><td"])
@pytest.mark.parametrize("depth", [300, 3000])
def test_a_deeply_quoted_thread_keeps_every_word(tag: str, depth: int) -> None:
    closing = f"</{tag.split('>')[0]}>"
    body = f"<p>newest</p>{f'<{tag}>' * depth} first {closing * depth}<p>last</p>"
    words = to_text(body, is_html=True).split()
    assert [w for w in words if w.isalpha()] == ["newest", "first", "last"]


@pytest.mark.parametrize(
    "body",
    [
        " " * 200_000 + "x",
        "\u00a0\t" * 100_000 + "x",
        "\n" * 200_000 + "x",
        "x" + " \n" * 100_000 + "x",
    ],
    ids=["blanks", "tabs", "lines", "blank lines"],
)
def test_200_kilobytes_of_nothing_are_skipped_in_one_go(body: str) -> None:
    """In quadratic time this would take minutes."""
    assert to_text(body, is_html=False).replace("\n", "").strip("x") == ""
    assert to_text(f"<pre>{body}</pre>", is_html=True).replace("\n", "").strip("x") == ""


def test_200_kilobytes_of_a_mail_stay_complete() -> None:
    body = "<div><p>word <a href='https://x.example'>link</a></p></div>" * 4000
    assert to_text(body, is_html=True).count("word [link](https://x.example)") == 4000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<a href='mailto:bo@x.example'>bo@x.example</a>", "bo@x.example"),
        ("<a href='https://www.x.example/'>x.example</a>", "x.example"),
        ("<a href='https://x.example/a%20b'>https://x.example/a b</a>", "https://x.example/a b"),
        ("<a href='tel:+4512'>call</a>", "[call](tel:+4512)"),
        ("<a href='javascript:x()'>here</a>", "here"),
        ("<a href='data:text/html,x'>here</a>", "here"),
        ("<a href='https://[x'>here</a>", "here"),
        (f"<a href='https://x.example/?{'t' * 3000}'>offer</a>", "offer"),
    ],
)
def test_a_link_is_shown_where_it_says_more_than_its_words(html: str, text: str) -> None:
    assert to_text(html, is_html=True) == text


def test_lists_tables_and_quotes_can_be_read() -> None:
    html = (
        "<ul><li>one</li><li>two</li></ul><ol><li>first</li></ol>"
        "<table><tr><td>Kaj</td><td>48 m</td></tr><tr><td>Bro</td><td>7 m</td></tr></table>"
        "<blockquote>quoted</blockquote>after"
    )
    lines = to_text(html, is_html=True).splitlines()
    assert [line.split() for line in lines if line] == [
        ["*", "one"],
        ["*", "two"],
        ["1.", "first"],
        ["Kaj", "48", "m"],
        ["Bro", "7", "m"],
        [">", "quoted"],
        ["after"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        "<table>" + "<tr><td>cell <b>x</b></td></tr>" * 50_000 + "</table>",
        "<p>word <a href='https://x.example'>link</a></p>" * 10_000,
        "<style>" + "p{color:red}" * 100_000 + "</style>" + "<p>a longer line</p>" * 20_000,
        "x" * 5_000_000,
    ],
    ids=["table", "links", "style", "one word"],
)
def test_an_endless_mail_is_converted_up_to_its_limit(body: str) -> None:
    text = to_text(body, is_html=True)
    assert LONGEST_TEXT * 0.3 < len(text) <= LONGEST_TEXT
    assert text.endswith("…")


def test_five_megabytes_of_invisible_text_change_nothing() -> None:
    picture = f"<img src='data:image/png;base64,{'A' * 5_000_000}'>"
    comment = f"<!--[if mso]>{'y' * 5_000_000}<![endif]-->"
    assert to_text(f"<p>a</p>{picture}{comment}<p>b</p>", is_html=True) == "a\n\nb"


def test_ten_thousand_levels_keep_their_words() -> None:
    assert to_text("<div>" * 10_000 + "deep" + "</div>" * 10_000, is_html=True) == "deep"


def test_the_text_names_the_pictures_that_it_shows() -> None:
    html = (
        "<img src='cid:Logo@1'><table background='cid:back%401'></table>"
        "<div style=\"background:url('cid:style@1')\"><img src='https://x.example/cid.png'>"
    )
    assert read_body(html, is_html=True).cids == ("back@1", "logo@1", "style@1")
    assert read_body("cid:a", is_html=False).cids == ()


@given(ANY_TEXT, st.booleans())
def test_any_body_becomes_text_that_the_database_can_store(body: str, is_html: bool) -> None:
    text = to_text(body, is_html=is_html)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert to_text(body, is_html=is_html) == text
    assert "\n\n\n" not in text
    assert text == text.strip()
    text.encode()


@given(ANY_TEXT)
def test_storable_text_is_unchanged(text: str) -> None:
    stored = to_storable(text)
    assert to_storable(stored) == stored
    if "\0" not in text and text.isprintable():
        assert stored == text


TAGS = ["<p>", "</p>", "<a>", "</a>", "<div>", "<td>", "<table>", "<!--", "&", "&#0;", "x", "<"]


@given(st.lists(st.sampled_from(TAGS)))
def test_no_tag_soup_raises(soup: list[str]) -> None:
    assert isinstance(to_text("".join(soup), is_html=True), str)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Offer 17", "Offer 17"),
        ("Re:\tOffer\r\n 17", "Re: Offer 17"),
        ("a\nb\rc\x0bd\x0ce", "a b c d e"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("a\0b\x07c\x1bd\x7fe\x9ff", "a b c d e f"),
        ("\n\tOffer \u00a0 17\n", "Offer 17"),
        ("\r\nBcc: x@x.example", "Bcc: x@x.example"),
        (" \n ", ""),
    ],
)
def test_a_text_in_one_line_has_a_blank_for_each_gap(text: str, line: str) -> None:
    assert to_one_line(text) == line


@given(ANY_TEXT)
def test_normal_forms_are_unicodes_own(text: str) -> None:
    assert normalize_unicode(text, "NFC") == unicodedata.normalize("NFC", text)


def test_accents_cost_no_more_than_letters() -> None:
    """Python sorts them in quadratic time: 100,000 take half a minute."""
    heap = "e" + "\u0301\u0323" * 250_000
    assert len(normalize_unicode(heap, "NFKC")) <= 31
    assert len(WordDigest.of(f"<p>{heap}</p>", is_html=True).to_bytes()) < 64
    assert WordDigest.of(f"&#{'9' * 500_000};", is_html=True).count <= 1


@pytest.mark.timed
@pytest.mark.parametrize("name", ["cids-of-pictures", "options-100000", "attributes-200000"])
def test_ten_times_the_body_takes_about_ten_times_as_long(name: str) -> None:
    """In quadratic time it takes a hundred times as long."""
    body = BODIES[name]()

    def spent(part: str) -> float:
        begun = time.process_time()
        read_body(part, is_html=True)
        return time.process_time() - begun

    whole = min(spent(body) for _ in range(3))
    tenth = min(spent(body[: len(body) // 10]) for _ in range(3))
    assert whole < 40 * tenth


def test_every_text_in_a_json_value_can_be_stored() -> None:
    told = {"a\0": ["x\0", {"n": 1, "t": "\ud83d"}, None], "b": True}
    assert to_storable_json(told) == {"a": ["x", {"n": 1, "t": "\ufffd"}, None], "b": True}


def test_a_text_that_can_be_stored_holds_no_nul() -> None:
    assert to_storable("a\0b") == "ab"
    assert to_storable("ü\0b") == "üb"


def test_quotes_are_neither_letters_nor_digits() -> None:
    assert not re.search(r"[A-Za-z0-9]", QUOTES)
