"""Scripts for /Queries: no value changes the meaning of its script."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.webcrm.query import FIELDS, Select, UnsafeText, literal

plain_text = st.text(
    st.characters(max_codepoint=0x7E, min_codepoint=0x20, exclude_characters="\\")
    | st.sampled_from("æøåÆßéłžΩЖשم田ア\u0301\u0660'\";-%_()= "),
    max_size=40,
)
#: Characters that a database, code page or parser may read as a quote, an escape or a line end.
unsafe = (
    "\0\a\b\t\n\v\f\r\x1a\x1b\x7f\x85\x9b\\\xa0\xad\xb4\u0149\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02ee\u0374"
    "\u0384\u055a\u05f3\u061c\u07f4\u1e9a\u1fbd\u1fbf\u200b\u200d\u200e\u2018\u2019\u201a\u201b\u2028\u2029\u202a"
    "\u202e\u2032\u2035\u2060\u2066\u2069\u2216\ua78b\ua78c\ufe68\ufeff\uff02\uff07\uff3c\uff40\uffe5\ufffe\U000e0041"
    "\ud800\udc00\ue000\xa5\u20a9"
)
hostile = st.sampled_from(
    ["' OR 1=1 --", "x'; DROP TABLE Activity --", "''", "'", "/*'*/", "' AND PersonId >= 0 AND '"]
)
moments = st.datetimes(timezones=st.just(UTC))
values = plain_text | hostile | st.integers(-(2**31), 2**31 - 1) | moments
fields = st.sampled_from(sorted(FIELDS["Activity"]))
conditions = st.lists(st.tuples(fields, st.sampled_from(["=", ">="]), values), max_size=4)


def split_words(script: str) -> list[str]:
    """The words of a script; a quoted text is one word."""
    words: list[str] = []
    word, quoted, at = "", False, 0
    while at < len(script):
        letter = script[at]
        if letter == "'" and quoted and script[at + 1 : at + 2] == "'":
            word, at = word + "''", at + 1
        elif letter == "'":
            word, quoted = word + letter, not quoted
        elif letter == " " and not quoted:
            words, word = [*words, word], ""
        else:
            word += letter
        at += 1
    assert not quoted
    return [*words, word]


def unquote(word: str) -> str | int:
    return word[1:-1].replace("''", "'") if word.startswith("'") else int(word)


def written_value(value: str | int | datetime) -> str | int:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "0Z"
    return value


@given(conditions, fields)
def test_no_value_can_change_the_meaning_of_a_script(
    wanted: list[tuple[str, str, str | int | datetime]], order: str
) -> None:
    script = Select("Activity", ["ActivityId"])
    for field, operator, value in wanted:
        script = script.where(field, operator, value)  # type: ignore[arg-type]  # drawn from both
    words = split_words(str(script.order_by(order)))
    assert words[:4] == ["SELECT", "ActivityId", "FROM", "Activity"]
    assert words[-4:] == ["ORDER", "BY", order, "ASC"]
    middle = words[4:-4]
    assert middle[::4] == (["WHERE"] + ["AND"] * (len(wanted) - 1) if wanted else [])
    read = zip(middle[1::4], middle[2::4], map(unquote, middle[3::4]), strict=True)
    assert list(read) == [(f, o, written_value(v)) for f, o, v in wanted]


@given(st.text())
def test_a_text_is_refused_or_unchanged(text: str) -> None:
    try:
        script = literal(text)
    except UnsafeText:
        assert any(
            character == "\\" or not character.isalnum() or character > "~" for character in text
        )
    else:
        assert unquote(script) == text


@pytest.mark.parametrize("character", unsafe, ids=ascii)
def test_a_character_that_may_end_a_text_early_is_refused(character: str) -> None:
    for text in (character, f"x{character} OR 1=1 --", f"o{character}hara@x.example{character}"):
        with pytest.raises(UnsafeText, match="no safe way"):
            literal(text)


@pytest.mark.parametrize(
    "name", ["o'hara", "jørgen", "łódź", "ελένη", "田中", "مريم", "שרה", "e\u0301va"]
)
def test_names_in_all_scripts_are_accepted(name: str) -> None:
    assert unquote(literal(f"{name}@x.example")) == f"{name}@x.example"


@given(st.text(max_size=20))
def test_an_unknown_field_is_refused_everywhere(name: str) -> None:
    script = Select("Person", ["PersonId"])
    if name in FIELDS["Person"]:
        return
    with pytest.raises(ValueError, match="no field"):
        Select("Person", [name])
    with pytest.raises(ValueError, match="no field"):
        script.where(name, "=", 1)
    with pytest.raises(ValueError, match="no field"):
        script.order_by(name)


def test_a_field_of_another_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no field"):
        Select("Person", ["ActivityId"])


@pytest.mark.parametrize("number", range(1, 16))
def test_every_custom_field_of_the_activity_is_known(number: int) -> None:
    assert str(number) in str(Select("Activity", [f"ActivityCustom{number}"]))


def test_times_are_written_in_utc_with_seven_decimals() -> None:
    copenhagen = timezone(timedelta(hours=1))
    at = datetime(2026, 11, 23, 11, 0, 0, 120000, tzinfo=copenhagen)
    assert literal(at) == "'2026-11-23T10:00:00.1200000Z'"


def test_a_value_without_a_safe_spelling_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        literal(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="truth"):
        literal(True)
    with pytest.raises(ValueError, match="operator"):
        Select("Person", ["PersonId"]).where("PersonId", "; --", 1)  # type: ignore[arg-type]  # same
    with pytest.raises(ValueError, match="at least one"):
        Select("Person", [])
    with pytest.raises(ValueError, match="known table"):
        Select("Users", ["UserPassword"])  # type: ignore[arg-type]  # the point of the test
