"""The exact bytes of a digest, and how much two digests may differ."""

from __future__ import annotations

from hashlib import sha256

import pytest

from webcrm_sync.core.word_digest import WordDigest


def text(body: str) -> WordDigest:
    return WordDigest.of(body, is_html=False)


def numbered(count: int, *, start: int = 0) -> str:
    return " ".join(f"item{n}" for n in range(start, start + count))


def lettered(count: int) -> str:
    return " ".join("".join("abcdefghij"[int(d)] for d in f"{n:05}") for n in range(count))


#: A body of each kind that the rule treats in its own way, and the beginning of its digest's hash.
STORED = {
    "more words than a digest keeps": (lettered(300), "4cc17b8d84005956"),
    "more numbers than a digest keeps": (numbered(100), "9b574d1f4893a878"),
    "a text of 100 000 characters": (lettered(16_667)[:100_000], "d085ff41429092f4"),
    "a longer text": (lettered(17_000), "bd0647371e3d3b97"),
    "a body of more than 300 000 characters": ("<i></i>" * 42_857 + "abc", "439e1cbd347a06b5"),
    "a line broken between ideographs": ("発注\n番号は 八です", "6f76c8db864e1d56"),
    "bytes at the border of ASCII": ("a\x7fb b\u0440b", "063a0cdf3bd58a3b"),
    "half a surrogate pair": ("half \ud83d.", "bf51febdcada6529"),
    "a reference without a character": ("x&#9999999999;y", "19d67cc4e78913fc"),
    "a comment with tags in it": ("<!-- <b>hidden</b> -->shown", "2ebe091c18e9ec0d"),
    "a comment without an end": ("<!-- a <style>b</style> c", "e61dfeaae256accd"),
    "hidden parts within each other": (
        "<style><!-- x --></style>a<script>y</script>b",
        "d2bc7bc665c8b6d2",
    ),
    "the shortest comment": ("a<!-->b--> c", "8229addaa318dfe1"),
}


@pytest.mark.parametrize(("body", "right"), STORED.values(), ids=STORED.keys())
def test_no_digest_changes_between_versions(body: str, right: str) -> None:
    """Stored digests and keys depend on it: if this test fails, the code is wrong."""
    stored = WordDigest.of(body, is_html=True).to_bytes()
    assert sha256(stored).hexdigest()[:16] == right


def test_a_reference_too_long_for_python_is_no_word() -> None:
    endless = f"x&#{'9' * 5_000};y"
    assert WordDigest.of(endless, is_html=True) == WordDigest.of("x ;y", is_html=True)


@pytest.mark.parametrize(
    ("words", "missing", "added", "is_same"),
    [
        (100, 1, 3, True),  # one word in a hundred
        (99, 1, 3, False),
        (20, 1, 4, True),  # one in twenty if a notice of four times as many was added
        (20, 1, 3, False),
        (19, 1, 4, False),
    ],
)
def test_the_richer_copy_may_lack_few_words(
    words: int, missing: int, added: int, is_same: bool
) -> None:
    poor = lettered(words).split()
    notice = [f"notice{'abcd'[n]}" for n in range(added)]
    rich = poor[missing:] + notice + notice[:1] * missing
    one, other = text(" ".join(poor)), text(" ".join(rich))
    assert one.agrees_with(other) is other.agrees_with(one) is is_same


def test_a_copy_converted_to_text_may_lack_a_word_in_twenty() -> None:
    words = lettered(20).split()
    converted = text(" ".join([*words[1:], "another"]))
    assert WordDigest.of(" ".join(words), is_html=True).agrees_with(converted)


def test_a_long_mail_agrees_with_a_copy_to_which_as_much_was_added() -> None:
    assert text(lettered(2_000)).agrees_with(text(lettered(4_000)))


def test_a_text_that_a_notice_makes_too_long_to_count_is_the_same() -> None:
    counted = text(lettered(16_666))
    uncounted = text(f"{lettered(16_666)} Caution: this came from outside")
    assert (counted.length > 0, uncounted.length) == (True, 0)
    assert counted.agrees_with(uncounted)


def test_a_notice_of_one_word_may_add_a_number() -> None:
    assert text("Meter 17").agrees_with(text("Meter 17 18 checked"))
    assert not text("Meter 17").agrees_with(text("Meter 17 18"))


@pytest.mark.parametrize(("numbers", "is_same"), [(16, True), (17, False)])
def test_a_notice_may_add_16_numbers_to_a_long_report(numbers: int, is_same: bool) -> None:
    report = numbered(500)
    copy = f"checked {numbered(numbers, start=1_000)} {report}"
    assert text(report).agrees_with(text(copy)) is is_same


def test_a_replaced_number_counts_where_every_number_is_kept() -> None:
    replaced = numbered(63).replace("item50", "item999")
    assert not text(replaced).agrees_with(text(f"{numbered(64)} checked"))
