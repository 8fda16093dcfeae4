"""What strangers write is harmless in webCRM, and can still be read and found."""

from __future__ import annotations

import html
import re
from time import process_time

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.neutralize import neutralize_tags

#: Texts in which brackets, references and their neighbours are frequent.
WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["<", ">", "&lt;", "&lt", "&#60;", "&#x3c;", "&gt;", "&", "/", "!", "?", "#", " ", "\n"]
        ),
        st.sampled_from(["script", "3", "=", "-", "x", "\uff1c", "‹", "é", "\0", "\u200b"]),
        st.text(max_size=3),
    ),
    max_size=30,
).map("".join)
#: What begins a tag, a comment or the like (WHATWG HTML: tag open state).
BEGINS = re.compile(r"<[A-Za-z/!?]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "‹script›alert(1)‹/script›"),
        ("<img src=x onerror=alert(1)>", "‹img src=x onerror=alert(1)›"),
        ("</textarea><script>x()</script>", "‹/textarea›‹script›x()‹/script›"),
        ("<a href='javascript:x()'>y</a>", "‹a href='javascript:x()'›y‹/a›"),
        ('"><svg/onload=x()>', '">‹svg/onload=x()›'),
        ("<img\nsrc=x\nonerror=x()>", "‹img\nsrc=x\nonerror=x()›"),
        ("<script", "‹script"),
        ("<<script>x", "‹‹script›x"),
        ("<!-- hidden -->", "‹!-- hidden --›"),
        ("<![CDATA[x]]>", "‹![CDATA[x]]›"),
        ("<?php x() ?>", "‹?php x() ?›"),
        ("<%= x %>", "‹%= x %›"),
        ("<\0script>", "‹\0script›"),
        ("<\u200bscript>", "‹\u200bscript›"),
        ("<o:p>", "‹o:p›"),
        ("<Ørsted A/S>", "‹Ørsted A/S›"),
        ("<Kunde GmbH>", "‹Kunde GmbH›"),
        ("<<Name>>", "‹‹Name››"),
        ("Eva <eva@kunde.example>", "Eva ‹eva@kunde.example›"),
        ("<https://kunde.example/?a=1&b=2>", "‹https://kunde.example/?a=1&b=2›"),
        ("&lt;script&gt;", "‹script›"),
        ("<b &lt;i>", "‹b ‹i›"),
        ("<b &gt; c", "‹b › c"),
        ("&LT;script&GT;", "‹script›"),
        ("&ltscript&gt", "‹script›"),
        ("&#60;b&#62;", "‹b›"),
        ("&#00060;b&#062;", "‹b›"),
        ("&#x3C;b&#X3e;", "‹b›"),
        ("<&#115;cript>", "‹&#115;cript›"),
        ("\uff1cscript\uff1e", "‹script›"),
        ("a<b", "a‹b"),
    ],
)
def test_a_text_that_looks_like_a_tag_gets_look_alike_characters(text: str, shown: str) -> None:
    assert neutralize_tags(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a < b > c",
        "5 <6 and 7> 6",
        "I <3 you",
        "<-- here -->",
        "-> and <-",
        "a <= b, a >= b, a <> b",
        "> quoted\n>> twice",
        "ends with <",
        "a &lt; b",
        "&lt;3",
        "AT&T, R&D; &copy; &nbsp;",
        "https://x.example/?gt=1&lt=5&amp;b=2",
        "&#600; &#x3cc;",
        "‹ as it was ›",
        "＜ 5",
        "[offer](https://x.example/?a=1&b=2)",
    ],
)
def test_a_text_that_is_no_tag_is_unchanged(text: str) -> None:
    assert neutralize_tags(text) == text


def test_the_mark_of_a_quoted_line_does_not_close_a_tag() -> None:
    assert neutralize_tags("see <name\n> as you wrote") == "see ‹name\n> as you wrote"


@given(WORDS)
def test_no_text_acts_in_a_page_decoded_or_not(text: str) -> None:
    sent = neutralize_tags(text)
    for shown in (sent, html.unescape(sent)):
        assert not BEGINS.search(shown)
        assert not nh3.is_html(shown.replace("\0", ""))


@given(WORDS)
def test_neutralizing_is_idempotent_and_lengthens_nothing(text: str) -> None:
    sent = neutralize_tags(text)
    assert neutralize_tags(sent) == sent
    assert len(sent) <= len(text)


@given(WORDS)
def test_nothing_but_brackets_changes(text: str) -> None:
    def plain(words: str) -> str:
        return re.sub(
            "[<>\uff1c\uff1e‹›]|&(lt|gt|#0*6[02](?!\\d)|#x0*3[ce]);?", "|", words, flags=re.I
        )

    assert plain(neutralize_tags(text)) == plain(text)


@pytest.mark.timed
@pytest.mark.parametrize(
    "text",
    [
        "<" * 500_000 + "3",
        "<a" * 250_000,
        "<a>" * 160_000,
        "&lt;" * 120_000 + "3",
        "&#" + "0" * 500_000,
        "&#0" * 160_000,
        "<" + "&#" * 250_000,
        ">" * 500_000,
        "<a\n>" * 120_000,
    ],
    ids=lambda text: text[:6],
)
def test_no_text_takes_long(text: str) -> None:
    begun = process_time()
    neutralize_tags(text)
    assert process_time() - begun < 2
