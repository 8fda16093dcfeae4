"""Who is one of us, and which way a mail went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core_examples import CUSTOMER, SELLER, mail, parties
from webcrm_sync.core.direction import Direction, Internals, direction, externals
from webcrm_sync.core.message import Party

US = Internals.of(
    frozenset({"seller@ours.example", "me@gmail.com"}),
    frozenset({"consultant@partner.example"}),
    frozenset({"sister.example"}),
)


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("seller@ours.example", True),
        ("anybody@ours.example", True),
        ("anybody@sub.ours.example", False),
        ("me@gmail.com", True),
        ("another@gmail.com", False),
        ("consultant@partner.example", True),
        ("another@partner.example", False),
        ("anybody@sister.example", True),
        ("/o=exchange/ou=first/cn=recipients/cn=seller", True),
        ("buyer@customer.example", False),
        ("", False),
    ],
)
def test_one_of_us_is_known_by_address_or_domain(address: str, is_ours: bool) -> None:
    assert (Party(address) in US) is is_ours


def test_the_sender_alone_decides_the_direction() -> None:
    assert direction(mail(sender=SELLER, to=(CUSTOMER,)), US) is Direction.OUTBOUND
    assert direction(mail(sender=CUSTOMER, to=(SELLER,)), US) is Direction.INBOUND
    assert direction(mail(sender=None, to=(CUSTOMER,)), US) is Direction.INBOUND


def test_everybody_outside_is_told_sender_first_and_once() -> None:
    named = Party(CUSTOMER.address, "Another name")
    other = Party("x@other.example")
    found = externals(mail(sender=CUSTOMER, to=(SELLER, other), cc=(named,), bcc=(other,)), US)
    assert found == (CUSTOMER, other)


def test_only_colleagues_leave_nobody() -> None:
    assert externals(mail(sender=SELLER, to=(Party("b@ours.example"), Party(""))), US) == ()


@given(st.none() | parties, st.lists(parties).map(tuple), st.lists(parties).map(tuple))
def test_nobody_of_us_is_ever_external_and_nobody_else_is_missed(
    sender: Party | None, to: tuple[Party, ...], bcc: tuple[Party, ...]
) -> None:
    message = mail(sender=sender, to=to, bcc=bcc)
    found = externals(message, US)
    everybody = {p for p in (sender, *to, *bcc) if p}
    assert set(found) == {p for p in everybody if p not in US}
    assert len(found) == len({p.address for p in found})
