"""What the walk through a mail's HTML leaves out, marks and cuts."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.html import html_to_text
from webcrm_sync.core.mail_text.html_limits import LONGEST_HTML
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

QUOTE = "<div class=gmail_quote>a <div class=gmail_quote>b</div></div>"


def to_text(html: str) -> str:
    return html_to_text(html, limit=1_000, marks_quotes=False).text


@pytest.mark.parametrize(
    "shown",
    [
        "<style>.xx{display:none}</style><p id=a>word</p>",
        "<style>#xx{display:none}</style><p class=a>word</p>",
        "<style>.a{display:none}</style><p class>word</p>",
        "<x-style>word</x-style>",
    ],
)
def test_elements_that_no_rule_names_are_shown(shown: str) -> None:
    assert to_text(shown) == "word"


def test_only_a_style_sheet_is_read_as_one() -> None:
    assert to_text("<x-a>.a {display:none}<p class=a>word</p></x-a>").endswith("word")


def test_office_metadata_without_its_comment_is_left_out() -> None:
    metadata = "<w:LatentStyles>9</w:LatentStyles><o:OfficeDocumentSettings>9</o:...>"
    assert to_text(f"<p>word</p><xml>{metadata}") == "word"


def test_quotes_are_marked_on_request_once_each() -> None:
    marked = html_to_text(QUOTE * 2, limit=1_000, marks_quotes=True).text
    assert marked.count(QUOTE_MARK) == 2
    assert QUOTE_MARK not in to_text(QUOTE)


def test_a_mail_writes_no_mark_of_ours() -> None:
    assert to_text(f"<p>a{QUOTE_MARK}b</p>") == "ab"


def test_a_text_of_exactly_the_limit_is_whole() -> None:
    assert not html_to_text("<p>four</p>\n", limit=4, marks_quotes=False).is_cut
    assert html_to_text("<p>fours</p>\n", limit=4, marks_quotes=False).is_cut


def test_a_mail_of_which_html_is_left_out_is_cut() -> None:
    html = f"<p>word</p><style>{'x' * LONGEST_HTML}</style><p>more</p>"
    assert html_to_text(html, limit=1_000, marks_quotes=False).is_cut
