"""Where the header of a quoted mail begins and ends."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.quote_header import Header, find_header
from webcrm_sync.core.mail_text.quote_lines import Line
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK

TIME = "3 Feb 2026 10:12"


def header(*lines: str, at: int = 0) -> Header | None:
    return find_header([Line.of(line) for line in lines], at)


@pytest.mark.parametrize(
    "rule",
    [
        *("--- Original Message ---", QUOTE_MARK, "Reply above this line"),
        *("Type your reply above this line", "Please type your reply above this line"),
        "2026-03-01 12:30 GMT+01:00 Eva Holm <eva@x.example>:",
    ],
)
def test_a_rule_is_a_header_of_one_line(rule: str) -> None:
    assert header(rule, "Hi") == Header(0, 1)


@pytest.mark.parametrize(
    "fields",
    [
        ("From: Eva <eva@x.example>", "Date: 3 Feb 2026", "Subject: Offer"),
        ("From: Eva Holm/Company@Company", "Date: 3 Feb 2026", "Subject: Offer"),
        ("From: Eva", f"Date: {TIME}", "Subject: Offer"),
        ("From: Eva", f"Sent: {TIME}", "To: Bo"),
        ("From: Eva", "Date: 3 Feb 2026", "Subject: Re: Offer"),
        ("From: Eva", "Date: 3 Feb 2026", "Subject: Fwd: Offer"),
        (f"Sent: {TIME}", "From: Eva", "Subject: Offer"),
        ("Date: 3 Feb 2026", "From: Eva <eva@x.example>", "To: Bo"),
        ("Date: 3 Feb 2026", "To: Bo", "Subject: Re: Offer"),
        ("Subject: Offer", "From: Eva <eva@x.example>", "Date: 3 Feb 2026"),
        ("From: Eva 3 May <eva@x.example>", f"Date: {TIME}", "Subject: Opening"),
        ("|*From:* Eva|", f"|*Date:* {TIME}|", "|*Subject:* Offer|"),
    ],
)
def test_fields_with_evidence_of_a_mail_are_a_header(fields: tuple[str, ...]) -> None:
    assert header(*fields, "", "Hi") == Header(0, 3)
    assert header("Yes.", *fields, "", "Hi", at=1) == Header(1, 4)


@pytest.mark.parametrize(
    "fields",
    [
        ("From: Eva", "Date: 3 Feb 2026", "Subject: Offer"),  # no address and no time
        (f"Date: {TIME}", "From: Odense", "To: Aarhus"),  # freight papers
        (f"Sent: {TIME}", "From: Odense", "To: Aarhus"),  # a parcel notice
        ("From: 3 May 10:00", f"Date: {TIME}", "Subject: Opening"),  # a time table
        ("From: +45 11 22 33 44", f"Date: {TIME}", "Subject: Fax"),  # a call
        ("From: Eva <eva@x.example>", "Subject: Offer"),
        ("Subject: Offer", f"Date: {TIME}"),
    ],
)
def test_fields_of_other_papers_are_no_header(fields: tuple[str, ...]) -> None:
    assert header(*fields, "", "Hi") is None


def test_a_header_does_not_begin_in_the_middle_of_fields() -> None:
    fields = ("To: Bo", "From: Eva <eva@x.example>", f"Date: {TIME}", "Subject: Offer")
    assert header(*fields, at=1) is None


MAIL = ("From: Eva <eva@x.example>", "Date: 3 Feb 2026", "Subject: Offer")
DOUBTFUL = ("From: Eva", "Date: 3 Feb 2026", "Subject: Offer")


def test_the_last_line_of_a_text_has_no_part_in_its_first() -> None:
    assert header(*MAIL) == Header(0, 3)
    assert header(*MAIL, "") == Header(0, 3)
    assert header(*MAIL, "", "To: Bo", "Hi") == Header(0, 5)
    assert header(*MAIL, "", "", "To: Bo") == Header(0, 3)


def test_a_repeated_field_belongs_to_another_mail() -> None:
    assert header(*MAIL, "From: Ida", "To: Bo") == Header(0, 3)
    assert header(*MAIL, "Importance: High", "Priority: High", "To: Bo") == Header(0, 6)


def test_a_blank_line_between_fields_is_part_of_the_header() -> None:
    sender, time, subject = MAIL
    assert header(sender, "", time, "", subject) == Header(0, 5)
    assert header(sender, time, "", "", subject) is None
    assert header(*MAIL, "", "Hi", "To: Bo") == Header(0, 3)


def test_a_time_may_be_folded() -> None:
    assert header("From: Eva", "Sent: 3 Feb 2026", "10:12", "To: Bo", "", "Hi") == Header(0, 4)


@pytest.mark.parametrize(("folded", "end"), [(2, 6), (3, 3)])
def test_a_subject_may_be_folded_over_two_more_lines(folded: int, end: int) -> None:
    assert header(*MAIL, *["of grey tiles"] * folded, "To: Bo", "", "Hi") == Header(0, end)


@pytest.mark.parametrize(
    ("above", "below", "is_header"),
    [
        (("_" * 20,), (), True),
        (("_" * 20, ""), (), True),
        (("_" * 20, "", ""), (), False),
        (("_" * 20, "Hi"), (), False),
        (("Hi",), (), False),
        (("Hi",), ("> Hello",), True),
        (("Hi",), ("", "> Hello"), True),
    ],
)
def test_a_rule_or_a_quote_beside_fields_makes_them_a_header(
    above: tuple[str, ...], below: tuple[str, ...], is_header: bool
) -> None:
    found = header(*above, *DOUBTFUL, *below, at=len(above))
    assert found == (Header(len(above), len(above) + 3) if is_header else None)


def test_quoted_fields_are_a_header() -> None:
    assert header(*(f"> {field}" for field in DOUBTFUL)) == Header(0, 3)
    assert header(*(f"> {field}" for field in DOUBTFUL), "> Hi") == Header(0, 3)
    assert header("> From: Eva", "> Date: 3 Feb 2026", "Subject: Offer") is None


@pytest.mark.parametrize("beside", ["Weight: 12 t", "Kontakt: Eva"])
def test_fields_beside_an_unknown_field_are_a_form(beside: str) -> None:
    assert header(beside, *MAIL, at=1) is None
    assert header(*MAIL, beside) is None
    assert header(*MAIL, "Hi", beside) == Header(0, 3)
    assert header("Hi", beside, "Hi", *MAIL, at=3) == Header(3, 6)


def test_a_greeting_beside_fields_is_no_field() -> None:
    assert header(*MAIL, "Hi Bo:") == Header(0, 3)
    assert header("See below:", *MAIL, at=1) == Header(1, 4)


def test_fields_above_the_message_of_a_form_are_a_form() -> None:
    assert header(*MAIL, "", "Message: Hi") is None
    assert header(*MAIL, "", "Weight: 12 t") == Header(0, 3)


@pytest.mark.parametrize(
    ("fields", "below", "is_header"),
    [
        (("From: Eva", f"Sent: {TIME}", "To: Bo"), ("Weight: 12 t",), False),
        (("From: Eva <eva@x.example>", f"Sent: {TIME}", "To: Bo"), ("Weight: 12 t",), True),
        (("From: Eva", f"Sent: {TIME}", "To: Bo"), ("Weight: 12 t", "Subject: Offer"), True),
        (("From: Eva", f"Sent: {TIME}", "To: Bo"), ("Weight: 12 t", "Hi"), False),
        (("From: Eva", f"Sent: {TIME}", "Subject: Offer"), ("Weight: 12 t",), False),
        (("From: Eva", f"Date: {TIME}", "To: Bo"), ("Weight: 12 t",), False),
    ],
)
def test_a_time_of_sending_next_to_a_recipient_is_of_a_mail(
    fields: tuple[str, ...], below: tuple[str, ...], is_header: bool
) -> None:
    assert header(*fields, *below) == (Header(0, 3) if is_header else None)


FOLDED = "On 3 Feb 2026 at 10:12,\nEva\nHolm <eva@x.example>\nwrote:"


def test_a_sentence_may_be_folded_over_four_lines() -> None:
    assert header(*FOLDED.split("\n"), "Hi") == Header(0, 4)
    assert header(*FOLDED.replace("Holm ", "Holm\n").split("\n"), "Hi") is None


def test_a_sentence_is_folded_within_one_paragraph_of_one_mail() -> None:
    assert header("On 3 Feb 2026 at 10:12,", "Eva wrote:") == Header(0, 2)
    assert header("On 3 Feb 2026 at 10:12,", "> Eva wrote:") is None
    assert header("On 3 Feb 2026 at 10:12,", "", "Eva wrote:") is None


@pytest.mark.parametrize(
    ("sentence", "is_header"),
    [
        ("On 3 Feb 2026 at 10:12 Eva <eva@x.example> wrote", True),
        ("On 3 Feb 2026 at 10:12 Eva wrote", False),
        ("On 3 Feb 2026 at 10:12 Eva wrote:", True),
        ("On 3 Feb 2026 at 10:12 Eva wrote\uff1a", True),
        ("Eva <eva@x.example> wrote", False),
        ("On Tue 3 Feb 2026 Eva Holm of Kunde <eva@x.example> wrote:", True),
        ("Then Eva Holm of our customer in Odense <eva@x.example> wrote:", False),
        ("Eva Holm <eva@x.example> wrote:", True),
    ],
)
def test_a_sentence_without_a_quote_below_needs_evidence(sentence: str, is_header: bool) -> None:
    assert header(sentence, "Hi") == (Header(0, 1) if is_header else None)


def test_a_folded_sentence_begins_with_a_date_or_has_an_address() -> None:
    assert header("On Tuesday afternoon, the 3 Feb 2026,", "10:12, Eva wrote:") == Header(0, 2)
    assert header("Eva Holm <eva@x.example>", "wrote:") == Header(0, 2)
    assert header("Yesterday Bo talked with Ida on 3 Feb 2026 10:12,", "Eva wrote:") is None
    assert header("14 Pallets,", "Eva wrote:", "> Hi") is None


@pytest.mark.parametrize("end", [".", "!", "?"])
def test_a_sentence_that_ends_is_not_folded(end: str) -> None:
    assert header(f"Send it to eva@x.example{end}", "Eva wrote:") is None


@pytest.mark.parametrize("sender", ["", "|", "*", "*|"])
def test_a_field_of_a_table_may_be_empty(sender: str) -> None:
    fields = (f"|From: {sender}", f"|Date: {TIME}|", "|To: Bo|", "|Subject: Re: Offer|")
    assert header(*fields, "Hi") == Header(0, 4)


@pytest.mark.parametrize("name", ["To", "Cc"])
def test_many_recipients_may_be_folded(name: str) -> None:
    recipients = ["Ann <ann@x.example>;"] * 12
    fields = ["From: Eva <eva@x.example>", "Date: 3 Feb 2026", f"{name}: Bo;", *recipients]
    assert header(*fields, "Subject: Offer", "", "Hi") == Header(0, 16)


def test_a_pronoun_in_an_address_is_a_name() -> None:
    assert header("On 3 Feb 2026 10:12, Eva <eva@me.example> wrote:", "Hi") == Header(0, 1)
    assert header("On 3 Feb 2026 10:12, me and Eva wrote:", "Hi") is None


@pytest.mark.parametrize("between", [" ", " - ", ". ", "! "])
def test_the_writers_own_words_on_the_line_stay(between: str) -> None:
    line = f"Ja tak{between}Den 3. feb. 2026 kl. 10.12 skrev Eva Holm:"
    assert header(line, "> Hi") == Header(0, 1, before=f"Ja tak{between}".rstrip(" -"))


@pytest.mark.parametrize(
    ("line", "is_header"),
    [
        ("Date: 3 Feb 2026 10:12 From: eva@x.example To: Bo Subject: Offer", True),
        ("Sent: 3 Feb 2026 10:12 From: eva@x.example To: Bo Subject: Offer", True),
        ("Date: 3 Feb 2026 kl. 10.12 From: eva@x.example To: Bo Subject: Offer", True),
        ("Date: 3 Feb 2026 10:12 From: Eva To: Bo Subject: Offer", False),
        ("Date: soon From: eva@x.example To: Bo Subject: Offer", False),
        ("Time: 3 Feb 2026 10:12 From: eva@x.example To: Bo Subject: Offer", False),
        ("Date: 3 Feb 2026 10:12 From: eva@x.example Weight: 12 t", False),
    ],
)
def test_a_header_in_one_line_has_every_field_and_an_address(line: str, is_header: bool) -> None:
    assert header(line, "Hi") == (Header(0, 1) if is_header else None)


@pytest.mark.parametrize(
    "sentence",
    [
        "Quoting Eva Holm <eva@x.example>:",
        "Citeren Eva Holm <eva@x.example>:",
        "Eva Holm skrev den 3. januar 2026:",
        "Eva Holm skrev den 3. gru 2026:",
        "Eva Holm skrev tirsdag:",
        "Eva Holm schrieb am Dienstag, dienstag:",
    ],
)
def test_a_sentence_of_a_program_above_a_quote_is_a_header(sentence: str) -> None:
    assert header(sentence, "> Hi") == Header(0, 1)


@pytest.mark.parametrize(("length", "is_header"), [(300, True), (301, False)])
def test_a_longer_line_is_a_paragraph(length: int, is_header: bool) -> None:
    first = "From: eva@x.example ".ljust(length, "x")
    found = header(first, "Date: 3 Feb 2026", "Subject: Offer")
    assert found == (Header(0, 3) if is_header else None)
