"""The targets of links: behind every gateway, and only where the words do not show them."""

from __future__ import annotations

import base64

import pytest

from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.core.mail_text.links import escape_url, target_to_show, unwrap_url

PLAN = "https%3A%2F%2Fx.example%2Fa"


def sophos(target: bytes) -> str:
    encoded = base64.urlsafe_b64encode(target).decode().rstrip("=")
    return f"https://eu.protection.sophos.com/?d=x.example&u={encoded}"


@pytest.mark.parametrize(
    ("wrapped", "target"),
    [
        (f"https://a.safelinks.protection.office365.us/?url={PLAN}", "https://x.example/a"),
        (f"https://statics.teams.cdn.office.net/x/index.html?url={PLAN}", "https://x.example/a"),
        (f"https://urldefense.us/v1/url?u={PLAN}", "https://x.example/a"),
        (f"https://imsva.protect.trendmicro.com/wis?url={PLAN}&id=1", "https://x.example/a"),
        (f"https://www.google.com/url?sa=t&url={PLAN}", "https://x.example/a"),
        (
            "https://a.safelinks.protection.outlook.com/?url=mailto%3Aeva%40x.example",
            "mailto:eva@x.example",
        ),
        ("https://linkprotect.cudasvc.com/url?a=http%3A%2F%2Fx.example", "http://x.example"),
        (
            "https://urldefense.proofpoint.com/v1/url?u=https://x.example/a-b_c",
            "https://x.example/a-b_c",
        ),
        ("https://urldefense.com/v3/__https://x.example/**A-*__;w6bDuCM!!a", "https://x.example/æø-#"),
        ("https://urldefense.com/v3/__https://x.example/**F__;IyMjIyMjIw!!a", "https://x.example/#######"),
        ("https://urldefense.com/v3/__https://x.example/*a*__;Iz8!!a", "https://x.example/#a?"),
        ("https://urldefense.com/v3/__https://x.example/*__;_w!!a", "https://x.example/\ufffd"),
        ("https://urldefense.com/v3/__https://x.example/a*__;!!a", "https://x.example/a"),
        ("https://urldefense.com/v3/__https:/x.example__;!!a", "https://x.example"),
        (sophos(b"https://x.example/abcd"), "https://x.example/abcd"),
        (sophos(b"https://x.example/\xff"), "https://x.example/\ufffd"),
        # one gateway behind the other
        (
            "https://linkprotect.cudasvc.com/url?a=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3D"
            "https%253A%252F%252Fx.example",
            "https://x.example",
        ),
    ],
)  # fmt: skip
def test_every_gateway_is_unwrapped(wrapped: str, target: str) -> None:
    assert unwrap_url(wrapped) == target


@pytest.mark.parametrize(
    "address",
    [
        f"https://evilurldefense.com/v1/url?u={PLAN}",
        "https://urldefense.com/v3/__https://x.example",  # its end is missing
        "https://urldefense.com/v1/url?k=1",
        "https://eu.protection.sophos.com/?d=x.example",
        "https://secure-web.cisco.com/1abc/ftp%3A%2F%2Fx.example",
        f"https://linkprotect.cudasvc.com/url?a={PLAN}{'a' * 20_000}",
        "mailto:eva@x.example",
        "https://x.example/?next=https://eur01.safelinks.protection.outlook.com/?url=y",
        "https://[eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example",
    ],
)
def test_other_links_stay(address: str) -> None:
    assert unwrap_url(address) == address


def test_a_link_of_a_search_stays_in_plain_text() -> None:
    text = f"See https://www.google.com/url?q={PLAN} now"
    assert read_body(text, is_html=False).text == text


@pytest.mark.parametrize(
    ("address", "escaped"),
    [
        ("ftp:\\\\x.example\\A", "ftp://x.example/A"),
        ("HTTP:\\\\x.example\\X?a\\b", "HTTP://x.example/X?a\\b"),
        ("sip:a\\b", "sip:a\\b"),
        ("https://x.example/\ud800", "https://x.example/%3F"),
    ],
    ids=ascii,
)
def test_a_url_is_written_as_browsers_send_it(address: str, escaped: str) -> None:
    assert escape_url(address) == escaped


@pytest.mark.parametrize(
    "href",
    [
        *("http://x.example", "https://x.example", "ftp://x.example", "ftps://x.example"),
        *("tel:+4512345678", "mailto:eva@x.example", "sms:112", "sip:eva@x.example"),
        *("www.x.example", "WWW.x.example/a?b", "https://x.example/" + "a" * 1_982),
    ],
    ids=lambda href: href[:20],
)
def test_a_target_is_shown_beside_other_words(href: str) -> None:
    assert target_to_show(href, "our page") == href


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("https://www.x.example/", "x.example"),
        ("http://x.example", "X.example/"),
        ("https://x.example", "http://www.x.example"),
        ("https://x.example/a%20b", "https://x.example/a\nb"),
        ("mailto:eva@x.example?subject=Hi", "Eva (eva@x.example)"),
        ("mailto:Eva%40x.example", "eva@x.example"),
        ("tel:+4512345678", "+45 12 34 56 78"),
        ("tel:112", "call 112 now"),
        ("sms:112", "text 112"),
        ("https://x.example/" + "a" * 1_983, "too long to read"),
        ("mailto:?subject=Hi", "share"),
        ("webcal://x.example", "calendar"),
        ("www.x", "no host"),
        ("https://[x", "broken"),
    ],
)
def test_a_target_is_not_shown_twice_or_without_use(href: str, words: str) -> None:
    assert target_to_show(href, words) == ""


def test_only_a_number_or_an_address_may_be_within_the_words() -> None:
    assert target_to_show("https://x.example", "see x.example") == "https://x.example"
    assert target_to_show("sip:112", "call 112") == "sip:112"
