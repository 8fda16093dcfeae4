"""HTML within limits: the part of expensive markup that is parsed, and its text."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.html import html_to_text
from webcrm_sync.core.mail_text.html_limits import limit_html

#: So much ordinary markup that every tag behind it is counted.
LONG = "<b>x</b>" * 3_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<div style="display:inline">a</div>b', "ab"),
        ('<div style="display:contents">a</div>b', "ab"),
        ('<pre style="white-space:normal">a   b\nc</pre>', "a b c"),
        ("<svg><td>x</td></svg>", "x"),
        ('<a href="">   </a>x', "x"),
        ('<a href="#top"></a>x', "x"),
        ("", ""),
    ],
)
def test_markup_with_a_style_of_its_own_is_read_as_it_is_shown(html: str, text: str) -> None:
    assert html_to_text(html, limit=1_000, marks_quotes=False).text == text


def test_few_documents_within_a_document_are_kept() -> None:
    limited = limit_html(LONG + "<html><body>a</body></html>" * 60)
    assert 1 <= limited.html.count("<html>") < 60
    assert limited.html.count("a</body>") == 60, "the words stay"


def test_elements_are_nested_to_a_depth_that_parsers_bear() -> None:
    limited = limit_html("<div>" * 3_000 + "x")
    assert 100 <= limited.html.count("<div>") < 3_000
    assert limited.html.endswith("x")


@pytest.mark.parametrize(
    "rest",
    [
        "<div><table><tr><td></div>x</table></div>",
        "<div><section><article>x</div>y",
        "<?php ?>y<!-- c -->z",
        "</i>q",
    ],
)
def test_ordinary_markup_passes_unchanged(rest: str) -> None:
    assert limit_html(LONG + rest).html == LONG + rest
