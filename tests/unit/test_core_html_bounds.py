"""Which tags of endless HTML are left out: those beyond what a parser reads in linear time."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.html_limits import (
    DATA_LEFT_OUT,
    LONGEST_HTML,
    has_known_cost,
    limit_html,
    strip_comments,
)

#: Makes HTML long enough that its tags are counted.
PAD = "x" * 20_001


def limited(html: str) -> str:
    """What is left of the HTML."""
    return limit_html(PAD + html).html.removeprefix(PAD)


def test_short_html_with_few_tags_is_not_examined() -> None:
    deep = "<div>" * 256
    assert limit_html(f"{deep}</div>").html == f"{deep}</div>"
    for html in (f"{deep}<div>", f"{deep}<div>{PAD}"):
        assert limit_html(html).html == html.replace("<div>", "", 1)
    assert not limit_html(deep).is_cut


def test_elements_are_nested_256_deep_at_most() -> None:
    assert limited("<div>" * 300 + "x") == "<div>" * 256 + "x"
    assert limited("<div></div>" * 300) == "<div></div>" * 300
    for tag in ("<p>", "<br>", "<wbr>"):
        assert limited(tag * 300) == tag * 300
    assert limited("<!-- c -->" + "<div>" * 257) == "<!-- c -->" + "<div>" * 256
    assert limited("<section>" * 255 + "<div></div>" * 9) == "<section>" * 255 + "<div></div>" * 9


def test_an_end_tag_closes_the_elements_within_it_but_no_table() -> None:
    closed = "<section>" + "<div>" * 200 + "</section>"
    assert limited(closed * 3) == closed * 3
    assert limited("<div>" * 256 + "</div><div><div>") == "<div>" * 256 + "</div><div>"
    table = "<section><table>" + "<div>" * 200 + "</section>"
    assert limited(table * 2).count("<div>") == 256 - 2 - 2
    assert limited("<table><div></table>" * 300) == "<table><div></table>" * 300
    assert limited("</div>" + "<div>" * 257) == "</div>" + "<div>" * 256


def test_no_formatting_begins_once_too_much_of_it_is_open() -> None:
    assert limited("<b>" * 24 + "x") == "<b>" * 24 + "x"
    assert limited("<u>" * 25 + "x") == "<u>" * 24 + "</u>" * 25 + "x"
    assert (
        limited("<i>" + "<b>" * 24 + "x<b>y</b>") == "<i>" + "<b>" * 23 + "</b>" * 24 + "</i>xy</b>"
    )
    assert limited("<b>x</b>" * 300) == "<b>x</b>" * 300
    assert limited("</b>" * 30 + "<b>" * 24) == "</b>" * 30 + "<b>" * 24


@pytest.mark.parametrize("tag", ["<p>", "<br>"])
def test_open_formatting_is_reopened_4000_times_at_most(tag: str) -> None:
    assert limited("<i>" + tag * 4_000) == "<i>" + tag * 4_000
    assert limited("<i>" + tag * 4_001) == "<i>" + tag * 4_000 + "</i>" + tag
    assert limited("<i><b>" + tag * 2_001) == "<i><b>" + tag * 2_000 + "</b></i>" + tag


def test_a_document_holds_16_documents_at_most() -> None:
    document = "<html><body>x</body></html>"
    assert limited(document * 16) == document * 16
    assert limited(document * 17) == document * 16 + "x</body></html>"


def test_a_long_tag_keeps_its_first_attributes() -> None:
    many = "".join(f" a{n:09}=1" for n in range(400))
    kept = "".join(f" a{n:09}=1" for n in range(125))
    assert limited(f"<p{many}>x") == f"<p{kept}>x"
    few = f' a="{"y" * 5_000}" b'
    assert limited(f"<p{few}>x") == f"<p{few}>x"
    short = " a" * 1_900
    assert limited(f"<p{short}>x</p{many}>") == f"<p{short}>x</p{many}>"


@pytest.mark.parametrize(
    "name",
    ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "STYLE"],
)
def test_tags_inside_of_raw_text_do_not_count(name: str) -> None:
    raw = f"<{name}>{'<div>' * 300}</{name}>"
    assert limited(raw + "<div>" * 257) == raw + "<div>" * 256
    assert limited(f"<{name}>" + "<div>" * 300) == f"<{name}>" + "<div>" * 300


@pytest.mark.parametrize("comment", ["<!-- {} -->", "<!--{}--!>", "<!-- {}", "<!{}>", "<?{}>"])
def test_tags_inside_of_comments_do_not_count(comment: str) -> None:
    inside = "<div" * 300
    assert limited("<p>" + comment.format(inside)) == "<p>" + comment.format(inside)


def test_html_longer_than_any_mail_is_cut() -> None:
    long = "x" * LONGEST_HTML
    assert limit_html(long).html == long
    assert not limit_html(long).is_cut
    assert limit_html(f"<!-- -->{long[8:]}").html == f"<!-- -->{long[8:]}"
    assert limit_html(f"{long}y").html == long
    assert limit_html(f"{long}y").is_cut
    data = f"<img src='data:image/png;base64,{'A' * LONGEST_HTML}'>"
    assert limit_html(f"<!-- y -->{data}").html == f"<img src='{DATA_LEFT_OUT}'>"
    assert DATA_LEFT_OUT == "data:,"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a<!--x-->b<!--y-->c", "abc"),
        ("<!--x-->", ""),
        ("a<!--x", "a<!--x"),
        ("a-->b", "a-->b"),
        ("a<!--x-->b<!--y", "ab<!--y"),
    ],
)
def test_comments_are_removed(text: str, left: str) -> None:
    assert strip_comments(text, "<!--", "-->") == left


def test_the_cost_of_foreign_syntax_is_unknown_if_there_is_much_markup() -> None:
    assert has_known_cost("<svg>" * 256)
    assert has_known_cost("<p>" * 257)
    for tag in ("<svg>", "<MATH>", "<script>", "<plaintext>", "<![CDATA[x]]>"):
        assert not has_known_cost("<p>" * 256 + tag)
