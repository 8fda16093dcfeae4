"""What single elements of HTML become."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.html import html_to_text

HIDDEN = "<div style='font-size:0'>{}</div>"
STRUCK = "style='text-decoration:line-through'"
MARKER = "<p><span style='mso-list:Ignore'>{}</span>Walls</p>"


def to_text(html: str) -> str:
    return html_to_text(html, limit=1_000, marks_quotes=False).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><blockquote>b</blockquote><div>c</div>", "a\n\n> b\n\nc"),
        ("<div>a</div><ul><li>b</ul>", "a\n\n* b"),
        ("<p class=x_MsoNormal>a</p><p class=x_MsoNormal>b</p>", "a\nb"),
        ("a<marquee>b</marquee>", "a\nb"),
    ],
)
def test_blocks_are_as_far_apart_as_on_the_screen(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<input type=radio checked> yes <input type=radio> no", "[x] yes [ ] no"),
        ("<input value=Kiel>", "Kiel"),
        ("<input type=hidden value=secret>", ""),
        ("<input type=password value=secret>", ""),
    ],
)
def test_a_field_shows_its_value(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize("size", ["width=0", "width=1", "height=0", "height=1"])
def test_a_pixel_shows_no_words(size: str) -> None:
    assert to_text(f"<img alt=Roof {size}>") == ""
    assert to_text("<img alt=Roof width=90 height=90>") == "Roof"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (MARKER.format("X"), "X Walls"),
        (MARKER.format("1.<span>&nbsp; a)</span>"), "1. a) Walls"),
        ("<ul><li style='list-style:none'>a<li>b</ul>", "a\n* b"),
    ],
)
def test_a_list_item_has_the_marker_of_its_author(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_link_within_a_link_is_part_of_its_words() -> None:
    inner = "<svg><a href='https://y.example'>b</a></svg>"
    assert to_text(f"<a href='https://x.example'>a {inner}</a>") == "[a b](https://x.example)"


def test_a_quote_without_a_border_is_one_if_it_cites() -> None:
    assert to_text("<blockquote type=cite style='border:none'>a</blockquote>") == "> a"
    assert to_text("<blockquote style='border:none'>a</blockquote>") == "a"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup style='vertical-align:super'>6</sup>", "10^6"),
        (HIDDEN.format(f"<i {STRUCK}>x</i>"), ""),
        (f"<pre>a  b<i {STRUCK}>c  d</i></pre>", "a  b~~c  d~~"),
    ],
)
def test_a_style_changes_only_what_it_names(html: str, text: str) -> None:
    assert to_text(html) == text
