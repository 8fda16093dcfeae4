"""What a mail adds to the older mails that it quotes, in our users' languages and programs."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotes.cases import Case, all_cases
from support.builders import any_text
from webcrm_sync.core.along import TextPart
from webcrm_sync.core.mail_text.body_text import read_mail_body
from webcrm_sync.core.mail_text.quote_marks import QUOTE_MARK
from webcrm_sync.core.mail_text.quoted_reply import is_forward, new_text, strip_quoted_mails


def _read(case: Case) -> str:
    return read_mail_body(
        case.subject, case.body, is_html=case.is_html, part=TextPart.NEW_OR_ALL
    ).text


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_quoted_mails_are_cut(case: Case) -> None:
    assert _read(case).split() in [right.split() for right in case.rights]


LINES = {
    "fi": "ti 3. helmik. 2026 klo 10.12 Eva Holm (eva@kunde.example) kirjoitti:",
    "es": "El mar, 3 feb 2026 a las 10:12, Eva Holm (<eva@kunde.example>) escribió:",
    "it": "Il giorno mar 3 feb 2026 alle ore 10:12 Eva Holm <eva@kunde.example> ha scritto:",
    "pt": "Em ter., 3 de fev. de 2026 às 10:12, Eva Holm <eva@kunde.example> escreveu:",
    "pl": "wt., 3 lut 2026 o 10:12 Eva Holm <eva@kunde.example> napisał(a):",
    "cs": "út 3. 2. 2026 v 10:12 odesílatel Eva Holm <eva@kunde.example> napsal:",
    "an unknown language": "2026. febr. 3., 10:12 Eva Holm <eva@kunde.example> ezt írta:",
    "narrow blanks": "On Tue, Feb 3, 2026 at 10:12\u202fAM Eva Holm <eva@kunde.example> wrote:",
    "no-break blanks": "Den\u00a03. feb. 2026 kl.\u00a010.12 skrev Eva <eva@kunde.example>:",
    "dashes": "---- On Tue, 03 Feb 2026 10:12:33 +0100 Eva Holm <eva@kunde.example> wrote ----",
    "no colon": "On Tue, 03 Feb 2026 10:12:33 +0100 Eva Holm <eva@kunde.example> wrote",
    "name with a comma": "On 03/02/2026 10:12, Holm, Eva (Purchase Department) wrote:",
    "name with a pronoun": "Den 3. feb. 2026 kl. 10.12 skrev I/S we-build <eva@kunde.example>:",
    "address twice": "Am 03.02.2026 um 10:12 schrieb eva@kunde.example <eva@kunde.example>:",
    "mail link": "On 3 Feb 2026, at 10:12, Eva <[e@x.example](mailto:e@x.example)> wrote:",
    "old Gmail": "2026/2/3 Eva Holm <eva@kunde.example>",
    "following": "Den 2026-02-03 10:12 skrev Eva Holm följande:",
    "no time": "Am Dienstag, 3. Februar 2026 schrieb Eva von Holm:",
    "no date": "Op dinsdag schreef Eva de Vries:",
    "a name alone": "Eva Holm schrieb:",
    "folded within the date": "Eva <eva@kunde.example> schrieb am So., 3.\nFebruar 2026, 10:12:",
    "folded four times": "On Nov 30, 2025, at 12:47 PM,\nService\n<\neva@kunde.example> wrote:",
    "a header in one line": "Date: Tue, 3 Feb 2026 10:12 From: eva@kunde.example To: B Subject: x",
    "weekday": "mandag den 5. januar 2026 kl. 08.03 skrev Eva Holm:",
    "Proton": "On Tuesday, February 3rd, 2026 at 10:12 AM, Eva Holm <eva@kunde.example> wrote:",
    "Proton, a name alone": "On Sunday, March 22nd, 2026 at 10:12, Eva Holm wrote:",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_attribution_lines_of_programs_are_recognised(line: str) -> None:
    assert strip_quoted_mails(f"Fine.\n\n{line}\n\n> Shall we?\n") == "Fine."


@pytest.mark.parametrize("rule", ["", "\n", "-----\n", "_" * 32 + "\n", "* * * * *\n"])
@pytest.mark.parametrize("mark", ["{}: {}", "*{}:* {}", "**{}:** {}", "{}:\t{}", "{} : {}"])
def test_header_fields_are_recognised_in_many_forms(rule: str, mark: str) -> None:
    fields = {"Von": "Eva Holm", "Gesendet": "Dienstag, 3. Februar 2026 10:12", "An": "Bo"}
    lines = "\n".join(mark.format(*field) for field in [*fields.items(), ("Betreff", "AW: x")])
    assert strip_quoted_mails(f"Passt.\n\n{rule}{lines}\n\nPasst KW 12?") == "Passt."


BELOW = {
    "Outlook in Danish on Android": "_" * 32 + "\nFra: Eva <e@x.example>\n"
    "Sendt: Tuesday, February 3, 2026 10:12:33 AM\nTil: Bo\nEmne: x\n\nold",
    "Outlook in Dutch": "Van: Eva [mailto:e@x.example]\nVerzonden: dinsdag 3 februari 2026 10:12\n"
    "Aan: Bo\nOnderwerp: RE: x\nUrgentie: Hoog\n\nold",
    "GroupWise": ">>> Eva Holm <e@x.example> 03.02.2026 10:12 >>>\nold",
    "GroupWise in German": '>>> "Eva Holm" <e@x.example> schrieb am 03.02.2026 um 10:12 in '
    "Nachricht\n<4711@x.example>:\n> old",
    "Samsung, joined": "-------- Ursprüngliche Nachricht --------Von: Eva <e@x.example> Datum: "
    "03.02.26  10:12  (GMT+01:00) An: Bo Betreff: x\nold",
    "Samsung": "-------- Originalmeddelande --------\nFrån: Eva\nDatum: 2026-02-03 10:12 "
    "(GMT+01:00)\nTill: Bo\nÄmne: x\nold",
    "Android": "---- Eva Holm schrieb ----\n\nold",
    "Roundcube": '"Eva Holm" <e@x.example> skrev den 3. feb. 2026 kl. 10:12:\n\n> old',
    "Zimbra": 'From: "Eva" <e@x.example>\nTo: "Bo" <b@x.example>\n'
    "Sent: Tuesday, February 3, 2026 10:12:33 AM\nSubject: x\n\nold",
    "Outlook in New Norwegian": "Frå: Eva <e@x.example>\nSendt: tysdag 3. februar 2026 10:12\n"
    "Til: Bo\nEmne: x\n\nold",
    "Outlook for Mac": "*From: *Eva <e@x.example>\n*Date: *Tuesday, 3 February 2026 at 10:12\n"
    "*To: *Bo\n*Subject: *x\n\nold",
    "Notes": "Von:\tEva Holm/Kunde\nAn:\tBo/Firma@Firma\nDatum:\t03.02.2026 10:12\n"
    "Betreff:\tAW: x\n\nold",
    "its subject is an answer's": "Fra: Eva\nTil: Bo\nDato: 03.02.2026 10:12\nEmne: SV: x\n\nold",
    "tickets": "##- Bitte geben Sie Ihre Antwort über dieser Zeile ein -##\nold",
    "tickets in English": "--- Reply above this line ---\nold",
    "tickets in Danish": "=-=-= Svar over denne linje =-=-=\nold",
    "tickets, starred": "*** Skriv ditt svar ovanför den här raden ***\nold",
    "tickets, one dash": "— Please reply above this line —\nold",
}


@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
def test_quotes_of_more_programs_are_cut(below: str) -> None:
    assert strip_quoted_mails(f"Ja.\n\nMvh\nBo\n\n{below}\n") == "Ja.\n\nMvh\nBo"


@pytest.mark.parametrize(
    ("above", "more"),
    [
        ("Tlf: 11 22 33 44", ""),
        ("Mobile: +45 11 22 33 44", "Importance: High\nSensitivity: Private\n"),
        ("Hi", "Categories: Offers\n"),
        ("web: nordwind.example", "Cc: Ida Lund <ida@nordwind.example>;\n Ole <ole@x.example>\n"),
    ],
)
def test_header_below_a_signature_or_with_own_fields_is_recognised(above: str, more: str) -> None:
    header = f"Fra: Eva Holm\nSendt: 3. februar 2026 10:12\nTil: Bo\n{more}Emne: Halle\n"
    assert strip_quoted_mails(f"Ja tak.\n{above}\n{header}\nPasser uge 12?") == f"Ja tak.\n{above}"


@pytest.mark.parametrize(
    "words",
    [
        *("Original Message", "Oprindelig meddelelse", "Oprindelig besked", "Originalmeddelande"),
        *("Ursprungligt meddelande", "Opprinnelig melding", "Opprinnelig e-post"),
        *("Ursprüngliche Nachricht", "Originalnachricht", "Oorspronkelijk bericht"),
        *("Origineel bericht", "Alkuperäinen viesti", "Message d'origine", "Original Appointment"),
    ],
)
@pytest.mark.parametrize("form", ["-----{}-----", "-------- {} --------", "> ----- {} -----"])
def test_separator_line_of_a_program_is_enough(words: str, form: str) -> None:
    assert strip_quoted_mails(f"New.\n\n{form.format(words)}\n\n> Old.") == "New."
    quote = "> " if form.startswith(">") else ""
    assert strip_quoted_mails(f"New.\n\n{form.format(words.upper())}\n{quote}Old.") == "New."


@pytest.mark.parametrize(
    "text",
    [
        "In 2026 Eva wrote a list of 14 pallets, 3 of them grey:\nlow, high, higher.",
        "Send it to eva@kunde.example, and then write below it what Ida wrote on the list:\n14",
        "Vi ses den 3. februar 2026 kl. 10.12, og så skrev Kim at du har nøglen, tak:\n1",
        "Ring 20 30 40 50\nog spørg efter Eva.",
        "Am 3. Mai um 10:12 schrieb mir Herr Holm:\nDie Halle ist frei.\nAlso los.",
        "Op 3 mei 2026 om 10:12 schreef ik hem:\nDe hal is vrij.\nDus doen.",
        "Price: 10\nDate: 3 May 2026 10:12\nFrom: 14 pallets on\nSubject: to change",
        "Von: 08:00\nAn: 16:30\nDatum: 03.02.2026",
        "Name: Eva\nFrom: eva@kunde.example\nDate: 03-02-2026 10:12\nSubject: Price\nText: hello",
        "The answer:\n\n> On the one hand\n> it is grey.\n\nOn the other it is green.",
        "> He wrote:\n> It is grey.\n\nIs it?",
        "Please write your name above this line, and the date below this line.",
        ">>> Click here <<<\n>>> 3 Feb 2026 10:12 >>>\nThen go on.",
        "Kunden skrev i går:\n\n> Hallen er fri.\n\nSkal vi tage den?",
        "The customer wrote on 3 February 2026:\n\n> The hall is free.\n\nShall we take it?",
        "Unser Kunde schrieb dazu:\n> Passt.\nAlso los.",
        "Kunden skriver:\n> Hallen är ledig.\nTar vi den?",
        "Von: Kiel/Hafen\nAn: Odense\nDatum: 03.02.2026 10:12\nBetreff: 12 Paletten",
        "Fra: Hamburg\nTil: Aarhus\nDato: 3. maj 2026 kl. 10:00\nEmne: 12 paller\nBekræft.",
        "From: Kiel (eva@kunde.example)\nTo: Odense\nDate: 3 May 10:12\nWeight: 12 t",
        "New\n\nFrom: Eva <eva@x.example>\nSubject: x\nDate: 3 May 2026 10:12\n\nMessage:\nHi",
        "---- Delivery ----\nMonday\n---- Payment ----\n30 days",
    ],
)
def test_words_of_the_author_stay(text: str) -> None:
    assert strip_quoted_mails(text) == text


def test_quote_of_the_author_stays_unless_it_has_an_attribution() -> None:
    own = "<p>It says:</p><blockquote{}>Week 12.{}</blockquote><p>No.</p>"
    for mark in (' class="gmail_quote"', ' type="cite"', ""):
        assert _new(own.format(mark, "")) == "It says:\n\n> Week 12.\n\nNo."
    header = "<div>On 3 Feb 2026, at 10:12, Eva wrote:</div>"
    quoted = f"<p>No.</p><blockquote type='cite'>{header}Week 12?</blockquote>"
    assert _new(quoted) == "No."
    assert _new("<p>No.</p><blockquote type='cite'>Week 12?</blockquote>") == "No."


def _new(html: str) -> str:
    return read_mail_body("Re: x", html, is_html=True, part=TextPart.NEW_OR_ALL).text


def test_answers_between_quoted_lines_stay_with_these_lines() -> None:
    header = "Den 3. feb. 2026 kl. 10.12 skrev Eva &lt;eva@kunde.example&gt;:"
    pairs = "one?{}<div>One.</div>{}two?</blockquote><div>Two.</div>"
    apple = f"<blockquote type=cite><div>{header}</div>{pairs}"
    bird = f"<div class=moz-cite-prefix>{header}</div><blockquote type=cite>{pairs}"
    gmail = f"<div class=gmail_quote>{header}<blockquote class=gmail_quote>{pairs}</div>"
    for html in (apple, bird, gmail):
        body = html.format("</blockquote>", "<blockquote type=cite>")
        assert _new(f"<p>Hi</p>{body}") == "Hi\n\n> one?\n\nOne.\n\n> two?\n\nTwo."


def test_outlooks_line_is_enough_in_an_unknown_language() -> None:
    styles = [
        "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm",
        "border: none; border-top: solid #B5C4DF 1.0pt; padding: 3.0pt 0in 0in 0in",
        "border-right: none; border-top: 1pt solid rgb(225, 225, 225); padding: 3pt 0cm 0cm",
    ]
    for style in styles:
        header = f"<div style='{style}'><b>Feladó:</b> Eva<br><b>Elküldve:</b> 2026</div>"
        assert _new(f"<p>Jó.</p>{header}<p>Régi.</p>") == "Jó."


MARKED = {
    "Outlook for Mac": "<p>{new}</p><span id='OLK_SRC_BODY_SECTION'>{old}</span>",
    "Word": "<p>{new}</p><p><a name='_MailOriginal'>From: Kim</a></p><p>{old}</p>",
    "Hotmail": "<p>{new}</p><hr id='stopSpelling'>Date: Tue<br>{old}",
    "Zimbra": "<p>{new}</p><hr data-marker='__DIVIDER__'><div>{old}</div>",
    "Zoho": "<p>{new}</p><div class='zmail_extra'>---- {old}</div>",
    "quoted by Outlook on the web": "<p>{new}</p><div class='x_x_gmail_quote'>{old}</div>",
    "Roundcube": "<p>{new}</p><p id='reply-intro'>Den 3.2. skrev Kim:</p>"
    "<blockquote type='cite'>{old}</blockquote>",
    "Airmail": "<p>{new}</p><p class='airmail_on'>Am 3.2.</p>"
    "<blockquote class='clean_bq' type='cite'>{old}</blockquote>",
    "Tutanota": "<p>{new}</p><div>3. Feb. 2026, 10:12 von kim@kunde.example:</div>"
    "<blockquote class='tutanota_quote'>{old}</blockquote>",
    "K-9": "<p>{new}</p><div class='gmail_quote'>On 3 Feb, Kim wrote:<blockquote>{old}"
    "</blockquote></div>",
}


@pytest.mark.parametrize("html", MARKED.values(), ids=MARKED)
def test_text_that_programs_mark_as_quoted_is_cut(html: str) -> None:
    new = _new(html.format(new="Ja tak.", old="Skal vi?"))
    assert "Skal vi?" not in new
    assert new.startswith("Ja tak.")
    assert "Skal vi?" in _new(html.format(new="", old="Skal vi?"))


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "FW: x",
            "Fwd: x",
            "FWD : x",
            "VS: x",
            "VB: x",
            "WG: x",
            "Doorst: x",
            "TR: x",
            "Fw[2]: x",
        ),
        *("[EXTERNAL] Fwd: x", "[EXT][SPAM?] WG: x", "EXTERN: VS: x", "*EXT* VB: x", "Fwd (2): x"),
        *("[webshop #12] Fwd: x", "[#12] [EXT] WG: x", "CAUTION: FW: x", "Vidarebefordra: x"),
        *("(EKSTERN) VS: x", "External - FW: x", "Vidarebefordrat: x", "Weitergeleitet: x"),
        *("Videresendt: x", "Doorgestuurd: x", "FW\uff1a x", " {Disarmed} Fwd: x"),
    ],
)
def test_forwarded_text_stays(subject: str) -> None:
    assert is_forward(subject)
    html = "<p>FYI</p><div id='divRplyFwdMsg'><b>Fra:</b> Kim</div><div>Skal vi?</div>"
    text = read_mail_body(subject, html, is_html=True, part=TextPart.NEW_OR_ALL).text
    assert "Skal vi?" in text
    assert QUOTE_MARK not in text


@pytest.mark.parametrize(
    "subject",
    ["SV: x", "RE: FW: x", "AW: WG: x", "Forward planning: x", "Vision: x", "In: x", "[VS] x", ""],
)
def test_answer_to_a_forward_is_no_forward(subject: str) -> None:
    assert not is_forward(subject)


@pytest.mark.parametrize(
    "rule",
    [
        *("---------- Forwarded message ---------", "----- Forwarded by Eva on 03-02-2026 -----"),
        *("-------- Videresendt besked --------", "---- Vidarebefordrat meddelande ----"),
        *("-------- Weitergeleitete Nachricht --------", "-------- Doorgestuurd bericht --------"),
        *("-------- Videresendt melding --------", "Begin forwarded message:"),
        *("Forwarded message:", "Videresendt meddelelse:", "Videresendt melding:"),
        *("Vidarebefordrat brev:", "Vidarebefordrat meddelande:", "Weitergeleitete Nachricht:"),
        *("Doorgestuurd bericht:", "Påbörjat vidarebefordrat brev:", "*Forwarded e-mail:*"),
        *("Starten på den videresendte besked:", "Börjar vidarebefordrat mejl:"),
        *("Anfang der weitergeleiteten Nachricht:", "Start på videresendt besked:"),
        *(
            "Begin doorgestuurd bericht:",
            "Start doorgestuurd bericht:",
            "Början på vidarebefordrat brev:",
        ),
    ],
)
def test_separator_line_of_a_forward_makes_a_forward_unless_it_is_quoted(rule: str) -> None:
    passed_on = f"{rule}\n\nFrom: Eva <eva@kunde.example>\nSubject: Hall\n\nThe hall is free."
    quoted = "\n".join(f"> {line}" for line in passed_on.split("\n"))
    header = "On 3 Feb 2026, at 10:12, Eva Holm wrote:"
    for passed in (passed_on, quoted):
        assert new_text("Hall", f"See below.\n\n{passed}") == f"See below.\n\n{passed}"
        assert new_text("Re: Hall", f"Thanks.\n\n{header}\n\n{passed}") == "Thanks."


@pytest.mark.parametrize(
    "line",
    [
        *("Thanks for the forwarded message:", "Tak for den videresendte mail:"),
        *("He forwarded it to me:", "I read the message that you forwarded last week:"),
        *("Forwarded:", "Vi har videresendt din besked til lageret, og de svarer:"),
    ],
)
def test_sentence_about_a_forward_is_no_forward(line: str) -> None:
    assert not is_forward("Hall", f"{line}\nThe hall is free.")


def test_forward_inside_a_marked_quote_is_no_forward() -> None:
    rule = "---------- Forwarded message ---------"
    reply = f"<p>Jó.</p><div id='divRplyFwdMsg'><b>Feladó:</b> Eva</div><p>FYI</p><p>{rule}</p>"
    assert _new(reply) == "Jó."
    forward = f"<p>Jó.</p><div class='gmail_quote'><div class='gmail_attr'>{rule}</div>Hall</div>"
    assert "Hall" in _new(forward)


def test_pictures_of_the_quoted_mail_are_left_out_with_it() -> None:
    new, old = "<p>x <img src='cid:new@1'></p>", "<img src='cid:old@1'>"
    html = f"{new}<div id='divRplyFwdMsg'><b>From:</b> Eva</div>{old}"
    for part in (TextPart.NEW, TextPart.NEW_OR_ALL):
        read = read_mail_body("Re: x", html, is_html=True, part=part)
        assert (read.cids, read.left_out_cids) == (("new@1",), ("old@1",))
    read = read_mail_body("Fwd: x", html, is_html=True, part=TextPart.NEW_OR_ALL)
    assert (read.cids, read.left_out_cids) == (("new@1", "old@1"), ())


@given(any_text, st.booleans())
def test_no_text_is_lost_completely_and_none_raises(body: str, is_html: bool) -> None:
    whole, new = (
        read_mail_body("", body, is_html=is_html, part=part).text
        for part in (TextPart.WHOLE, TextPart.NEW_OR_ALL)
    )
    assert bool(new) is bool(whole)
    assert set(new.split()) <= set(whole.split())


_UNITS = [" ", ">", "> ", "On ", ":", "x", "a@b.", "-", "- ", "_", "<a@b.c> ", "10:12 ", "3 Feb "]
_UNITS += ["wrote:", "(", "[", "From: ", "##-", "--a", "\u00a0", ".,", "kl. 1", QUOTE_MARK]
_LINES = [
    "",
    "On Mon, Feb 3 2026",
    "Eva wrote:",
    "Eva wrote:\n> a\nb",
    "On 3 Feb 2026, at 10:12, Eva wrote:\n> a\nb",
    "From: a",
    "From: a\nSent: b\nTo: c\nSubject: d",
    "Subject: a\n" + "x\n" * 10,
    "From: a\nTo: a@b.c;\n" + " a@b.c;\n" * 30,
    "--- forwarded x",
    "> " + "x" * 70 + "\nb",
    "> a\n\nb\n",
    f"{QUOTE_MARK}\n> a\n{QUOTE_MARK}\n",
]
_SIZE = 100_000
HOSTILE = {
    **{f"a line of {unit!r}": unit * (_SIZE // len(unit)) for unit in _UNITS},
    **{f"long lines of {unit!r}": ((unit * 300)[:290] + "\n") * (_SIZE // 291) for unit in _UNITS},
    **{f"lines of {line[:20]!r}": f"{line}\n" * (_SIZE // (len(line) + 1)) for line in _LINES},
}


@pytest.mark.timed
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_the_square_of_its_length(text: str) -> None:
    """The texts are nearly as long as the product reads; quadratic time would be hours."""
    above = "New.\n\nOn 3 Feb 2026, at 10:12, Eva Holm wrote:\n> Old.\n"
    begun = time.process_time()
    new_text("Re: x", text + above + text)
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("between", [" ", "\n"])
def test_a_sender_behind_an_iso_date_begins_the_quoted_mail(between: str) -> None:
    sender = f"2026-03-01 12:30 GMT+01:00 Eva Holm{between}<eva@kunde.example>:"
    assert strip_quoted_mails(f"Thanks\n\n{sender}\n> old\n") == "Thanks"


def test_a_repeated_field_ends_the_header() -> None:
    header = "From: a@x.example\nSent: 1 March 2026 12:00\nTo: b@x.example\nSubject: x\n"
    assert strip_quoted_mails(f"Thanks\n\n{header}From: again\n\nold") == "Thanks"
