"""The score of the reading bench: the words that a body shows and that a text holds."""

from __future__ import annotations

import pytest

from bench.reading.bodies import bodies
from bench.reading.score import score, truth, words


@pytest.mark.parametrize(
    ("html", "visible"),
    [
        ("<p>Pr<span>ü</span>fung f<b>ü</b>r", "Prüfung für"),
        ("<td>Price</td><td>500</td>", "Price500"),
        ("<table><tr><td>Price</td><td>1.<span>500</span>,00</td></tr></table>", "Price 1.500,00"),
        ("<dl><dt>Price</dt><dd>500</dd></dl>", "Price 500"),
        ("one<br>two<img src=x>three", "one two three"),
        ("Bau&shy;stelle, Dear\u200b Ann", "Baustelle Dear Ann"),
        ("<o:p>one</o:p><section>two</section>", "one two"),
        ("<html><body>one</body></html><p>two</p>", "one two"),
        ("<span style='display:block'>one</span>two", "one two"),
        ("<p style='display:inline'>on</p><p style='display:inline'>ly</p>", "only"),
        ("<![if !vml]>seen<![endif]><!--[if mso]>unseen<![endif]-->", "seen"),
        ("<p>seen</p><noscript>unseen</noscript><template>unseen</template>", "seen"),
        ("<p>10<sup>6</sup> pieces of H<sub>2</sub>O", "pieces of"),
        ("<td>&lt;eva@kunde.example&gt;", "eva@kunde.example"),
    ],
)
def test_a_body_shows_the_words_that_a_browser_shows(html: str, visible: str) -> None:
    assert sorted(truth(html).visible.elements()) == sorted(visible.split())


@pytest.mark.parametrize(
    ("html", "visible"),
    [
        ("<div style='display:none !important'>x<p>x</p></div>", ""),
        ("<div style='DISPLAY : None'>x</div>y", "y"),
        ("<p hidden>x</p>y", "y"),
        ("<div style='font-size:0px'>x<div style='font-size:13px'>y</div></div>", "y"),
        ("<div style='font-size:10px'>y</div>", "y"),
        ("<div style='visibility:hidden'>x<b style='visibility:visible'>y</b></div>", "y"),
        ("<div style='max-height:0;overflow:hidden'>x</div>", ""),
        ("<div style='max-height:0'>y</div>", "y"),
        ("<div style='opacity:0.0'>x</div><div style='opacity:0.5'>y</div>", "y"),
        ("<style>.a,td.b{display:none}</style><p class='c a'>x</p><p class=b>y</p>", "y"),
        ("<style>@media (max-width:9px){.a{display:none}}</style><p class=a>y", "y"),
        ("<style>@media print{.b{color:red}} .a{display:none}</style><p class=a>x", ""),
    ],
)
def test_hidden_words_are_those_that_a_browser_hides(html: str, visible: str) -> None:
    right = truth(html)
    assert list(right.visible) == visible.split()
    assert set(right.hidden) == ({"x"} if "x<" in html or html.endswith("x") else set())


def test_words_that_only_outlook_hides_are_neither_visible_nor_hidden() -> None:
    right = truth("<p style='mso-hide:all'>x</p>")
    assert not right.visible
    assert not right.hidden


@pytest.mark.parametrize(
    ("text", "lost", "broken"),
    [
        ("The price is 1.500,00", [], []),
        ("price The 1.500,00 is", [], []),
        ("[The](https://x.example) **price** is\n> 1.500,00", [], []),
        ("The price is", ["1.500,00"], []),
        ("The price is 1. 500 ,00", ["1.500,00"], ["1.500,00"]),
        ("The priceis 1.500,00", ["is", "price"], ["is", "price"]),
        ("The pr ice is **1**.500,00", ["1.500,00", "price"], ["1.500,00", "price"]),
        ("", ["1.500,00", "The", "is", "price"], []),
    ],
)
def test_a_split_or_joined_word_counts_as_lost(
    text: str, lost: list[str], broken: list[str]
) -> None:
    found = score(truth("<p>The price is <b>1</b>.500,00</p>"), text)
    assert found.words == 4
    assert sorted(found.lost.elements()) == lost
    assert sorted(found.broken.elements()) == broken


def test_a_word_counts_as_often_as_it_occurs() -> None:
    found = score(truth("<p>hall hall hall</p>"), "hall")
    assert found.lost.total() == 2


def test_hidden_words_that_a_text_shows_are_counted() -> None:
    right = truth("<p hidden>secret hall crane</p><p>hall</p><img src=x alt=crane>")
    assert list(score(right, "hall secret crane").shown.elements()) == ["secret"]
    assert list(score(right, "hall hall").shown.elements()) == ["hall"]


def test_there_are_150_bodies_and_they_never_change() -> None:
    made = bodies()
    assert len(made) == 150
    assert made == bodies()


def test_every_body_of_the_bench_but_the_picture_has_words() -> None:
    empty = [name for name, html in bodies().items() if not truth(html).visible]
    assert empty == ["odd one-picture"]


def test_a_word_keeps_its_inner_punctuation() -> None:
    told = words("(1.500,00) don't, eva@kunde.example. https://kunde.example/a?b")
    assert told == ["1.500,00", "don't", "eva@kunde.example", "https", "kunde.example/a", "b"]
