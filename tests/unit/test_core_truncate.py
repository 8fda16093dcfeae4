"""Texts cut to a length: at a word, never within a letter, counted in UTF-16 units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import any_text
from webcrm_sync.core.mail_text.truncate import cut_at_letter, truncate, utf16_length

FAMILY, FLAG, THUMB, E_ACUTE = "👩‍👩‍👧", "🇩🇰", "👍🏽", "e\u0301"
letters = st.sampled_from([FAMILY, FLAG, THUMB, E_ACUTE, "a", " ", "ø", "𝒳"])


@given(any_text, st.integers(1, 60))
def test_a_truncated_text_is_never_too_long_and_begins_like_the_original(
    text: str, limit: int
) -> None:
    short = truncate(text, limit)
    assert utf16_length(short) <= limit
    if utf16_length(text) <= limit:
        assert short == text
    else:
        assert short.endswith("…")
        assert text.startswith(short[:-1])


@given(st.lists(st.text("ab", min_size=1, max_size=5), min_size=3), st.integers(12, 60))
def test_a_cut_falls_between_words(words: list[str], limit: int) -> None:
    text = " ".join(words)
    short = truncate(text, limit)
    if short != text:
        assert short[:-1].split() == words[: len(short[:-1].split())]


@given(st.lists(letters, max_size=30), st.integers(0, 60))
def test_no_cut_goes_through_an_emoji_or_an_accent(text: list[str], limit: int) -> None:
    left = cut_at_letter("".join(text), limit)
    for letter in text:
        if not left:
            break
        assert left.startswith(letter)
        left = left[len(letter) :]
    assert not left


def test_one_endless_word_is_cut_at_the_limit() -> None:
    assert truncate("x" * 20, 5) == "xxxx…"
    assert truncate("ab", 1) == "…"
    assert truncate("   " + "x" * 20, 4) == "…"
    assert truncate("any", 0) == "any"


def test_a_word_that_just_fits_stays() -> None:
    assert truncate("one two three", 8) == "one two…"


@pytest.mark.parametrize("text", ["🎉" * 10, FAMILY * 10, FLAG * 10, THUMB * 10, E_ACUTE * 10])
def test_an_emoji_counts_as_the_database_counts_it(text: str) -> None:
    assert truncate(text, len(text.encode("utf-16-le")) // 2) == text
    assert utf16_length(truncate(text, 19)) <= 19


def test_a_run_of_accents_is_cut_like_a_word() -> None:
    assert utf16_length(truncate("a" + "\u0301" * 5000, 100)) <= 100
    assert len(truncate("a" + "\u0301" * 5000, 100)) > 90


def test_a_run_of_accents_that_never_ends_is_cut_anywhere() -> None:
    accents = "e" + "\u0301" * 500
    assert cut_at_letter(accents, 200) == accents[:200]
    assert cut_at_letter("ab" + "e\u0301", 3) == "ab"
    assert cut_at_letter("ab" + "e\u0301", 4) == "abe\u0301"


def test_lengths_are_counted_in_utf16_units() -> None:
    assert [utf16_length(text) for text in ("", "abc", "ø", "👍", "\ud83d")] == [0, 3, 1, 2, 1]


@pytest.mark.parametrize(
    ("text", "limit", "right"),
    [
        ("a👍", 2, "a"),
        ("👍" * 10, 10, "👍" * 5),
        (f"{FAMILY}a", 4, ""),
        ("a" * 100 + THUMB, 102, "a" * 100),
        ("a" * 100 + THUMB, 104, "a" * 100 + THUMB),
    ],
)
def test_as_many_letters_stay_as_fit(text: str, limit: int, right: str) -> None:
    assert cut_at_letter(text, limit) == right


def test_a_cut_that_would_lose_half_of_the_text_falls_within_a_word() -> None:
    assert truncate("aaaa bbbbbbbb", 10) == "aaaa bbbb…"
    assert truncate("aaaaa bbbbbbbb", 10) == "aaaaa…"
