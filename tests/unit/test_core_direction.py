"""Who is a colleague, and the direction of a mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import CUSTOMER, SELLER, mail, parties
from webcrm_sync.core.direction import (
    Direction,
    Internals,
    NeverSync,
    direction_of,
    external_people,
)
from webcrm_sync.core.message import Party

US = Internals.of(
    frozenset(
        {
            "seller@ours.example",
            "me@gmail.com",
            "x500:/o=exchange/ou=first/cn=recipients/cn=kim",
        }
    ),
    frozenset({"consultant@partner.example"}),
    frozenset({"sister.example", "ärger.example"}),
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
        ("/o=exchange/ou=first/cn=recipients/cn=seller", False),
        ("buyer@customer.example", False),
        ("'Seller@OURS.example'", True),
        ("seller+crm@ours.example", True),
        ("me+news@gmail.com", True),
        ("consultant+x@partner.example", True),
        ("anybody@xn--rger-koa.example", True),
        ("anybody@Ärger.example", True),
        ("MAILER-DAEMON", False),
        ("postmaster", False),
        ('"eva" kunde', False),
        ("'eva'", False),
        ("system administrator", False),
        ("/o=exchange/ou=first/cn=recipients/cn=kim", True),
        ("X500:/O=Exchange/OU=first/cn=recipients/cn=Kim", True),
        ("/o=exchange/ou=first/cn=recipients/cn=kimberley", False),
        ("", False),
    ],
)
def test_colleagues_are_recognised_by_address_or_domain(address: str, is_ours: bool) -> None:
    assert (Party(address) in US) is is_ours


def test_the_sender_alone_decides_the_direction() -> None:
    assert direction_of(mail(sender=SELLER, to=(CUSTOMER,)), US) is Direction.OUTBOUND
    assert direction_of(mail(sender=CUSTOMER, to=(SELLER,)), US) is Direction.INBOUND
    assert direction_of(mail(sender=None, to=(CUSTOMER,)), US) is Direction.INBOUND


def test_outside_addresses_are_listed_once_with_the_sender_first() -> None:
    named = Party(CUSTOMER.address, "Another name")
    other = Party("x@other.example")
    found = external_people(
        mail(sender=CUSTOMER, to=(SELLER, other), cc=(named,), bcc=(other,)), US
    )
    assert found == (CUSTOMER, other)


def test_a_mail_among_colleagues_has_no_outside_address() -> None:
    assert external_people(mail(sender=SELLER, to=(Party("b@ours.example"), Party(""))), US) == ()


@pytest.mark.parametrize(
    "named",
    ["https://sister.example/", "www.sister.example", "*.sister.example", "'sister.example'"],
)
def test_our_domains_are_recognised_as_people_paste_them(named: str) -> None:
    ours = Internals.of(frozenset(), frozenset(), frozenset({named}))
    assert Party("a@sister.example") in ours
    assert Party("a@shop.sister.example") not in ours


@pytest.mark.parametrize("named", ["printer", "@printer", "*@printer", ".printer", "*.printer"])
def test_a_name_without_a_dot_may_have_a_wildcard_before_it(named: str) -> None:
    assert Party("scanner@printer") in Internals.of(frozenset(), frozenset(), frozenset({named}))
    assert Party("scanner@printer") in NeverSync.of([named])


@pytest.mark.parametrize("domain", ["gmail.com", "hotmail.dk"])  # of the library, of our own list
def test_a_mailbox_of_a_free_mail_provider_makes_no_colleagues(domain: str) -> None:
    ours = Internals.of(frozenset({f"me@{domain}"}), frozenset(), frozenset())
    assert Party(f"me@{domain}") in ours
    assert Party(f"another@{domain}") not in ours


@given(st.none() | parties, st.lists(parties).map(tuple), st.lists(parties).map(tuple))
def test_no_colleague_is_external_and_no_outsider_is_missed(
    sender: Party | None, to: tuple[Party, ...], bcc: tuple[Party, ...]
) -> None:
    message = mail(sender=sender, to=to, bcc=bcc)
    found = external_people(message, US)
    everybody = {p for p in (sender, *to, *bcc) if p}
    assert set(found) == {p for p in everybody if p not in US}
    assert len(found) == len({p.address for p in found})


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("private.example", "a@private.example"),
        ("private.example", "a@mail.private.example"),
        ("private.example", "a@a.b.private.example"),
        ("@private.example", "a@private.example"),
        ("*.private.example", "a@mail.private.example"),
        ("*@private.example", "a@private.example"),
        (".private.example", "a@private.example"),
        (" Private.Example ", "A@PRIVATE.example."),
        ("bücher.example", "a@xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "a@mail.bücher.example"),
        ("eva@private.example", "eva@private.example"),
        ("eva@private.example", "'Eva+news@private.example'"),
        ("mailto:eva@private.example", "eva@private.example"),
        ("eva@bücher.example", "eva@xn--bcher-kva.example"),
        ("/o=x/cn=eva", "/O=x/CN=Eva"),
        ("host", "scanner@host"),
        ("https://private.example/", "a@private.example"),
        ("https://www.private.example/om", "a@mail.private.example"),
        ("www.private.example", "a@private.example"),
        ("//private.example", "a@private.example"),
        ("private.example:443", "a@private.example"),
        ("'private.example'", "a@private.example"),
        ("http://Bücher.example", "a@xn--bcher-kva.example"),
    ],
)
def test_the_never_list_matches(listed: str, address: str) -> None:
    assert Party(address) in NeverSync.of([listed, ""])


@pytest.mark.parametrize(
    ("listed", "address"),
    [
        ("private.example", "a@notprivate.example"),
        ("private.example", "a@private.example.org"),
        ("mail.private.example", "a@private.example"),
        ("example", "a@private.example"),
        ("eva@private.example", "bo@private.example"),
        ("eva@private.example", "eva@mail.private.example"),
        ("eva+news@private.example", "eva@private.example"),
        ("strasse.example", "a@straße.example"),
        ("", "a@private.example"),
        ("private.example", "/o=private.example/cn=eva"),
        ("", ""),
    ],
)
def test_the_never_list_does_not_match(listed: str, address: str) -> None:
    assert Party(address) not in NeverSync.of([listed])


FORM = Party("form@ours.example")
LIST = Party("/o=exchange/cn=list")


@pytest.mark.parametrize(
    ("facts", "right"),
    [
        ({"sender": FORM, "to": (SELLER,)}, (CUSTOMER,)),
        ({"sender": None, "to": (SELLER,)}, (CUSTOMER,)),
        ({"sender": SELLER, "to": (FORM,), "cc": (SELLER,)}, (CUSTOMER,)),
        ({"sender": Party("MAILER-DAEMON")}, (Party("MAILER-DAEMON"), CUSTOMER)),
        ({"sender": LIST}, (LIST, CUSTOMER)),
        ({"sender": Party("x@other.example")}, (Party("x@other.example"),)),
        ({"sender": FORM, "to": (Party("x@other.example"),)}, (Party("x@other.example"),)),
        ({"sender": FORM, "bcc": (Party("x@other.example"),)}, (Party("x@other.example"),)),
        ({"sender": CUSTOMER}, (CUSTOMER,)),
        ({"sender": FORM, "reply_to": (SELLER,)}, ()),
        ({"sender": FORM, "reply_to": (SELLER, CUSTOMER, CUSTOMER)}, (CUSTOMER,)),
        ({"sender": FORM, "reply_to": (Party(""), Party("'Buyer@customer.example'"))}, (CUSTOMER,)),
    ],
)
def test_reply_to_counts_when_no_outside_address_is_named(
    facts: dict[str, object], right: tuple[Party, ...]
) -> None:
    given = {"sender": FORM, "to": (SELLER,), "reply_to": (CUSTOMER,)} | facts
    found = external_people(mail(**given), US)
    assert [p.folded for p in found] == [p.folded for p in right]
