"""What of a body reaches webCRM, before quoted mails are left out."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.core.mail_text.html_limits import LONGEST_HTML
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK


def test_a_whole_body_keeps_its_quotes() -> None:
    body = "<p>new</p><div class=gmail_quote>On 4 May Ann wrote:<blockquote>old</blockquote></div>"
    assert read_body(body, is_html=True).text == "new\n\nOn 4 May Ann wrote:\n\n> old"


@pytest.mark.parametrize("is_html", [False, True])
def test_a_body_writes_no_mark_of_ours(is_html: bool) -> None:
    assert read_body(f"a{QUOTE_MARK}b", is_html=is_html).text == "ab"


def test_a_text_without_its_end_says_so() -> None:
    body = f"<p>word</p><style>{'x' * LONGEST_HTML}</style><p>more</p>"
    assert read_body(body, is_html=True).text == "word …"


def test_a_picture_without_a_content_id_names_no_attachment() -> None:
    assert read_body("<p>a</p><img src='cid:'><img src='cid:b'>", is_html=True).cids == ("b",)
