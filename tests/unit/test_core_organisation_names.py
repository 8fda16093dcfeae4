"""Which Organisations have nearly the same name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webcrm_sync.core.organisation_names import (
    KnownName,
    find_similar,
    fold_name,
    name_key,
    possible_lengths,
)

FORMS = ("A/S", "ApS", "AB", "AS", "GmbH", "B.V.", "Oy", "Ltd.", "S.p.A.", "GmbH & Co. KG", "I/S")
letters = st.text("abcdefghijklmnoprstuvyæøåöäüéß", min_size=2, max_size=12)
words = st.lists(letters, min_size=1, max_size=3).map(" ".join)
anything = st.text(max_size=60)


def known(*names: str) -> list[KnownName]:
    return [KnownName(i, name, name_key(name)) for i, name in enumerate(names, start=1)]


def similar(name: str, *names: str) -> list[str]:
    return [one.name for one in find_similar(name, known(*names), limit=10)]


@given(words, st.sampled_from(FORMS))
@example("havnebyg", "A / S")
def test_a_legal_form_makes_no_difference(name: str, form: str) -> None:
    if name_key(name):
        assert similar(f"{name} {form}", name) == [name]
        assert similar(name, f"{name} {form}") == [f"{name} {form}"]


@given(words)
def test_case_spaces_and_punctuation_make_no_difference(name: str) -> None:
    for other in (name.upper(), name.replace(" ", "-"), name.replace(" ", "  "), f"»{name}«"):
        assert name_key(other) == name_key(name)


@given(anything, anything)
def test_the_order_of_two_names_makes_no_difference(one: str, other: str) -> None:
    assert bool(similar(one, other)) == bool(similar(other, one))


@given(anything)
def test_each_name_with_letters_resembles_itself(name: str) -> None:
    assert similar(name, name) == [name] * bool(name_key(name))
    assert fold_name(fold_name(name)) == fold_name(name)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Hansen og Søn", "hansenson"),
        ("Berg och Dal AB", "bergdal"),
        ("Kraus und Sohn", "kraussohn"),
        ("Hill and Dale", "hilldale"),
        ("Ægir", "agir"),
        ("Œuvre", "ouvre"),
        ("Łódź", "lodz"),
        ("Đurić", "duric"),
        ("Ðan", "dan"),
        ("Þór", "thor"),
        ("Straße", "strasse"),
        ("Mueller", "muller"),
        ("Noerregaard", "norregard"),
        ("Skolen A MBA", "skolenamba"),
        ("A og S", "as"),
        ("AS AB", "as"),
        ("AB", "ab"),
    ],
)
def test_a_key_has_plain_letters_alone(name: str, key: str) -> None:
    assert name_key(name) == key


@pytest.mark.parametrize(
    ("one", "other", "are_similar"),
    [
        ("vind", "vint", False),
        ("vindm", "vintm", True),
        ("vindmark", "vintmarg", False),
        ("vindmarks", "vintmargs", True),
        ("vindmarks", "fintmargs", False),
        ("vindmarks", "vindmar", False),
        ("vindmarkerne", "fintmargerne", False),
    ],
)
def test_the_shorter_name_decides_how_many_letters_may_differ(
    one: str, other: str, are_similar: bool
) -> None:
    assert similar(one, other) == [other] * are_similar


def test_a_similar_name_is_at_most_two_letters_longer_or_shorter() -> None:
    assert possible_lengths("havnebyg") == (6, 10)
    assert possible_lengths("ib") == (1, 4)
    assert possible_lengths("") == (1, 2)


@given(words, words)
def test_a_similar_name_has_a_possible_length(one: str, other: str) -> None:
    shortest, longest = possible_lengths(name_key(one))
    if similar(one, other):
        assert shortest <= len(name_key(other)) <= longest


@given(st.text("bcdfgiklmn", min_size=9, max_size=20), st.data())
def test_one_wrong_letter_in_a_long_name_is_noticed(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    for wrong in (name[:at] + name[at + 1 :], name[:at] + "x" + name[at:]):
        assert similar(wrong, name) == [name]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Aarhus Skov & Have A/S", "Århus Skov og Have"),
        ("Müller GmbH", "Mueller"),
        ("Sønderjyllands Mølle", "Sonderjyllands Moelle ApS"),
        ("Oy Finnkala Ab", "Finnkala"),
        ("AB Vindkraft", "Vindkraft"),
        ("Havnebyg", "Havenbyg"),
        ("Skovby Maskinfabrik", "Skovbi Maskinfabrick"),
        ("Vind-Mark", "Vindmark"),
        ("Jensen A / S", "Jensen"),
    ],
)
def test_these_are_similar(one: str, other: str) -> None:
    assert similar(one, other) == [other]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ib A/S", "Ob A/S"),
        ("Byg", "Bygma"),
        ("A/S", "AB"),
        ("Havnebyg", "Havnehus"),
        ("Nordlys Optik", "Nordlys Biler"),
        ("...", "???"),
        ("", ""),
    ],
)
def test_these_are_not(one: str, other: str) -> None:
    assert similar(one, other) == []


def test_the_likeliest_comes_first_and_few_are_shown() -> None:
    names = known("Vindmarke", "Vindmark A/S", "Solgaard", "Vindmerke", "Skovby")
    found = find_similar("Vindmark", names, related=[3], limit=4)
    assert [one.name for one in found] == ["Vindmark A/S", "Solgaard", "Vindmarke"]
    assert len(find_similar("Vindmark", names, related=[3], limit=2)) == 2
    assert find_similar("Vindmark", known("Vindmark") * 3, limit=9) == tuple(known("Vindmark"))


def test_the_owner_of_the_domain_comes_before_all_but_the_same_name() -> None:
    names = known("Vindmarke", "Solgaard", "Vindmark", "Vindmarka", "Vindmark A/S")
    found = find_similar("Vindmark", names, related=[2, 4, 5], limit=9)
    assert [one.name for one in found] == [
        "Vindmark A/S",  # the same name, and the owner
        "Vindmark",
        "Vindmarka",  # nearly the same name, and the owner
        "Solgaard",
        "Vindmarke",
    ]
