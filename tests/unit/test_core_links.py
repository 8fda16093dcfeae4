"""Addresses of links: a gateway's wrapper is removed in linear time."""

from __future__ import annotations

from time import process_time

import pytest

from webcrm_sync.core.mail_text.body_text import read_body
from webcrm_sync.core.mail_text.links import target_to_show, unwrap_url

GATEWAYS = ["https://urldefense.com/v3/__", "https://secure-web.cisco.com/1", "https://x.example/"]


def to_text(html: str) -> str:
    return read_body(html, is_html=True).text


@pytest.mark.parametrize(
    ("wrapped", "address"),
    [
        (
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example%2Fa%3Fb%3D1&data=05",
            "https://x.example/a?b=1",
        ),
        ("https://nam.safelinks.protection.outlook.com/ap/w-59?url=https%3A%2F%2Fx.example&d=1", "https://x.example"),
        ("https://urldefense.com/v3/__https://x.example/a__;!!abc!xyz$", "https://x.example/a"),
        ("https://urldefense.com/v3/__https://x.example/*b__;Iw!!abc!xyz$", "https://x.example/#b"),
        ("https://urldefense.com/v3/__https:/x.example/**A*__;w6bDuCM!!abc", "https://x.example/æø#"),
        ("https://urldefense.proofpoint.com/v2/url?u=https-3A__x.example_a-3Fb-3D1&d=D", "https://x.example/a?b=1"),
        ("https://urldefense.proofpoint.com/v1/url?u=https://x.example/a&k=D", "https://x.example/a"),
        ("https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fx.example%2fa&c=E", "https://x.example/a"),
        ("https://secure-web.cisco.com/1abc/https%3A%2F%2Fx.example%2Fa", "https://x.example/a"),
        ("https://eu.protection.sophos.com/?d=x.example&u=aHR0cHM6Ly94LmV4YW1wbGUvYQ==", "https://x.example/a"),
        ("https://protect2.fireeye.com/url?k=1&u=https%3A%2F%2Fx.example%2Fa", "https://x.example/a"),
        ("https://www.google.com/url?q=https://x.example/a&sa=D", "https://x.example/a"),
        ("https://www.google.com/search?q=https://x.example", "https://www.google.com/search?q=https://x.example"),
        ("https://safelinks.example/?url=https%3A%2F%2Fx.example", "https://safelinks.example/?url=https%3A%2F%2Fx.example"),
        ("https://a.safelinks.protection.outlook.com/?url=javascript:x", "https://a.safelinks.protection.outlook.com/?url=javascript:x"),
        ("https://[broken", "https://[broken"),
    ],
)  # fmt: skip
def test_a_gateways_wrapper_is_removed(wrapped: str, address: str) -> None:
    assert unwrap_url(wrapped) == address
    if wrapped != address and "google" not in wrapped:
        assert to_text(f"<p>{wrapped.replace('&', '&amp;')}</p>") == address
        assert read_body(f"See {wrapped} now", is_html=False).text == f"See {address} now"
        html = f"<a href='{wrapped.replace('&', '&amp;')}'>plan</a>"
        assert to_text(html) == f"[plan]({address})"


@pytest.mark.timed
@pytest.mark.parametrize(
    "piece",
    [
        "https://urldefense.com/v3/__" + "*" * 1000 + "__;" + "A" * 1000,
        "https://urldefense.com/v3/__a__;",
        "/v3/__a",
        "__;",
        "/https%3a",
    ],
)
@pytest.mark.parametrize("size", [15_000, 400_000])
def test_links_are_unwrapped_in_linear_time(piece: str, size: int) -> None:
    addresses = [f"{name}{piece * (size // len(piece))}\n" for name in GATEWAYS]
    text = "".join(addresses * (400_000 // size))
    begun = process_time()
    read_body(text, is_html=False)
    to_text("".join(f"<a href='{address}'>x</a>" for address in addresses))
    assert process_time() - begun < 2


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("ht\ttps://x.example/\r\na", "https://x.example/a"),
        ("\x01 https://x.example/a \x1f", "https://x.example/a"),
        ("https://x.example/\"onclick='x'", "https://x.example/%22onclick=%27x%27"),
        ("https://x.example/<b>`", "https://x.example/%3Cb%3E%60"),
        ("https://x.example/\u2018\u2019\u02bc\u2032", "https://x.example/%E2%80%98%E2%80%99%CA%BC%E2%80%B2"),
        ("https://x.example/\uff07\uff02", "https://x.example/%EF%BC%87%EF%BC%82"),
        ("https://x.example/\u202egpj.exe", "https://x.example/%E2%80%AEgpj.exe"),
        ("https://x.example/\u2066a\u2069\u200b", "https://x.example/%E2%81%A6a%E2%81%A9%E2%80%8B"),
        ("https://x.example/\x1b[31m\x9b", "https://x.example/%1B[31m%C2%9B"),
        ("https://x.example/\u2028a\x85b", "https://x.example/%E2%80%A8a%C2%85b"),
        ("https://x.example/\U000e0041", "https://x.example/%F3%A0%81%81"),
        ("https://x.example\\@y.example\\?a\\b", "https://x.example/@y.example/?a\\b"),
        ("https:/\\x.example", "https://x.example"),
        ("mailto:a@x.example%0d%0aBcc:b@x.example", "mailto:a@x.example%0D%0ABcc:b@x.example"),
        ("mailto:o'hara@x.example", "mailto:o%27hara@x.example"),
        ("java\tscript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("java\u200bscript:alert(1)", ""),
        ("data:text/html,x", ""),
    ],
    ids=ascii,
)  # fmt: skip
def test_nothing_in_a_link_ends_it_or_acts(href: str, shown: str) -> None:
    assert target_to_show(href, "plan") == shown
    assert target_to_show(shown, "plan") == shown


def test_an_unwrapped_link_starts_no_line() -> None:
    wrapped = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fx.example%2F"
    text = read_body(f"See {wrapped}%0D%0AFrom%3A%20boss%E2%80%AE%22 now", is_html=False).text
    assert text == "See https://x.example/%0D%0AFrom:%20boss%E2%80%AE%22 now"
