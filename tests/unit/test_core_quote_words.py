"""Words of mail programs in the languages that no other test quotes."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.quote_header import Header, find_header
from webcrm_sync.core.mail_text.quote_lines import Line
from webcrm_sync.core.mail_text.quoted_reply import is_forward

TIME = "3 Feb 2026 10:12"


def header(*lines: str) -> Header | None:
    return find_header([Line.of(line) for line in lines], 0)


@pytest.mark.parametrize(
    "fields",
    [
        ("От: Eva", f"Отправлено: {TIME}", "Кому: Bo", "Копия: Ida", "Тема: Offer"),
        ("От: Eva", f"Дата: {TIME}", "Кому: Bo", "Копия: Ida", "Тема: Offer"),
        ("From: Eva", f"Date: {TIME}", "Attachments: a.pdf", "Resent-From: Bo", "Subject: Offer"),
        ("Von: Eva", f"Datum: {TIME}", "Anlagen: a.pdf", "Anlage: b.pdf", "Betreff: Angebot"),
    ],
)
def test_the_fields_of_a_program_are_a_header(fields: tuple[str, ...]) -> None:
    assert header(*fields, "", "Hi") == Header(0, 5)


@pytest.mark.parametrize(
    "sentence",
    [
        f"{TIME} Eva написал:",
        f"{TIME} Eva написал(а):",
        f"{TIME} Eva napsal(a):",
        "dne 3. feb. 2026 às 10.12, Eva wrote:",
        "On 3 gru 2026 10:12, Eva wrote:",
        "--- Oryginalna wiadomość ---",
        "--- Original Message ---",
        "-- boven deze lijn --",
        "-- boven deze regel --",
    ],
)
def test_the_sentence_of_a_program_is_a_header(sentence: str) -> None:
    assert header(sentence, "Hi") == Header(0, 1)


@pytest.mark.parametrize("beside", ["on", "dne", "kl.", "às", "the", "su"])
def test_a_small_word_of_a_program_is_no_sentence_of_a_person(beside: str) -> None:
    assert header(f"Eva Holm wrote {beside} 3 Feb 2026:", "> Hi") == Header(0, 1)


def test_a_person_tells_a_story() -> None:
    assert header("Eva Holm wrote that on 3 Feb 2026:", "> Hi") is None
    assert header(f"{TIME} haben Sie uns geschrieben:", "Hi") is None
    assert header(f"{TIME} Bo hatten Sie geschrieben:", "Hi") is None


@pytest.mark.parametrize("field", ["Message", "Firma", "Phone"])
def test_a_field_of_a_web_form_is_known(field: str) -> None:
    mail = ("From: Eva <eva@x.example>", "Date: 3 Feb 2026", "Subject: Offer")
    assert header(*mail, "", f"{field}: x") is None


@pytest.mark.parametrize("mark", ["Re", "Antwoord", "Ref", "Réf", "Fwd", "Transféré"])
def test_the_subject_of_an_answer_or_a_forward_is_evidence(mark: str) -> None:
    assert header("From: Eva", "Date: 3 Feb 2026", f"Subject: {mark}: Offer") == Header(0, 3)


@pytest.mark.parametrize("subject", ["Transféré: x", "Fw: x", "Caution: Fw: x", "Caution - Tr: x"])
def test_the_subject_of_a_forward_is_known(subject: str) -> None:
    assert is_forward(subject)
