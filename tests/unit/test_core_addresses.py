"""When two addresses are the same one, and what is found in what people paste."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import any_text
from webcrm_sync.core.addresses import (
    _PLAIN,
    LONGEST_ADDRESS,
    address_variants,
    display_address,
    find_addresses,
    find_domains,
    fold_address,
    is_legacy,
    strip_plus_tag,
)

#: Characters that programs and people put around or into an address.
AROUND = [
    "{}",
    "'{}'",
    '"{}"',
    "<{}>",
    "<<{}>>",
    " {} ",
    "({})",
    "[{}]",
    "mailto:{}",
    "MAILTO:{}",
    "mailto:{}?subject=Offer%20x",
    "SMTP:{}",
    "smtp:{}",
    "sip:{}",
    "E-mail: {}",
    "Eva <{}>",
    '"Kunde, Eva" <{}>',
    "Eva Kunde ({})",
    "Eva @ Work <{}>",
    "[{0}](mailto:{0})",
    '<a href="mailto:{0}">{0}</a>',
    "&lt;{}&gt;",
    "„{}“",
    "«{}»",
    "‘{}’",
    "{}.",
    "{};",
    "{},",
    "{}\r\n",
    "\ufeff{}",
    "\u200b{}\u200b",
    "\u00a0{}\u00a0",
    "\u202a{}\u202c",
    "\t{}",
    "{} (until May)",
    "Tel. 12345678, {}",
    "Eva|{}",
    "* {}",
    "*{}*",
    "-{}-",
    "• {}",
    "•{}",
    "→{}",
    "`{}`",
    "{}…",
    "“{}”",
    "{}%20",
    "✉{}",
    "📧{}",
    "✉\ufe0f {}",
    "🙋🏽{}",
    "☎12345678 ✉{}",
    "{}☎",
    "\u3164{}",
    "\ufe0f{}\u034f",
    "´{}´",
    "′{}′",
    "12345678/{}",
    "+45 12 34 56 78/{}",
    "(12)34-56/{}",
    "1/2/{}",
    "{}\0",
    "CC:{};",
]
ADDRESSES = [
    ("eva@kunde.example", "eva@kunde.example"),
    ("Eva.Hansen@KUNDE.Example", "eva.hansen@kunde.example"),
    ("o'brien@kunde.example", "o'brien@kunde.example"),
    ("r&d_2+x=y@mail-1.kunde.example", "r&d_2+x=y@mail-1.kunde.example"),
    ("eva@bücher.example", "eva@xn--bcher-kva.example"),
    ("jürgen@kunde.example", "jürgen@kunde.example"),
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("written", "right"), ADDRESSES)
def test_text_around_an_address_makes_no_difference(around: str, written: str, right: str) -> None:
    assert find_addresses(around.format(written)) == (right,)
    assert fold_address(around.format(written)) == right


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eva@bücher.example", "eva@xn--bcher-kva.example"),
        ("eva@BÜCHER.example", "eva@XN--BCHER-KVA.EXAMPLE"),
        ("eva@bu\u0308cher.example", "eva@bücher.example"),
        ("eva@ÅRHUS.example", "eva@a\u030arhus.example"),
        ("eva@møller.example", "eva@xn--mller-vua.example"),
        ("eva@straße.example", "eva@xn--strae-oqa.example"),
        ("eva@STRAẞE.example", "eva@straße.example"),
        ("eva@пример.example", "eva@xn--e1afmkfd.example"),
        ("eva@例え.example", "eva@xn--r8jz45g.example"),
        ("eva@☃.example", "eva@xn--n3h.example"),
        ("eva@kunde。example", "eva@kunde.example"),
        ("eva@kunde．example", "eva@kunde.example"),
        ("ｅｖａ＠ｋｕｎｄｅ．example", "eva@kunde.example"),
        ("eva@kunde.example.", "eva@kunde.example"),
        ("eva@ex\u00adample.example", "eva@example.example"),
        ("e\u200bva@kunde\u2060.example", "eva@kunde.example"),
        ("ju\u0308rgen@kunde.example", "jürgen@kunde.example"),
        ("JÜRGEN@kunde.example", "jürgen@kunde.example"),
        ("ΓΙΩΡΓΟΣ@kunde.example", "γιωργος@kunde.example"),
        ("o’brien@kunde.example", "o'brien@kunde.example"),
        ("O´Brien@kunde.example", "o'brien@kunde.example"),
        ("d′angelo@kunde.example", "d'angelo@kunde.example"),
        ("oʼbrien@kunde.example", "o'brien@kunde.example"),
        ("eva\ufe0f@kunde.example", "eva@kunde.example"),
        ("eva@ku\u034fnde.example", "eva@kunde.example"),
        ("eva@βόλος.example", "eva@xn--nxasmm1c.example"),
        ("eva@ΒΌΛΟΣ.example", "eva@xn--nxasmm1c.example"),
        ("eva@نامه\u200cای.example", "eva@xn--mgba3gch31f060k.example"),
        ("mailto%3Aeva%40kunde.example", "eva@kunde.example"),
        ("Eva%20%3Ceva%40kunde.example%3E", "eva@kunde.example"),
        ('"eva"@kunde.example', "eva@kunde.example"),
        ("eva@ kunde.example", "eva@kunde.example"),
        ("eva @kunde.example", "eva@kunde.example"),
        ("eva\u00a0@\u00a0kunde.example", "eva@kunde.example"),
        ("eva@[192.0.2.1]", "eva@192.0.2.1"),
        ("eva@foo_bar.EXAMPLE", "eva@foo_bar.example"),
        ("'eva'@kunde.example", "eva@kunde.example"),
        ("mailto:eva%40kunde.example", "eva@kunde.example"),
        ("eva@l·l.example", "eva@xn--ll-0ea.example"),
        ("eva@テスト・例.example", "eva@xn--zckzah8ry26l.example"),
    ],
)
def test_one_address_in_two_spellings_is_equal(one: str, other: str) -> None:
    assert fold_address(one) == fold_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eva@straße.example", "eva@strasse.example"),
        ("weiß@kunde.example", "weiss@kunde.example"),
        ("eva@bücher.example", "eva@buecher.example"),
        ("eva@bücher.example", "eva@bucher.example"),
        ("eva@møller.example", "eva@moller.example"),
        ("eva@kunde.example", "eva@kunde.example.org"),
        ("eva@mail.kunde.example", "eva@kunde.example"),
        ("eva.hansen@kunde.example", "evahansen@kunde.example"),
        ("eva+news@kunde.example", "eva@kunde.example"),
        ("eva-news@kunde.example", "eva@kunde.example"),
        ('"eva kunde"@kunde.example', "kunde@kunde.example"),
        ('"eva@kunde.example"@other.example', "eva@kunde.example"),
        ("eva@i❤.example", "eva@i.example"),
        ("12@kunde.example", "kunde@12.example"),
        ("a/b@kunde.example", "b@kunde.example"),
        ("c=dk/s=1/b@kunde.example", "b@kunde.example"),
        ("eva@xn--ls8h.example", "eva@xn--nxasmq6b.example"),
        ("eva@kunde.еxample", "eva@kunde.example"),  # its first letter is Cyrillic
    ],
)
def test_different_addresses_stay_different(one: str, other: str) -> None:
    assert fold_address(one) != fold_address(other)


@pytest.mark.parametrize(
    "between",
    ["/", " / ", ";", "; ", ",", ", ", "\n", "\r\n", " or ", " eller ", " oder ", " og ", " ",
     "\t", "|", " & ", "<br>", "\u00a0", " - ", "、", "；", "\u2028", "–", " — ", "•", "+", "\\"],
)  # fmt: skip
def test_two_addresses_in_one_field_are_both_found(between: str) -> None:
    text = between.join(["Eva@kunde.example", "bo@x.example", "eva@KUNDE.example"])
    assert find_addresses(text) == ("eva@kunde.example", "bo@x.example")


@pytest.mark.parametrize(
    "text",
    ["", " ", "n/a", "-", "eva", "eva@", "@kunde.example", "@", "eva(at)kunde.example", "@@",
     "eva[at]kunde.example", "eva.kunde.example", "https://kunde.example", "Eva @ Work", "<>",
     "+45 12 34 56 78", "mailto:", "/o=x/cn=eva", "eva@.", f"{'a' * 320}@kunde.example"],
)  # fmt: skip
def test_a_text_without_an_address_gives_none(text: str) -> None:
    assert find_addresses(text) == ()


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("/O=ExchangeLabs/OU=x/cn=Recipients/cn=EVA", "/o=exchangelabs/ou=x/cn=recipients/cn=eva"),
        ("X500:/o=ExchangeLabs/cn=EVA", "/o=exchangelabs/cn=eva"),
        (" 'x500:/o=x/cn=eva' ", "/o=x/cn=eva"),
        ("EX:/o=x/cn=eva", "/o=x/cn=eva"),
        ("</o=x/cn=eva>", "/o=x/cn=eva"),
    ],
)
def test_a_legacy_exchange_address_is_recognised_in_every_spelling(text: str, right: str) -> None:
    assert is_legacy(text)
    assert fold_address(text) == right


@pytest.mark.parametrize(
    "text", ["MAILER-DAEMON", '"eva" kunde', "", "x500:", "eva@x", "/o=a@x", "/o=a@"]
)
def test_other_texts_are_no_legacy_exchange_address(text: str) -> None:
    assert not is_legacy(text)


@pytest.mark.parametrize(
    ("address", "right"),
    [
        ("eva+news@x.example", "eva@x.example"),
        ("eva+a+b@x.example", "eva@x.example"),
        ("eva+@x.example", "eva@x.example"),
        ("eva.h+1=2@x.example", "eva.h@x.example"),
        ("eva@x.example", None),
        ("+4512345678@fax.example", None),
        ("eva-news@x.example", None),
        ('"eva + bo"@x.example', None),
        ("/o=x+y/cn=eva", None),
        ("eva@x+y.example", None),
        ('"odd@name"+b@x.example', '"odd@name"@x.example'),
        ("eva+b", None),
        ("@", None),
        ("", None),
    ],
)
def test_the_plus_tag_is_removed(address: str, right: str | None) -> None:
    assert strip_plus_tag(address) == right
    assert address_variants(address) == ((address, right) if right else (address,))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("kunde.example", ("kunde.example",)),
        ("WWW.Kunde.example", ("kunde.example",)),
        ("https://www.kunde.example/om?x=a@b.example#c", ("kunde.example",)),
        ("http:/kunde.example", ("kunde.example",)),
        ("http//kunde.example", ("kunde.example",)),
        ("//kunde.example/x", ("kunde.example",)),
        ("https:\\\\www.kunde.example", ("kunde.example",)),
        ("htttp://kunde.example", ("kunde.example",)),
        ("http://http://kunde.example", ("kunde.example",)),
        ("Web:kunde.example", ("kunde.example",)),
        ("E-mail:info@kunde.example", ("kunde.example",)),
        ("-www.kunde.example", ("kunde.example",)),
        ("localhost:8080", ()),
        ("https://1kunde.example", ("1kunde.example",)),
        ("mailto:1@kunde.example", ("kunde.example",)),
        ("🌐kunde.example", ("kunde.example",)),
        ("🌐 www.kunde.example", ("kunde.example",)),
        ("☃.example", ("xn--n3h.example",)),
        ("http://user:word@kunde.example:8080/", ("kunde.example",)),
        ("kunde.example:80", ("kunde.example",)),
        ("@kunde.example", ("kunde.example",)),
        ("*.kunde.example", ("kunde.example",)),
        ("info@kunde.example", ("kunde.example",)),
        ("mailto:info@kunde.example", ("kunde.example",)),
        ("kunde.example / kunde.test", ("kunde.example", "kunde.test")),
        ("kunde.example;kunde.test,kunde.example", ("kunde.example", "kunde.test")),
        ("kunde.example\nkunde.test", ("kunde.example", "kunde.test")),
        ("'kunde.example'", ("kunde.example",)),
        ("[kunde.example]", ("kunde.example",)),
        ("kunde\u200b.example", ("kunde.example",)),
        ("https://Bücher.example", ("xn--bcher-kva.example",)),
        ("kunde.example.", ("kunde.example",)),
        ("mail.kunde.example", ("mail.kunde.example",)),
        ("Kunde A/S", ()),
        ("n/a", ()),
        ("kunde", ()),
        ("https://", ()),
        ("kunde..example", ()),
        ("", ()),
    ],
)
def test_the_domains_of_an_organisation_are_found_in_what_people_paste(
    text: str, right: tuple[str, ...]
) -> None:
    assert find_domains(text) == right


def test_a_folded_address_is_shown_as_people_write_it() -> None:
    assert display_address(fold_address("Eva@Straße.example")) == "eva@straße.example"
    assert display_address("eva@xn--n3h.example") == "eva@xn--n3h.example"  # no word of a language
    assert display_address("/o=x/cn=xn--eva") == "/o=x/cn=xn--eva"


#: Letters whose two forms are one character each.
_cased = st.characters(categories=["Lu", "Ll", "Nd"]).filter(
    lambda c: len(c.upper()) == len(c.lower()) == 1 and c.upper().lower() == c.lower()
)
_local = st.text(_cased, min_size=1, max_size=8)
_domain = st.text(st.sampled_from("abcæøåüößéñ1"), min_size=1, max_size=8).map(
    lambda label: f"{label}.example"
)


@given(any_text)
def test_folding_is_idempotent(text: str) -> None:
    assert fold_address(fold_address(text)) == fold_address(text)
    for address in find_addresses(text):
        assert find_addresses(address) == (address,)
        assert len(address.encode(errors="replace")) <= LONGEST_ADDRESS


@given(st.from_regex(_PLAIN, fullmatch=True))
def test_a_plain_address_is_already_folded(address: str) -> None:
    if len(address) <= LONGEST_ADDRESS:
        assert find_addresses(address) == (address,)
    assert fold_address(address) == address


@given(st.text(st.sampled_from("ab@.+<>\"'/,; \u200büß"), max_size=20))
def test_folding_is_idempotent_for_characters_that_matter(text: str) -> None:
    assert fold_address(fold_address(text)) == fold_address(text)


@given(any_text)
def test_the_domain_of_a_domain_is_itself(text: str) -> None:
    for domain in find_domains(text):
        assert find_domains(domain) == (domain,)


@given(_local, _domain)
def test_case_makes_no_difference(local: str, domain: str) -> None:
    right = fold_address(f"{local}@{domain}")
    assert fold_address(f"{local.upper()}@{domain}") == right
    assert fold_address(f"{local.lower()}@{domain}") == right
    assert fold_address(f"{local}@{domain.replace('ß', 'ẞ').title()}") == right


@pytest.mark.parametrize(
    "label", ["xn--", "xn--\ud800", "xn--99999999", f"xn--{'a' * 99}", "xn--a-"]
)
def test_a_label_that_only_looks_encoded_stays_as_it_is(label: str) -> None:
    assert fold_address(f"eva@{label}.example").startswith("eva@xn--")
    assert fold_address(fold_address(f"eva@{label}.example")) == fold_address(
        f"eva@{label}.example"
    )


@pytest.mark.timed
@pytest.mark.parametrize(
    "piece",
    [
        "☃",
        "xn--a",
        "a@xn--",
        "1/",
        "✉a@☃.",
        "a",
        '"',
        " ",
        "a@",
        "@",
        '" ',
        "ü",
        "a@x.",
        "\u200b",
        "é@ü.",
    ],
)
def test_a_long_field_is_read_in_a_time_that_grows_with_its_length(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    begun = time.process_time()
    find_addresses(text)
    find_domains(text)
    assert time.process_time() - begun < 2
