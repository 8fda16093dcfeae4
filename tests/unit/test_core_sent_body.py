"""What webCRM sent, as Outlook shows it: text stays text to the letter, HTML is harmless."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.sent_memos import HTML, TEXTS
from webcrm_sync.core.sent_body import is_html, to_outlook_body


@pytest.mark.parametrize("memo", TEXTS)
def test_a_text_with_brackets_is_unchanged(memo: str) -> None:
    assert to_outlook_body(memo) == (memo, False)


@pytest.mark.parametrize("memo", HTML)
def test_html_is_recognised_by_the_whole_memo(memo: str) -> None:
    assert is_html(memo)
    assert to_outlook_body(memo)[1]


@pytest.mark.parametrize(
    ("memo", "shown"),
    [
        ("<p onclick='x()'>Hello <script>x()</script>you</p>", "<p>Hello you</p>"),
        ("<p><a href='javascript:x()'>a</a></p>", '<p><a rel="noopener noreferrer">a</a></p>'),
        ("<img src=x onerror=x()>", '<img src="x">'),
        # What an editor forgot to escape is no tag.
        (
            "<p>Eva <eva@kunde.example></p><p>Dear <name>, <Kunde GmbH></p>",
            "<p>Eva &lt;eva@kunde.example&gt;</p><p>Dear &lt;name&gt;, &lt;Kunde GmbH&gt;</p>",
        ),
        (
            "<p>Kim <tel:004512345678> <mailto:kim@x.example></p>",
            "<p>Kim &lt;tel:004512345678&gt; &lt;mailto:kim@x.example&gt;</p>",
        ),
        ("<p class=MsoNormal>Hi<o:p></o:p></p>", "<p>Hi</p>"),
        ("<p>a < b</p>", "<p>a &lt; b</p>"),
        # These line breaks come from no tag.
        ("<b>Hi</b>\r\nsee <i>this</i>\nBo", "<b>Hi</b><br>\nsee <i>this</i><br>\nBo"),
        ("<p>one\nparagraph</p>", "<p>one\nparagraph</p>"),
        ("<b>Hi</b><wbr>you\nsee <i>this</i>", "<b>Hi</b><wbr>you<br>\nsee <i>this</i>"),
        # Pictures within the HTML are dropped, however large; the words stay.
        (f"<p>x<img src='data:image/png;base64,{'A' * 500_000}'></p>", "<p>x<img></p>"),
    ],
    ids=lambda text: text[:30],
)
def test_html_keeps_its_words_and_loses_active_parts(memo: str, shown: str) -> None:
    assert to_outlook_body(memo) == (shown, True)


@pytest.mark.parametrize(
    "memo",
    [
        "<br>\none\ntwo\nthree</br>",  # tags that have no end tag do not pair up
        "<wbr>\none\ntwo\nthree</wbr>",
        "<name><br>x",
        "Write <br> " + "long " * 40,
        "a <br> b",
        "one\ntwo\n<b>x</b>",
    ],
)
def test_a_text_that_names_a_few_tags_stays_a_text(memo: str) -> None:
    assert not is_html(memo)


@pytest.mark.parametrize(
    "memo",
    [
        "Donau<wbr>dampf",
        "a<br>\nb\nc<br>\nd\ne",
        "<div>\n<b>x</b>\none\ntwo\nthree\n</div>",
        # Nothing before or after these tags shows that the text talks about them.
        "lineX<br>X line",
        "one <br>X two",
        'said "<b>Hi</b> all"',
        "see <b>this </b>now",
        "x" + " " * 100 + "<br> y",
        "<br> <br> <br> c",
        "a\n <br>\n <br> c",
        "a\r <br>\r <br> c",
    ],
)
def test_a_few_tags_make_html_of_a_memo(memo: str) -> None:
    assert is_html(memo)


@given(st.text(st.characters(exclude_characters="<")))
def test_a_memo_without_a_bracket_is_text(memo: str) -> None:
    assert to_outlook_body(memo) == (memo, False)


@given(
    st.lists(st.sampled_from([*"<>/ \n=&a", "<b>", "</b>", "<br>", "<p>", "<a b=c>"])).map("".join)
)
def test_every_memo_is_converted(memo: str) -> None:
    shown, is_shown_as_html = to_outlook_body(memo)
    assert is_shown_as_html or shown == memo


@pytest.mark.timed
@pytest.mark.parametrize(
    "memo",
    [
        "<div>" * 100_000,
        "<div>" * 45_000 + "</div>" * 45_000,
        "<div>" * 5_000 + "</div>" * 4_999,
        "<ul><li>" * 4_999 + "</ul>",
        "<p>" + "<table><br>" * 4_900,
        "<table>" + "<br>" * 9_900,
        "<p " + " ".join(f"a{n}=1" for n in range(25_000)) + ">x</p>",
        "<p a=1 " + " ".join(f"{n:x}" for n in range(45_000)) + ">x</p>",
        "<p a=1 " + " ".join(f"{n:x}" for n in range(90_000)) + ">x</p>",
        "<b>\n\n" * 60_000 + "</b>\n" * 60_000,
        "<b> x " * 80_000,
        "<br>   " * 70_000,
        "'<b>x</b>'" * 40_000,
        (" " * 70 + "<b>") * 7_000,
        "<" * 500_000,
        "<" + "a" * 500_000,
        "<a" * 250_000,
        "<p>" + "data:" * 100_000 + "</p>",
        "".join(f"<font a={n}>" for n in range(100)) + "<p>x" * 9_800,
    ],
    ids=lambda memo: memo[:12].strip(),
)
def test_no_memo_takes_long(memo: str) -> None:
    begun = process_time()
    to_outlook_body(memo)
    assert process_time() - begun < 2


def test_a_memo_with_more_tags_than_a_mail_is_text() -> None:
    assert to_outlook_body("<p>x</p>" * 6_000) == ("<p>x</p>" * 6_000, False)
