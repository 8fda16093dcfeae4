"""Addresses that are one person's, and those that may be."""

from __future__ import annotations

import pytest

from webcrm_sync.core.aliases import Aliases
from webcrm_sync.core.direction import Internals

KIM = "kim@ours.example"
OWNERS = dict.fromkeys((KIM, "kim.n@ours.example", "kim@ours.onmicrosoft.com"), KIM)
ALIASES = Aliases(OWNERS, Internals.of(frozenset(OWNERS), frozenset(), frozenset()))


@pytest.mark.parametrize(
    "address",
    [
        *OWNERS,
        "kim+crm@ours.example",
        "kim.n+x@ours.example",
        "KIM@ours.example",
        "'kim@ours.example'",
        "SMTP:kim@ours.example",
        "<Kim.N@ours.example>",
    ],
)
def test_all_addresses_of_a_mailbox_are_one_person(address: str) -> None:
    assert ALIASES.canonical(address) == KIM


def test_an_outsider_is_recognised_without_the_plus_tag() -> None:
    assert (
        ALIASES.canonical("bo+sales@x.example")
        == ALIASES.canonical("bo@x.example")
        == "bo@x.example"
    )
    assert ALIASES.canonical("bo@bücher.example") == ALIASES.canonical("bo@xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        (KIM, "k.nordwind@ours.example", True),
        (KIM, "k.nordwind@ours.onmicrosoft.com", True),
        ("bo@x.example", "bo@x.onmicrosoft.com", True),
        ("bo+1@x.example", "bo+2@x.mail.onmicrosoft.com", True),
        ("bo@x.example", "lis@x.onmicrosoft.com", False),
        ("bo@x.example", "lis@x.example", False),
        ("bo@x.example", "bo@y.example", False),
        (KIM, "bo@x.example", False),
        ("kim@x.example", KIM, False),
    ],
)
def test_other_addresses_may_be_one_person_if_everything_else_agrees(
    one: str, other: str, may: bool
) -> None:
    assert ALIASES.may_be_same_person(one, other) == ALIASES.may_be_same_person(other, one) == may


@pytest.mark.parametrize(
    ("some", "others", "certainly", "perhaps"),
    [
        ([KIM], ["kim.n@ours.example"], True, False),
        (["bo+1@x.example"], ["bo@x.example", KIM], True, False),
        (["bo@x.example"], ["bo@x.onmicrosoft.com"], False, True),
        (["lis@x.example", "bo@x.example"], ["bo@x.onmicrosoft.com"], False, True),
        (["bo@x.example"], ["lis@x.onmicrosoft.com"], False, False),
        ([KIM], ["eva@ours.example"], False, False),
        ([], [KIM], False, False),
    ],
)
def test_common_recipients_are_counted(
    some: list[str], others: list[str], certainly: bool, perhaps: bool
) -> None:
    for one, other in ((some, others), (others, some)):
        assert ALIASES.have_common_person(one, other) == certainly
        if not certainly:
            assert ALIASES.may_have_common_person(one, other) == perhaps
