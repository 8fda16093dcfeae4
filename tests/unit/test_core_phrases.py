"""The product's own sentences are told apart from the words of webCRM and Outlook."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core import phrases
from webcrm_sync.core.phrases import PHRASES, Phrase, SpokenPhrase, find_phrase

_NUMBERS = {"limit", "most", "size", "status"}


def _values(phrase: Phrase, text: str) -> dict[str, str]:
    names = re.findall(r"\{(\w+)\}", phrase.english)
    return {name: "25.5" if name in _NUMBERS else text for name in names}


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda one: one.key)
@given(text=st.text(min_size=1))
def test_a_phrase_is_found_with_its_values(phrase: Phrase, text: str) -> None:
    values = _values(phrase, text)
    assert find_phrase(phrase.fill(**values)) == SpokenPhrase(phrase.key, values)
    assert phrase.spoken(**values) == SpokenPhrase(phrase.key, values)


def test_every_phrase_has_a_key_and_a_sentence_of_its_own() -> None:
    assert len({one.key for one in PHRASES}) == len({one.english for one in PHRASES})
    assert len({one.key for one in PHRASES}) == len(PHRASES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "offer (new).zip (52 MB, more than 25 MB)",
            SpokenPhrase("too_large", {"file": "offer (new).zip", "size": "52", "limit": "25"}),
        ),
        ("a.zip (too large for webCRM)", SpokenPhrase("too_large_for_webcrm", {"file": "a.zip"})),
        (
            phrases.OPPORTUNITY_KEPT.fill(setting="X") + " (webCRM answered 400)",
            SpokenPhrase("opportunity_kept", {"setting": "X", "reason": "webCRM answered 400"}),
        ),
    ],
)
def test_a_phrase_is_found_beside_a_file_name_or_a_reason(text: str, found: SpokenPhrase) -> None:
    assert find_phrase(text) == found


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("too_large", "52 MB, more than 25.5 MB"),
        ("repeated", "the same picture is filed with another mail"),
        ("too_large_for_webcrm", "too large for webCRM"),
        ("file_refused", "webCRM does not take it"),
        ("file_not_given", "Outlook does not give it"),
        ("answered", "webCRM answered 500"),
        ("answered_text", "webCRM answered 400: No such field"),
        ("no_clear_answer", "webCRM gave no clear answer, several times."),
        ("no_answer_for_long", "webCRM did not answer for a month."),
        ("activity_deleted", "Its Activity was deleted in webCRM."),
        (
            "opportunity_kept",
            "webCRM left the Activity under its Opportunity, so nothing was changed. Ask your "
            "administrator to set X to the value that takes an Activity off its Opportunity in "
            "your webCRM. In webCRM itself you can change both.",
        ),
        (
            "organisation_refused",
            "webCRM did not take the Organisation. Create it again.",
        ),
        (
            "organisation_not_listed",
            "webCRM accepted the Organisation and does not list it. Look for it in webCRM. If it "
            "is there, choose it here; if not, create it again.",
        ),
    ],
)
def test_a_sentence_that_the_database_holds_is_found_in_later_versions_too(
    key: str, text: str
) -> None:
    found = find_phrase(text)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "ActivityDescription: longer than 250 characters",
        "webCRM answered 302 and points elsewhere, which is not followed",
        "This is no web address. Or is it?",
        "not_chosen",
        "a.zip (Outlook lost it)",
        "many MB, more than 25 MB",
        "52 MB, more than many MB",
        "At most few characters.",
        "A mail can be in few places at most. Take one away first.",
    ],
)
def test_the_words_of_others_are_no_phrase(text: str | None) -> None:
    assert find_phrase(text) is None
