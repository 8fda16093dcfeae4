"""Addresses of links: what a gateway puts around them is taken off, at little cost."""

from __future__ import annotations

from time import process_time

import pytest

from webcrm_sync.core.mail_text.links import unwrapped
from webcrm_sync.core.reading import read_body

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
def test_a_gateways_address_is_taken_off(wrapped: str, address: str) -> None:
    assert unwrapped(wrapped) == address
    if wrapped != address and "google" not in wrapped:
        assert to_text(f"<p>{wrapped.replace('&', '&amp;')}</p>") == address
        assert read_body(f"See {wrapped} now", is_html=False).text == f"See {address} now"
        html = f"<a href='{wrapped.replace('&', '&amp;')}'>plan</a>"
        assert to_text(html) == f"[plan]({address})"


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
def test_addresses_take_no_more_than_their_length(piece: str, size: int) -> None:
    addresses = [f"{name}{piece * (size // len(piece))}\n" for name in GATEWAYS]
    text = "".join(addresses * (400_000 // size))
    begun = process_time()
    read_body(text, is_html=False)
    to_text("".join(f"<a href='{address}'>x</a>" for address in addresses))
    assert process_time() - begun < 2
