"""webCRM gets the text that a person reads in a mail: HTML in the forms of mail programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.mail_text.body_text import LONGEST_TEXT, read_body
from webcrm_sync.core.mail_text.numbering import format_marker


def to_text(html: str) -> str:
    return read_body(html, is_html=True).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<html><body><p>Notice</p></body></html><html><body><p>Dear Ann", "Notice\n\nDear Ann"),
        ("<html><body><p>Dear</p></body></html>\n<br>Behind", "Dear\n\n\nBehind"),
        ("<html><body>a</body></html><!-- c --><p>b</p></html></body><p>c</p>", "a\n\nb\n\nc"),
        ("<body>a</body><body><div>b</div></body>", "a\nb"),
        ("<html><body>a</body></html><html><body>b</body></html>c", "a\nb\nc"),
        ("<html>a</html>\n<html>b</html>", "a\nb"),
        ("<object data=x><p>a</p></object>", "a"),
        ("<video><a href='#'>a</a></video><audio>b</audio><canvas>c</canvas>", "abc"),
        ("<head><title>t</title></head><body>a</body><head><title>t</title></head>b", "a\nb"),
        ("<main><p>a</p></main>", "a"),
        ("<header>a</header><article>b</article>", "a\nb"),
        ("<x-mail><div>a</div></x-mail>", "a"),
        ("<o:p></o:p><p>a</p>", "a"),
        ("<st1:City>Kiel</st1:City> calls", "Kiel calls"),
        ("<center>a</center>", "a"),
        ("<picture><img alt='a'></picture>", "a"),
        ("<?xml version='1.0'?><!DOCTYPE html><nav>a</nav>", "a"),
        ("\ufeff<section>a</section>", "a"),
    ],
)
def test_no_word_around_a_document_is_lost(html: str, text: str) -> None:
    assert to_text(html).split() == text.split()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>f<b>ü</b>r</p>", "für"),
        ("<p><i>1</i>.<u>500</u>,00</p>", "1.500,00"),
        ("<p>in<wbr>ter&shy;net</p>", "internet"),
        ("<p>un<!-- x -->do</p>", "undo"),
        ("<p>a <b> b </b> c</p>", "a b c"),
        ("<p>a<b> </b>b</p>", "a b"),
        ("<p><span>Dear</span> <span>Ann</span></p>", "Dear Ann"),
        ("<p>(<a href='#'>see</a>)</p>", "(see)"),
        ("<font>L</font><font>ondon</font>", "London"),
        ("<p>\n  Dear\n  <b>Ann</b>,\n</p>", "Dear Ann,"),
        ("<p>re<o:p></o:p>turn</p>", "return"),
        ("<p>a<span>&nbsp;</span>b</p>", "a b"),
        ("<p>H<sub>2</sub>O</p>", "H2O"),
    ],
)
def test_words_stay_whole_whatever_is_marked_in_them(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<article>Order 12</article><article>34 pieces</article>", "Order 12\n34 pieces"),
        ("<span style='display:block'>Price</span>500", "Price\n500"),
        ("<a href='#' style='display:block'>three</a>four", "three\nfour"),
        ("<label>Name</label><input value='Eva'><label>Town</label>", "Name Eva Town"),
        ("<dl><dt>Price</dt><dd>500</dd></dl>", "Price\n500"),
        ("<select><option>red</option><option>blue</option></select>", "red\nblue"),
        ("<fieldset><legend>Who</legend>Eva</fieldset>", "Who\nEva"),
        ("<details><summary>More</summary>text</details>", "More\ntext"),
        ("<figure><img alt='A crane'><figcaption>ours</figcaption></figure>", "A crane\nours"),
        ("<address>Kiel</address><address>Odense</address>", "Kiel\nOdense"),
        ("<button>Accept</button><button>Decline</button>", "Accept Decline"),
        ("<img alt='Havnebyg A/S'>Dear", "Havnebyg A/S Dear"),
        ("<h1>Order</h1>12", "Order\n\n12"),
        ("<div style='display:inline-block'>Jan</div><b>Feb</b>", "Jan\nFeb"),
        ("<a style='display:inline-block'>Yes</a><a style='display:inline-block'>No</a>", "Yes No"),
        ("<p>Total<span style='float:right'>500</span>EUR</p>", "Total 500 EUR"),
        ("<p><span style='float:left'>D</span>ear Ann</p>", "Dear Ann"),
    ],
)
def test_words_separate_on_the_screen_are_separate_in_the_text(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<table><tr><th>Pos</th><th>Text</th></tr><tr><td>1<td>Roof</table>",
            "Pos  Text\n1  Roof",
        ),
        (
            "<table><tr><td><p class=MsoNormal>1<o:p></o:p></p></td><td><p>Roof</p></td></table>",
            "1  Roof",
        ),
        ("<table><tr><td>a<br>b</td><td>c</td></tr><tr><td>d<td>e</table>", "a\nb\nc\nd  e"),
        ("<table><tr><td>a<br>b</td><td>c</td><td>d</td></tr></table>", "a\nb\nc\nd"),
        ("<table><tr><td></td><td>b</td></tr></table>", "b"),
        ("<table><tr><td>a</td><td></td><td>c</td></tr></table>", "a  c"),
        ("<table><caption>Prices</caption><tr><td>a</table>", "Prices\na"),
        ("<table><tr><td><table><tr><td>a<td>b</table></td><td>c</table>", "a  b  c"),
        ("<table><tr><td><div>a</div><div>b</div></td></tr></table>", "a\nb"),
        ("<table><thead><tr><td>h</thead><tbody><tr><td>b</tbody></table>", "h\nb"),
        ("<table><tr><td width=900>" + "w " * 50 + "<td>x</table>", "w " * 49 + "w  x"),
    ],
)
def test_rows_of_a_table_are_lines_without_padding(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ol start=5><li>a</li><li>b</li></ol>", "5. a\n6. b"),
        ("<ol type=I start=4><li>a<li>b</ol>", "IV. a\nV. b"),
        ("<ol reversed><li>a</li><li>b</li><li>c</li></ol>", "3. a\n2. b\n1. c"),
        ("<ol reversed start=9><li>a<li>b</ol>", "9. a\n8. b"),
        (
            "<ol><li>a<ol type=a><li>x<li>y</ol><li value=7>b<li>c</ol>",
            "1. a\n  a. x\n  b. y\n7. b\n8. c",
        ),
        ("<ol style='list-style-type:upper-alpha'><li>a</ol>", "A. a"),
        ("<ol start=-1><li>a<li>b<li>c</ol>", "-1. a\n0. b\n1. c"),
        ("<ol start=999999999999><li>a</ol>", "1. a"),
        ("<ol type=i start=3999><li>a<li>b</ol>", "mmmcmxcix. a\n4000. b"),
        ("<ul><li><p>one</p></li><li><div>two</div></li><li></li></ul>", "* one\n\n* two"),
        ("<ul style='list-style:none'><li>x</li></ul>", "x"),
        ("<ul><li>a<ul><li>b</ul></ul>", "* a\n  * b"),
        ("<ul><li><b>a</b> and <i>b</i></ul>", "* a and b"),
        (
            "<p class=MsoListParagraph><![if !supportLists]><span style='mso-list:Ignore'>·<span>"
            "&nbsp;&nbsp; </span></span><![endif]>Roof</p>",
            "* Roof",
        ),
        ("<p><span style='mso-list:Ignore'>2.<span>&nbsp; </span></span>Walls</p>", "2. Walls"),
    ],
)
def test_lists_are_numbered_as_their_author_sees_them(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>6</sup>", "10^6"),
        ("10<sup>-3</sup>", "10^-3"),
        ("m<sup>2</sup> and m<sup>3</sup>", "m^2 and m^3"),
        ("10<sup><span lang=DA>6</span></sup>", "10^6"),
        ("10<sup style='color:red'><b><i>6</i></b></sup>", "10^6"),
        ("10<span style='vertical-align:super'>6</span>", "10^6"),
        ("m<span style='font-size:0.6em;vertical-align: super'>2</span>", "m^2"),
        ("note<span style='vertical-align:super'>the first</span>", "notethe first"),
        ("10<sup></sup>6", "106"),
        ("10<sup><img src=x></sup>6", "106"),
        ("x<sup>n</sup>", "x^n"),
        ("the 1<sup>st</sup> of May", "the 1st of May"),
        ("Havnebyg<sup>TM</sup>", "HavnebygTM"),
        ("<s>100</s> 80", "~~100~~ 80"),
        ("<del>100</del><ins>80</ins>", "~~100~~80"),
        ("<span style='text-decoration: line-through'>100</span>", "~~100~~"),
        ("<strike><s>a</s></strike>", "~~a~~"),
        ("<s></s>a<s> </s>b", "a b"),
        ("<q>yes</q>", "“yes”"),
        ("<q><q></q>yes</q>", "“yes”"),
        ("<input type=checkbox checked> yes <input type=checkbox> no", "[x] yes [ ] no"),
        ("<span style='font-family:Wingdings'>JKLüûàßè</span>", "☺😐☹✓✗→←➔"),
    ],
)
def test_marked_words_keep_their_meaning(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<img alt='😀' src=x>", "😀"),
        ("Fine<img alt='👍🏽' src=x>!", "Fine👍🏽!"),
        (
            "<a href='https://x.example/o'><img alt='See the offer'></a>",
            "[See the offer](https://x.example/o)",
        ),
        ("<a href='https://x.example/o'><img src=a></a>b", "b"),
        ("<a href='https://x.example/o'> </a>b", "b"),
        ("<a href='https://x.example/o'>&zwnj;&nbsp;</a>b", "b"),
        ("<img alt='a' width=1 height=1>b", "b"),
        ("<img alt='image001.png'>b", "b"),
        ("<input type=image alt='Send'>", "Send"),
        (
            "<a href='https://x.example'><div>Block</div><div>two</div></a>",
            "[Block\ntwo](https://x.example)",
        ),
        ("<a href=' https://x.example/q\n'>plan</a>", "[plan](https://x.example/q)"),
        ("<a href='https://x.example/a b'>plan</a>", "[plan](https://x.example/a%20b)"),
        ("<a href='www.x.example/plan'>plan</a>", "[plan](www.x.example/plan)"),
        ("<a href='mailto:eva@x.example?subject=Hi'>Eva</a>", "[Eva](mailto:eva@x.example)"),
        ("<a href='MAILTO:eva%40x.example'>Eva</a>", "[Eva](mailto:eva@x.example)"),
        ("<a href='mailto:?subject=Hi'>share</a>", "share"),
        ("<a href='tel:+4511223344'>+45 11 22 33 44</a>", "+45 11 22 33 44"),
        ("<a href='tel:+45-11223344'>Tlf. (+45) 11 22 33 44</a>", "Tlf. (+45) 11 22 33 44"),
        ("<a href='tel:+4511223344'>11 22 33 44</a>", "[11 22 33 44](tel:+4511223344)"),
        ("<a href='tel:+4511223344'>Call us</a>", "[Call us](tel:+4511223344)"),
        ("<a href='mailto:eva@x.example'>Eva &lt;eva@x.example&gt;</a>", "Eva <eva@x.example>"),
        ("<a href='#top'>top</a> <a href='/a'>a</a> <a href='file:///c:/x'>b</a>", "top a b"),
    ],
)
def test_pictures_and_links_keep_their_texts(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        "<div style='display:none !important'>x</div>",
        "<div style='DISPLAY : NONE'>x</div>",
        "<div hidden>x</div>",
        "<div hidden='until-found'>x</div>",
        "<div style='max-height:0;overflow:hidden'>x</div>",
        "<div style='font-size:0px'>x</div>",
        "<div style='font-size:0;mso-hide:all'>x<b>y</b></div>",
        "<span style='visibility:hidden'>x</span>",
        "<p style='opacity:0'>x</p>",
        "<div style='height:0;width:0;overflow:hidden'>x</div>",
        "<style>.pre{display:none}</style><div class='big pre'>x</div>",
        "<style>@media print{.a{color:red}} td.b, #c{visibility:hidden}</style><p id=c>x</p>",
        "<style>/* .c{} */ span.d{display:none!important}</style><span class=D>x</span>",
        "<svg><title>x</title><desc>y</desc></svg>",
        "<style>.pre{max-height:0;overflow:hidden}</style><div class=pre>x</div>",
        "<style>#pre{opacity:0}</style><div id=pre>x</div>",
        "<xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch>"
        "</o:OfficeDocumentSettings></xml>",
        "<xml><w:WordDocument><w:View>Normal</w:View><w:Zoom>0</w:Zoom></w:WordDocument></xml>",
        "<div>&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8199;&#65279;&shy;</div>",
        "<template>x</template><noembed>y</noembed><iframe>z</iframe>",
    ],
)
def test_hidden_text_is_left_out(hidden: str) -> None:
    assert to_text(f"{hidden}<p>Dear Ann</p>") == "Dear Ann"


@pytest.mark.parametrize(
    "shown",
    [
        "<div style='mso-hide:all'>word</div>",
        "<div style='font-size:0'><b style='font-size:14px'>word</b></div>",
        "<div style='height:0'>word</div>",
        "<div style='display:block'>word</div>",
        "<div style='max-height:none;overflow:hidden'>word</div>",
        "<div style='opacity:0.5'>word</div>",
        "<div style='font-size:0.9em'>word</div>",
        "<style>@media (max-width:480px){.wide{display:none}}</style><p class=wide>word</p>",
        "<style>.a{display:none} .a{display:block}</style><p class=a>word</p>",
        "<style>.a{height:0} .b{overflow:hidden}</style><p class='a b'>word</p>",
        "<style>.a{display:none}</style><p class=a style='display:block'>word</p>",
        "<style>.a .b{display:none} .b:hover{display:none}</style><p class=b>word</p>",
        "<noscript>word</noscript>",
        "<!--[if !mso]><!--><p>word</p><!--<![endif]-->",
    ],
)
def test_visible_text_stays(shown: str) -> None:
    assert to_text(shown) == "word"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear\u200b Ann\ufeff</p>", "Dear Ann"),
        ("<p>می\u200cخواهم</p>", "می\u200cخواهم"),
        ("<p>क्\u200dष</p>", "क्\u200dष"),
        (
            "<p>👩\u200d👩\u200d👧 👩🏽\u200d🚒 ❤️\u200d🔥</p>",
            "👩\u200d👩\u200d👧 👩🏽\u200d🚒 ❤️\u200d🔥",
        ),
        ("<p>a\u200cb a\u200db</p>", "ab ab"),
        ("<p>a\u200eb\u200f</p>", "ab"),
        ("<p>שלום\u200f (1)</p>", "שלום\u200f (1)"),
        ("<p>Price:\u20071\u202f500</p>", "Price: 1 500"),
        ("<p>co\u00adop\u2060er\u180eate</p>", "cooperate"),
        ("<p>1&nbsp;500,00&nbsp;€</p>", "1 500,00 €"),
        ("<p>e\u0301</p>", "e\u0301"),
    ],
)
def test_invisible_fillers_are_removed_and_letters_stay(html: str, text: str) -> None:
    assert to_text(html) == text
    assert read_body(text, is_html=False).text == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Order\x0b1234 pieces", "Order\n1234 pieces"),
        ("Order\x0c1234 pieces", "Order\n1234 pieces"),
        ("don\x92t", "don\u2019t"),
        ("\x93Offer\x94 \x96 500 \x80", "\u201cOffer\u201d \u2013 500 \u20ac"),
        ("more\x85 later", "more\u2026 later"),
        ("a\x81b\x1fc\x00d\x7fe", "abcde"),
    ],
    ids=ascii,
)
def test_control_characters_have_the_meaning_programs_give_them(written: str, text: str) -> None:
    assert read_body(written, is_html=False).text == text
    assert to_text(f"<pre>{written}</pre>") == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n\n> > b\n\nc"),
        ("<blockquote type=cite><p>a</p><p>b</p></blockquote>", "> a\n\n> b"),
        ("<blockquote style='margin:0 0 0 40px;border:none;padding:0'>a</blockquote>", "a"),
        ("<div style='border:none;border-left:solid blue 1.5pt;padding:0 0 0 4pt'>a</div>", "> a"),
        ("<div class=EmailQuote>a</div>", "> a"),
        ("<blockquote><ul><li>a<li>b</ul></blockquote>", "> * a\n> * b"),
        ("<blockquote>a<br>b</blockquote>", "> a\n> b"),
        ("<blockquote><table><tr><td>a<td>b</table></blockquote>", "> a  b"),
        ("<blockquote></blockquote>a", "a"),
        ("<ul><li>a<blockquote>b</blockquote></ul>", "* a\n\n> b"),
    ],
)
def test_quotes_are_marked(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div><div><div><div>deep</div></div></div></div>", "deep"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<p style='white-space:pre-wrap'>x  y\nz</p>", "x  y\nz"),
        ("<textarea>typed\ntext</textarea>", "typed\ntext"),
        ("<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb"),
        ("<p class=MsoNormal>a</p><p><o:p>&nbsp;</o:p></p><p class=MsoNormal>b</p>", "a\n\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<div>a<br></div><div>b</div>", "a\nb"),
        ("<p style='margin:0'>a</p><p style='margin:0'>b</p>", "a\nb"),
        ("<p>a</p><hr><p>b</p>", "a\n\nb"),
    ],
)
def test_line_breaks_are_those_of_the_author(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_text_is_cut_at_its_limit() -> None:
    text = to_text("<blockquote>" * 50 + "<p>word</p>" * 200_000)
    assert LONGEST_TEXT * 0.9 < len(text) <= LONGEST_TEXT
    assert text.endswith("…")


@given(st.integers(1, 3999))
def test_roman_numerals_are_parsed_back(number: int) -> None:
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
    digits = [values[letter] for letter in format_marker(number, "i")[:-1]]
    signed = (-d if d < max(digits[n:]) else d for n, d in enumerate(digits))
    assert sum(signed) == number


@given(st.integers(1, 10**9))
def test_alphabetic_numbers_are_parsed_back(number: int) -> None:
    read = 0
    for letter in format_marker(number, "a")[:-1]:
        read = read * 26 + ord(letter) - ord("a") + 1
    assert read == number


@pytest.mark.parametrize("kind", ["a", "A", "i", "I", "", "1", "other"])
def test_numbers_that_have_no_letters_are_decimal(kind: str) -> None:
    assert [format_marker(number, kind) for number in (-1, 0)] == ["-1.", "0."]


WORDS = st.text("abcæøå 1.,", min_size=1, max_size=12)
INLINE = st.sampled_from(["b", "i", "span", "font", "u", "em", "o:p", "x-y"])


@given(st.lists(st.tuples(INLINE, WORDS), max_size=12))
def test_inline_elements_never_change_a_text(pieces: list[tuple[str, str]]) -> None:
    plain = "".join(words for _, words in pieces)
    marked = "".join(f"<{tag}>{words}</{tag}>" for tag, words in pieces)
    assert to_text(marked) == " ".join(plain.split())
