"""Differences between copies of one mail, and differences that make two mails."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.word_digest import WordDigest

BODY = (
    "<html><body><p>Dear Kim,</p><p>thank you for the <b>offer 4711</b> of 12 May. We take 20"
    " pieces at 1.500,00 EUR each, delivered to Odense before the end of June.</p>"
    '<p>See <a href="https://havnebyg.example/offer?id=9">our page</a>.</p><p>Bo Holm</p>'
    "</body></html>"
)
TEXT = (
    "Dear Kim,\r\n\r\nthank you for the offer 4711 of 12 May. We take 20\r\npieces at 1.500,00"
    " EUR each, delivered to Odense before the end of June.\r\n\r\nSee our"
    " page<https://havnebyg.example/offer?id=9>.\r\n\r\nBo Holm\r\n"
)
NOTICE = (
    "<div style='background:#ff0'>CAUTION: This e-mail came from outside of the organisation. Do"
    " not click links or open attachments unless you know the sender.</div>"
)
SAFE = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fhavnebyg.example"


def html(body: str) -> WordDigest:
    return WordDigest.of(body, is_html=True)


def text(body: str) -> WordDigest:
    return WordDigest.of(body, is_html=False)


def agree(one: WordDigest, other: WordDigest) -> bool:
    result = one.agrees_with(other)
    assert other.agrees_with(one) == result
    return result


def within(add: str) -> str:
    return BODY.replace("</body>", f"{add}</body>")


GATEWAYS: dict[str, str] = {
    "as it came": BODY,
    "a notice in front": BODY.replace("<body>", f"<body>{NOTICE}"),
    "a notice as a document of its own": f"<html><body>{NOTICE}</body></html>{BODY}",
    "a footer": within("<p>Nordwind A/S, Havnegade 5, 8000 Aarhus, CVR 12 34 56 78</p>"),
    "a short footer": within("<p>Confidential.</p>"),
    "a long footer": within(
        "<p>" + " ".join(f"legal{c}{d}" for c in "abcdefgh" for d in "ijklmnop")
    ),
    "a virus scanner's stamp": within("<p>Scanned by a filter at 12:33:10, version 4.2.1</p>"),
    "a notice and a footer": within("<p>Disclaimer: 7 rules apply</p>").replace(
        "<body>", f"<body>{NOTICE}"
    ),
    "links rewritten": BODY.replace("https://havnebyg.example/offer?id=9", SAFE),
    "a link shown by its address": BODY.replace("our page", f"our page {SAFE}"),
    "a picture for counting": within('<img src="https://t.example/1.gif" alt="9" width="1">'),
    "styles and comments": BODY.replace(
        "<body>", "<style>p {margin:0 12px}</style><!-- 17 --><script>x=5</script><body>"
    ),
    "conditional comments": BODY.replace("<body>", "<body><!--[if mso]><p>old 5</p><![endif]-->"),
    "wrapped otherwise": BODY.replace(" ", "\r\n  "),
    "entities": BODY.replace(" ", "&#32;").replace("Odense", "Od&#x65;nse"),
    "hard blanks": BODY.replace(" of 12", "&nbsp;of&nbsp;12"),
    "soft hyphens": BODY.replace("delivered", "deli&shy;vered"),
    "zero-width blanks": BODY.replace("delivered", "deli\u200bvered"),
    "tags within a word": BODY.replace("Odense", "<span>Od</span><span class=x>ense</span>"),
    "capitals": BODY.upper().replace("HTTPS", "https"),
    "text": TEXT,
}


@pytest.mark.parametrize("copy", GATEWAYS.values(), ids=GATEWAYS.keys())
def test_changes_in_transit_do_not_make_another_mail(copy: str) -> None:
    is_html = copy.startswith("<")
    assert agree(html(BODY), WordDigest.of(copy, is_html=is_html))
    assert agree(text(TEXT), WordDigest.of(copy, is_html=is_html))


ROBOTS: dict[str, str] = {
    "another order": BODY.replace("4711", "4712"),
    "another amount": BODY.replace("1.500,00", "1.600,00"),
    "another cent": BODY.replace("1.500,00", "1.500,01"),
    "another day": BODY.replace("12 May", "13 May"),
    "another month": BODY.replace("12 May", "12 June"),
    "two numbers in turn": BODY.replace("4711", "x").replace("20", "4711").replace("x", "20"),
    "a number twice": BODY.replace("12 May", "20 May"),
    "a number more": BODY.replace("1.500,00", "1.500,00 1.600,00"),
    "a number less": BODY.replace("4711", ""),
    "another name": BODY.replace("Bo Holm", "Bo Berg"),
    "another place": BODY.replace("Odense", "Aarhus"),
    "another word": BODY.replace("thank", "thanks"),
    "a yes for a no": BODY.replace("We take", "We refuse"),
    "another text": "<p>The second page of the contract, please sign it.</p>",
    "another language": "<p>Kære Kim, mange tak for tilbuddet.</p>",
}


@pytest.mark.parametrize("other", ROBOTS.values(), ids=ROBOTS.keys())
def test_replaced_words_make_another_mail(other: str) -> None:
    assert not agree(html(BODY), html(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Scan of 3 pages", "Scan of 5 pages"),
        ("Page 1 of 1", "Page 1 of 2"),
        ("12.05.2026/1 and/or A/S", "12.05.2026/2 and/or A/S"),
        ("Order 5, pieces 5", "Order 5, pieces 6"),
        ("Call from 201 to 202", "Call from 202 to 201"),
        ("Door open: kitchen", "Door open: cellar"),
        ("Ticket opened", "Ticket closed"),
        ("Meter 17", "Meter 17 18"),
        ("Årsrapport for Søby", "Årsrapport for Nyby"),
        ("発注番号は八です", "発注番号は九です"),
        ("Temperature 21.5", "Temperature 22.5"),
    ],
)
def test_short_automatic_mails_differ_by_one_word(one: str, other: str) -> None:
    assert not agree(text(one), text(other))


@pytest.mark.parametrize(
    ("as_html", "as_text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<table><tr><td>Price</td><td>500</td></tr></table>", "Price\t500"),
        ("F<b>e</b>te", "Fete"),
        ("<o:p>Word</o:p>s", "Words"),
        ("&lt;eva@nordwind.example&gt;", "<eva@nordwind.example>"),
        ("Fran&ccedil;ois &AMP; &Ouml;l", "François & ÖL"),
        ("STRA&szlig;E 5", "Straße 5"),
        ("<img src='cid:a@b' alt=Logo>Hello", "[cid:a@b]Hello".replace("]", "] ")),
        ("1.&nbsp;500&nbsp;kr.", "1. 500 kr."),
        ("<a href='https://x.example/1'>here</a> now", "here<https://x.example/1> now"),
        ("<title>No</title>Yes", "Yes"),
        ("at havnebyg.example/offer now", "at https://x.example/?u=havnebyg.example%2Foffer now"),
        ("at www.havnebyg.example now", "at <https://x.example/> now"),
        ("caf\u00e9 na\u00efve", "cafe\u0301 nai\u0308ve"),
        ("\u201cquoted\u201d \u2013 so\u2026", '"quoted" - so...'),
        ("", " \r\n "),
    ],
)
def test_html_and_text_have_the_same_words(as_html: str, as_text: str) -> None:
    assert html(as_html).content == text(as_text).content


def test_lists_are_numbered_in_text_only() -> None:
    listed = "<ol><li>apples<li>pears<li>plums</ol>"
    assert agree(html(listed), text("1. apples\n2. pears\n3. plums"))


def numbered(count: int, changed: int = -1) -> str:
    return " ".join(f"item{'x' if n == changed else n}" for n in range(count))


def lettered(count: int, changed: int = -1) -> str:
    names = ("".join("abcdefghij"[int(d)] for d in f"{n:04}") for n in range(count))
    return " ".join("changed" if n == changed else name for n, name in enumerate(names))


@pytest.mark.parametrize("changed", [0, 40, 70, 250, 499])
def test_one_number_among_hundreds_makes_another_mail(changed: int) -> None:
    assert not agree(text(numbered(500)), text(numbered(500, changed)))


@pytest.mark.parametrize("count", [64, 65, 500])
def test_a_notice_with_numbers_leaves_a_long_report_the_same(count: int) -> None:
    report = numbered(count)
    for copy in (f"Score 7 of 10 by filter. {report}", f"{report} Ref 5 by filter"):
        assert agree(text(report), text(copy))
    assert not agree(text(report), text("Score 7 of 10 by filter. " + numbered(count, 3)))


def test_a_long_mail_may_lose_a_word_in_a_hundred() -> None:
    whole = lettered(2000)
    assert agree(text(whole), text(lettered(2000, 5)))
    assert agree(text(whole), text(whole + " " + NOTICE))
    assert not agree(text(whole), text(whole.replace("a", "k", 1500)))


@given(st.text(), st.booleans())
def test_a_digest_is_read_as_it_was_stored(body: str, is_html: bool) -> None:
    digest = WordDigest.of(body, is_html=is_html)
    assert WordDigest.from_bytes(digest.to_bytes()) == digest
    assert agree(digest, digest)


@given(st.text(), st.text(st.characters(categories=["Ll", "Zs"])))
def test_added_words_never_make_another_mail(body: str, added: str) -> None:
    assert agree(text(body), text(f"{body} {added}"))


@pytest.mark.parametrize("stored", [None, b"", b"\2\0whatever another rule made"])
def test_a_digest_of_another_rule_is_not_compared(stored: bytes | None) -> None:
    assert WordDigest.from_bytes(stored) is None


def test_the_rule_never_changes_between_versions() -> None:
    """Stored digests and keys depend on it: if this test fails, the code is wrong."""
    digest = html("<p>Tak for 2 <b>&AElig;</b>bler</p>").to_bytes().hex()
    assert digest == (
        "010103000400000003000000512b6fa9010000000dbed51aa8fb3f0ab125baaff80975ef0dbed51a"
    )


HOSTILE: dict[str, Callable[[int], str]] = {
    "open tags": lambda n: "<" * n,
    "tags without an end": lambda n: "<a " * (n // 3),
    "comments without an end": lambda n: "<!--" * (n // 4),
    "styles without an end": lambda n: "<style " * (n // 7),
    "comments": lambda n: "<!---->" * (n // 7),
    "attributes": lambda n: "<x " + "y=1 " * (n // 4),
    "one word": lambda n: "a" * n,
    "one number": lambda n: "1" * n,
    "schemes": lambda n: "a://" * (n // 4),
    "entities": lambda n: "&#1" * (n // 3),
    "ampersands": lambda n: "&" * n,
    "blanks": lambda n: " " * n,
    "content ids": lambda n: "cid:" * (n // 4),
    "hosts": lambda n: "a." * (n // 2),
    "paths": lambda n: "a.bc/" * (n // 5),
    "ideographs": lambda n: "漢 " * (n // 2),
    "words": lambda n: " ".join(f"w{i:x}" for i in range(n // 6)),
}


@pytest.mark.timed
@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_large_body_is_digested_quickly(made: Callable[[int], str]) -> None:
    body = made(10_000_000)
    begun = time.process_time()
    digest = html(body)
    assert time.process_time() - begun < 1
    assert len(digest.to_bytes()) < 1400


def test_nested_hidden_parts_hold_no_words() -> None:
    words = "hello brave new world of mails"
    hidden = f"<style><!-- x --> <script>y</script></style>{words}"
    assert WordDigest.of(hidden, is_html=True) == WordDigest.of(words, is_html=True)
