"""The longest addresses and labels, and texts around an `@` that are nearly addresses."""

from __future__ import annotations

import pytest

from webcrm_sync.core.addresses import domain_of, find_addresses, fold_domain


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('"eva kunde"@x.example', ('"eva kunde"@x.example',)),
        ('eva""@x.example', ()),  # nobody has an empty name
        ('"eva@x"@y.example', ("x@y.example",)),  # no address ends inside the quotes
        ("100%25@x.example", ("100%25@x.example",)),  # an escape only counts without an `@`
        ("call eva @work", ()),
        ("eva@ work", ()),
        ("eva\ud83d@x.example", ("eva\ud83d@x.example",)),
        ("a@x.example+-b@y.example", ("a@x.example", "b@y.example")),
        ("a@x.example -b-@y.example", ("a@x.example", "b@y.example")),
    ],
)
def test_addresses_are_found_in_odd_texts(text: str, right: tuple[str, ...]) -> None:
    assert find_addresses(text) == right


def test_an_address_has_320_bytes_at_most() -> None:
    """RFC 5321 4.5.3.1: 64 before the `@` and 255 after it."""
    longest = f"{'a' * 64}@{'b' * 247}.example"
    assert find_addresses(longest) == (longest,)
    assert find_addresses(f"{'a' * 64}@{'b' * 248}.example") == ()
    assert find_addresses(f"{'ü' * 33}{'a' * 31}@{'b' * 247}.example") == ()


def test_a_label_of_dns_has_63_letters_at_most() -> None:
    """RFC 1035 2.3.4. Only in a label that DNS allows is the Greek `ς` folded to `σ`."""
    longest, longer = (f"{'a' * n}ς".encode("punycode").decode() for n in (54, 55))
    assert len(f"xn--{longest}") == 63
    assert fold_domain(f"xn--{longest}") == fold_domain(f"{'a' * 54}σ")
    assert fold_domain(f"xn--{longer}") == f"xn--{longer}"


def test_letters_that_idna_maps_otherwise_than_unicode_are_folded_by_idna() -> None:
    """UTS 46 maps the small letters of Cherokee to the capital ones."""
    assert fold_domain("ᎠᎡ.example") == fold_domain("ꭰꭱ.example") == "xn--58dc.example"


def test_text_without_an_at_sign_has_no_domain() -> None:
    assert domain_of("kunde.example") == ""
    assert domain_of("eva@kunde.example") == "kunde.example"


def test_blanks_around_a_domain_make_no_difference() -> None:
    assert fold_domain(" kunde.example\u00a0") == "kunde.example"
