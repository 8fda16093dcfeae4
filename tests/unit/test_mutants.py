"""The changes that `make mutants` makes, and their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutants.mutate import mutants_of


def changes(source: str, folder: Path) -> list[str]:
    module = folder / "module.py"
    module.write_text(source, "utf-8")
    return [mutant.change for mutant in mutants_of(module)]


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("x = a < b", ["a <= b"]),
        ("x = a and b", ["a or b"]),
        ("x = not a", ["not not a"]),
        ("x = a if b else c", ["c if b else a"]),
        ("x = max(a, b)", ["min(a, b)"]),
        ("x = a.strip('.-')", ["a.strip('.')"]),
        ("x = f(1, 'a', True)", ["f(2, 'a', True)", "f(1, 'aXX', True)", "f(1, 'a', False)"]),
        ("for a in b: break", ["continue"]),
    ],
)
def test_each_expression_is_changed_into_its_neighbour(
    source: str, after: list[str], tmp_path: Path
) -> None:
    assert [one.partition(" -> ")[2] for one in changes(source, tmp_path)] == after


def test_a_change_is_named_by_its_place_and_not_by_its_line(tmp_path: Path) -> None:
    source = "class A:\n    def f(self):\n        return [g(1), g(1)]\n"
    named = ["A.f: g(1) -> g(2)", "A.f: g(1) -> g(2) (2)"]
    assert changes(source, tmp_path) == changes(f"\n\n{source}", tmp_path) == named


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "def f(a: 'A') -> 'B': ...",
        "@cache(maxsize=1)\nclass A: ...",
        "class A(Enum):\n    ONE = 'one'",
        "raise A('It failed.')",
    ],
)
def test_words_for_readers_alone_are_not_changed(source: str, tmp_path: Path) -> None:
    assert changes(source, tmp_path) == []


def test_the_texts_of_an_enum_count_where_they_are_read(tmp_path: Path) -> None:
    stored = "class A(StrEnum):\n    ONE = 'one'"
    shown = "class A(Enum):\n    ONE = 'one'\nprint(A.ONE.value)"
    assert len(changes(stored, tmp_path)) == len(changes(shown, tmp_path)) == 1


def test_one_entry_of_a_long_list_is_changed(tmp_path: Path) -> None:
    assert len(changes(f"x = {list(range(10))}", tmp_path)) == 10
    assert len(changes(f"x = {list(range(11))}", tmp_path)) == 1


def test_one_entry_of_a_long_table_is_changed(tmp_path: Path) -> None:
    few, many = ({f"k{n}": n for n in range(count)} for count in (10, 11))
    assert len(changes(f"x = {few}", tmp_path)) == 20
    assert changes(f"x = {many}", tmp_path) == ["x: 'k0' -> 'k0XX'", "x: 0 -> 1"]
