"""Mails quoted in a mail, cut away as mail programs of our users' languages write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core_examples import any_text, mail
from webcrm_sync.core.history import is_forward, without_history
from webcrm_sync.core.reading import LONGEST_TEXT, read_body, read_mail

OUTLOOK = {
    "da": ("Fra", "Sendt", "3. marts 2026 10:12", "Til", "Emne"),
    "de": ("Von", "Gesendet", "Dienstag, 3. März 2026 10:12", "An", "Betreff"),
    "sv": ("Från", "Skickat", "den 3 mars 2026 10:12", "Till", "Ämne"),
    "no": ("Fra", "Sendt", "tirsdag 3. mars 2026 10:12", "Til", "Emne"),
    "nl": ("Van", "Verzonden", "dinsdag 3 maart 2026 10:12", "Aan", "Onderwerp"),
    "en": ("From", "Sent", "Tuesday, March 3, 2026 10:12 AM", "To", "Subject"),
}
WROTE = {
    "da": "Den tirs. 3. mar. 2026 kl. 10.12 skrev Kim Nordwind <kim@nordwind.example>:",
    "da short": "tirs. 3. mar. 2026 kl. 10.12 skrev Kim Nordwind <kim@nordwind.example>:",
    "de": "Am Di., 3. März 2026 um 10:12 Uhr schrieb Kim Nordwind <kim@nordwind.example>:",
    "de Thunderbird": "Am 03.03.26 um 10:12 schrieb Kim Nordwind:",
    "sv": "Den tis 3 mars 2026 kl 10:12 skrev Kim Nordwind <kim@nordwind.example>:",
    "no": "tir. 3. mars 2026 kl. 10:12 skrev Kim Nordwind <kim@nordwind.example>:",
    "nl": "Op di 3 mrt 2026 om 10:12 schreef Kim Nordwind <kim@nordwind.example>:",
    "nl Apple": "Op 3 mrt 2026, om 10:12 heeft Kim Nordwind het volgende geschreven:",
    "en": "On Tue, Mar 3, 2026 at 10:12 AM Kim Nordwind <kim@nordwind.example> wrote:",
    "en wrapped": "On Tue, Mar 3, 2026 at 10:12 AM Kim Nordwind\n<kim@nordwind.example> wrote:",
}
NEW = "Hej Kim,\n\nja tak.\n\nMvh\nBo"


def new_text(html: str) -> str:
    """What is new in some HTML."""
    return read_body(html, is_html=True, is_new_text_only=True).text


@pytest.mark.parametrize("language", OUTLOOK)
@pytest.mark.parametrize("rule", ["", "_" * 32 + "\n", "-----Original Message-----\n"])
def test_outlook_quotes_under_a_header_in_the_writers_language(language: str, rule: str) -> None:
    sender, sent, at, to, subject = OUTLOOK[language]
    header = f"{sender}: Kim <kim@nordwind.example>\n{sent}: {at}\n{to}: Bo\n{subject}: Kaj\n"
    assert without_history(f"{NEW}\n\n{rule}{header}\nHej Bo,\n\nskal vi?") == NEW


@pytest.mark.parametrize("line", WROTE.values(), ids=WROTE)
def test_gmail_and_apple_tell_who_wrote_and_quote_below(line: str) -> None:
    assert without_history(f"{NEW}\n\n{line}\n\n> Hej Bo,\n>\n> skal vi?\n") == NEW


def test_an_answer_below_the_quoted_mail_stays() -> None:
    text = f"{WROTE['en']}\n> Shall we?\n> Kim\n\nYes, on Friday.\n"
    assert without_history(text) == "Yes, on Friday."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we wrote: nothing much.\nFrom: here\nwe go on.",
        "Den fakturan skrev vi i går.\nVon: Kim",
        "Op maandag kom ik langs.\nHij schreef: goed.",
        f"{WROTE['de']}\n\n> Nur das.",
    ],
)
def test_text_without_a_quoted_mail_or_without_anything_else_stays(text: str) -> None:
    assert without_history(text) == text


HTML = {
    "Outlook": "<p>{new}</p><hr><div id='divRplyFwdMsg'><b>Fra:</b> Kim</div><div>{old}</div>",
    "new Outlook": "<div>{new}</div><div id='appendonsend'></div><hr><div>{old}</div>",
    "Outlook for Mac": "<p>{new}</p><span id='OLK_SRC_BODY_SECTION'>{old}</span>",
    "Outlook on a phone": "<p>{new}</p>"
    "<div id='mail-editor-reference-message-container'><b>From:</b> Kim<br>{old}</div>",
    "Word": "<p>{new}</p><p><a name='_MailOriginal'>From: Kim</a></p><p>{old}</p>",
    "Gmail": "<div dir=ltr>{new}</div><br><div class='gmail_quote gmail_quote_container'>"
    "<div class=gmail_attr>Op di 3 mrt</div><blockquote class=gmail_quote>{old}</blockquote></div>",
    "Apple Mail": "<div>{new}</div>"
    "<blockquote type='cite'><div>Den 3. mar.</div>{old}</blockquote>",
    "Thunderbird": "<div class='moz-cite-prefix'>Am 3.3.</div><blockquote type='cite'>{old}"
    "</blockquote><p>{new}</p>",
    "Yahoo": "<div>{new}</div><div class='yahoo_quoted'>{old}</div>",
    "no marks": "<p>{new}</p><div style='border-top:solid #E1E1E1 1.0pt'><p><b>Von:</b> Kim<br>"
    "<b>Gesendet:</b> Dienstag<br><b>An:</b> Bo<br><b>Betreff:</b> Kai</p></div><p>{old}</p>",
}


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_what_mail_programs_mark_as_quoted_is_cut(html: str) -> None:
    assert new_text(html.format(new="Ja tak.", old="Skal vi?")) == "Ja tak."


@pytest.mark.parametrize("html", HTML.values(), ids=HTML)
def test_mail_that_says_nothing_new_is_kept_whole(html: str) -> None:
    assert "Skal vi?" in new_text(html.format(new="", old="Skal vi?"))


def test_quoted_mails_stay_unless_the_setting_says_otherwise() -> None:
    html = HTML["Outlook"].format(new="Ja tak.", old="Skal vi?")
    assert "Skal vi?" in read_body(html, is_html=True).text


@pytest.mark.parametrize("subject", ["FW: x", "Fwd: x", "VS: x", "VB: x", "WG: x", "Doorst: x"])
def test_what_a_forward_passes_on_stays(subject: str) -> None:
    assert is_forward(subject)
    html = HTML["Outlook"].format(new="FYI", old="Skal vi?")
    passed_on = mail(subject=subject, body=html, body_is_html=True)
    assert "Skal vi?" in read_mail(passed_on, is_new_text_only=True).text
    answered = mail(subject="SV: x", body=html, body_is_html=True)
    assert read_mail(answered, is_new_text_only=True).text == "FYI"


def test_pictures_of_the_quoted_mail_are_still_pictures_of_the_text() -> None:
    html = "<p>x</p><div id='divRplyFwdMsg'></div><img src='cid:old@1'>"
    assert read_body(html, is_html=True, is_new_text_only=True).cids == ("old@1",)


@given(any_text, st.booleans())
def test_no_text_is_lost_whole_and_none_raises(body: str, is_html: bool) -> None:
    whole = read_body(body, is_html=is_html).text
    new = read_body(body, is_html=is_html, is_new_text_only=True).text
    assert bool(new) is bool(whole)


@pytest.mark.parametrize(
    "text",
    [
        "On " * (LONGEST_TEXT // 3),
        ("On " + "x " * 80 + "\n") * (LONGEST_TEXT // 160),
        "Den a\n" * (LONGEST_TEXT // 6),
        "> " * (LONGEST_TEXT // 2),
        f"{WROTE['en']}\n> a\nb\n" * (LONGEST_TEXT // 90),
    ],
    ids=["one line", "long lines", "short lines", "quotes", "many quotes"],
)
def test_no_text_takes_the_square_of_its_length(text: str) -> None:
    """The library's patterns alone would take hours for the first one."""
    assert without_history(text)
