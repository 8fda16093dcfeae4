"""Which Organisations a mail concerns."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import parties
from webcrm_sync.core.matching import (
    Ambiguous,
    Contact,
    Directory,
    Matched,
    MatchedBy,
    NoMatch,
    Target,
    find_candidates,
    find_person,
    match_organisations,
)
from webcrm_sync.core.message import Party

T = TypeVar("T")
BUYER = Party("buyer@customer.example")
BOSS = Party("boss@customer.example")
OTHER = Party("x@other.example")

contacts = st.builds(
    Contact,
    person_id=st.integers(1, 9),
    organisation_id=st.integers(0, 4),
    address=parties.map(lambda p: p.address),
    is_active=st.booleans(),
)
domains = st.tuples(parties.map(lambda p: p.domain), st.integers(1, 4))
books = st.builds(
    Directory,
    st.lists(contacts, max_size=8).map(tuple),
    st.lists(domains, max_size=6).map(tuple),
)


def known(*contacts_: Contact, domains: tuple[tuple[str, int], ...] = ()) -> Directory:
    return Directory(contacts_, domains)


def organisations(found: Matched | Ambiguous | NoMatch) -> tuple[type, set[int]]:
    match found:
        case Matched(targets) | Ambiguous(targets):
            return type(found), {t.organisation_id for t in targets}
        case NoMatch():
            return NoMatch, set()


def test_a_contact_files_the_mail_under_its_organisation() -> None:
    book = known(Contact(7, 1, BUYER.address))
    assert match_organisations([BUYER], book) == Matched((Target(1, 7, MatchedBy.CONTACT),))


def test_the_mail_is_filed_under_every_customer_on_it() -> None:
    book = known(Contact(7, 1, BUYER.address), Contact(8, 2, OTHER.address))
    assert organisations(match_organisations([BUYER, OTHER], book)) == (Matched, {1, 2})


def test_an_unknown_colleague_of_a_customer_is_matched_by_domain() -> None:
    book = known(domains=(("customer.example", 1),))
    assert match_organisations([BOSS], book) == Matched((Target(1, None, MatchedBy.DOMAIN),))


def test_a_contact_beats_the_domain_it_writes_from() -> None:
    book = known(Contact(7, 2, BUYER.address), domains=(("customer.example", 1),))
    assert match_organisations([BUYER], book) == Matched((Target(2, 7, MatchedBy.CONTACT),))


def test_the_contact_names_the_person_although_a_colleague_is_listed_first() -> None:
    book = known(Contact(7, 1, BUYER.address), domains=(("customer.example", 1),))
    assert match_organisations([BOSS, BUYER], book) == Matched((Target(1, 7, MatchedBy.CONTACT),))


def test_a_contact_without_an_organisation_leaves_it_to_the_domain() -> None:
    book = known(Contact(7, 0, BUYER.address), domains=(("customer.example", 1),))
    assert match_organisations([BUYER], book) == Matched((Target(1, None, MatchedBy.DOMAIN),))


def test_a_free_mail_domain_is_ignored_although_an_organisation_claims_it() -> None:
    someone = Party("someone@gmail.com")
    assert match_organisations([someone], known(domains=(("gmail.com", 1),))) == NoMatch()
    assert isinstance(
        match_organisations([someone], known(Contact(7, 1, someone.address))), Matched
    )


def test_one_address_in_two_organisations_is_ambiguous() -> None:
    book = known(Contact(7, 1, BUYER.address), Contact(8, 2, BUYER.address))
    found = match_organisations([BUYER], book)
    assert found == Ambiguous((Target(1, 7, MatchedBy.CONTACT), Target(2, 8, MatchedBy.CONTACT)))


def test_one_domain_of_two_organisations_is_ambiguous() -> None:
    book = known(domains=(("customer.example", 2), ("customer.example", 1)))
    assert organisations(match_organisations([BOSS], book)) == (Ambiguous, {1, 2})


def test_another_address_of_the_mail_resolves_the_ambiguous_one() -> None:
    book = known(
        Contact(7, 1, BUYER.address), Contact(8, 2, BUYER.address), Contact(9, 2, BOSS.address)
    )
    assert match_organisations([BUYER, BOSS], book) == Matched((Target(2, 9, MatchedBy.CONTACT),))


def test_two_persons_of_one_organisation_are_not_ambiguous() -> None:
    book = known(Contact(8, 1, BUYER.address), Contact(7, 1, BUYER.address))
    assert match_organisations([BUYER], book) == Matched((Target(1, 7, MatchedBy.CONTACT),))


def test_a_resigned_person_counts_only_if_no_other_has_the_address() -> None:
    left = Contact(7, 1, BUYER.address, is_active=False)
    assert organisations(match_organisations([BUYER], known(left))) == (Matched, {1})
    assert organisations(
        match_organisations([BUYER], known(left, Contact(8, 2, BUYER.address)))
    ) == (
        Matched,
        {2},
    )


def test_a_mail_without_known_addresses_has_no_target() -> None:
    assert match_organisations([BUYER], Directory()) == NoMatch()
    assert match_organisations([], known(Contact(7, 1, BUYER.address))) == NoMatch()


@given(st.lists(parties, max_size=6), books, st.randoms(use_true_random=False))
def test_no_order_of_people_or_rows_changes_an_organisation(
    people: list[Party], book: Directory, random: Random
) -> None:
    def shuffled(rows: Sequence[T]) -> list[T]:
        return random.sample(rows, len(rows))

    turned = Directory(tuple(shuffled(book.contacts)), tuple(shuffled(book.domains)))
    assert organisations(match_organisations(shuffled(people), turned)) == organisations(
        match_organisations(people, book)
    )


@given(st.lists(parties, max_size=6), books)
def test_every_target_is_known_and_each_organisation_appears_once(
    people: list[Party], book: Directory
) -> None:
    found = match_organisations(people, book)
    if isinstance(found, NoMatch):
        return
    targets = found.targets if isinstance(found, Matched) else found.candidates
    ids = [t.organisation_id for t in targets]
    assert len(ids) == len(set(ids))
    assert 0 not in ids
    by_contact = {c.organisation_id for c in book.contacts if Party(c.address) in people}
    by_domain = {o for d, o in book.domains if d in {p.domain for p in people} and d != "gmail.com"}
    assert set(ids) <= by_contact | by_domain


@pytest.mark.parametrize(
    ("contacts_", "address", "right"),
    [
        ({7: "eva@x.example"}, "eva+news@x.example", 7),
        ({7: "eva+crm@x.example"}, "eva@x.example", 7),
        ({7: "eva+crm@x.example"}, "eva+news@x.example", 7),
        ({7: "eva@x.example", 8: "eva+news@x.example"}, "eva+news@x.example", 8),
        ({7: "eva+news@x.example", 8: "eva@x.example"}, "eva@x.example", 8),
        ({7: "eva+crm@x.example", 8: "eva@x.example"}, "eva+news@x.example", 8),
        ({7: "eva@x.example"}, "'EVA@X.example'", 7),
        ({7: "eva@x.example"}, "smtp:eva+a+b@x.example.", 7),
        ({7: "eva@xn--bcher-kva.example"}, "eva@bücher.example", 7),
        ({7: "eva@x.example"}, "eva+news@y.example", None),
        ({7: "eva@x.example"}, "evan+news@x.example", None),
        ({7: "+45@x.example"}, "@x.example", None),
    ],
)
def test_a_contact_is_known_by_its_address_else_without_plus_tags(
    contacts_: dict[int, str], address: str, right: int | None
) -> None:
    book = known(*(Contact(number, number, one) for number, one in contacts_.items()))
    found = match_organisations([Party(address)], book)
    persons = [t.person_id for t in found.targets] if isinstance(found, Matched) else []
    assert persons == ([right] if right else [])


def test_all_that_may_be_meant_is_offered_contacts_before_domains() -> None:
    book = known(
        Contact(7, 3, BUYER.address),
        Contact(8, 2, BUYER.address),
        domains=(("customer.example", 1), ("other.example", 5), ("other.example", 4)),
    )
    assert find_candidates([OTHER, BOSS, BUYER], book) == (
        Target(3, 7, MatchedBy.CONTACT),
        Target(2, 8, MatchedBy.CONTACT),
        Target(4, None, MatchedBy.DOMAIN),
        Target(5, None, MatchedBy.DOMAIN),
        Target(1, None, MatchedBy.DOMAIN),
    )


def test_an_organisation_is_offered_once_with_its_contact() -> None:
    book = known(Contact(7, 1, BUYER.address), domains=(("customer.example", 1),))
    assert find_candidates([BOSS, BUYER], book) == (Target(1, 7, MatchedBy.CONTACT),)


@given(st.lists(parties, max_size=6), books)
def test_what_matching_finds_is_always_offered(people: list[Party], book: Directory) -> None:
    offered = {t.organisation_id for t in find_candidates(people, book)}
    _, found = organisations(match_organisations(people, book))
    assert found <= offered


def test_the_person_of_an_organisation_is_its_first_contact_on_the_mail() -> None:
    book = known(
        Contact(7, 1, BUYER.address), Contact(8, 1, BOSS.address), Contact(9, 2, OTHER.address)
    )
    assert find_person([OTHER, BOSS, BUYER], book, 1) == 8
    assert find_person([BUYER, BOSS], book, 1) == 7
    assert find_person([BUYER, OTHER], book, 2) == 9
    assert find_person([BUYER], book, 2) is None
    assert find_person([], book, 1) is None
