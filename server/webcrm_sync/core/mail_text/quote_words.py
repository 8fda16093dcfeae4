"""The words that mail programs write before a quoted mail, in lower case.

They come from the programs' own mails in Danish, Swedish, Norwegian, German, Dutch and English, and
in other languages of customers.
"""

from __future__ import annotations

from typing import Final

#: The header fields of a quoted mail by kind. "other": part of a header, without further meaning.
FIELDS: Final[dict[str, str]] = {}
for _kind, _names in {
    "from": "from fra frå från von van de lähettäjä da od от",
    "sent": "sent sendt skickat gesendet verzonden envoyé lähetetty enviado inviato отправлено",
    "date": "date dato datum päiväys päivämäärä fecha data дата",
    "to": "to til till an aan à vastaanottaja para a do pour кому",
    "copy": "cc kopi kopia kopie copie kopio bcc копия",
    "subject": "subject emne ämne betreff onderwerp objet aihe asunto oggetto assunto temat тема",
}.items():
    FIELDS.update(dict.fromkeys(_names.split(), _kind))
_OTHER_FIELDS = (
    "attachments|vedhæftede filer|vedhæftet|bifogade filer|vedlegg|anlagen|anlage|bijlagen|bijlage|"
    "pièces jointes|liitteet|importance|priority|prioritet|vigtighed|viktighet|wichtigkeit|"
    "priorität|urgentie|sensitivity|følsomhed|organization|sender|reply-to|svar til|svara till|"
    "antwort an|antwoord aan|resent-from"
)
FIELDS.update(dict.fromkeys(_OTHER_FIELDS.split("|"), "other"))

#: A pattern for "wrote": between a name and a date, or before or after both.
WROTE: Final = (
    r"wrote|writes|skrev|skreiv|schrieb|geschrieben|schreef|geschreven|kirjoitti|a écrit|escribió|"
    r"ha scritto|escreveu|napisał(?:\(?a\)?)?|napsal(?:\(a\))?|написал(?:\(а\))?"
)

#: "quoting", before a name at the beginning of a line (Horde, IMP).
QUOTING: Final = r"quoting|zitat von|citerar|citat af|citat från|sitat fra|citeren"

#: "on" or "the", before a date at the beginning of a line.
ON: Final = r"on|at|am|den|op|le|på|el|il|em|dnia|dne"

#: The words before a time of day.
AT: Final = r"kl\.?|klo|kello|um|om|at|à|alle|às"

#: The first letters of month names.
MONTHS: Final = (
    r"jan|feb|fev|fév|mar|mär|mrt|maa|apr|avr|abr|maj|mai|may|mei|mag|jun|juin|jui|giu|jul|lug|"
    r"aug|aoû|ago|sep|set|okt|oct|ott|nov|dec|dez|déc|des|dic|tam|hel|huh|tou|kes|hei|elo|syy|lok|"
    r"jou|ene|gen|sty|lut|kwi|cze|lip|sie|wrz|paź|lis|gru"
)

#: Small words that a program's sentence has next to a name: for the date, the name or the verb.
BESIDE_NAMES: Final = (
    rf"(?:{ON}|{AT}|the|den|der|von|van|de|af|av|via|from|for|and|og|och|und|en|uhr|hat|heeft|ha|"
    r"het|volgende|folgendes|følgende|följande|man|tir|ons|tor|fre|lør|søn|mån|tis|lör|sön|maa|din|"
    r"woe|don|vri|zat|zon|di|wo|vr|za|zo|ma|ti|ke|to|pe|la|su)"
)

#: People who tell a story use pronouns, programs use names. With case.
PRONOUNS: Final = (
    r"(?<![\w/&-])(?:he|she|we|they|you|me|us|him|her|them|I(?!\.)|ich|er|wir|mir|uns|ihm|ihnen|"
    r"jeg|han|hun|vi|mig|meg|os|oss|dere|jag|hon|ni|ik|hij|zij|ze|wij|mij|hem|haar|jullie|hän|nous|"
    r"vous|elle)(?![\w/&-])|"
    r"^(?:He|She|We|They|You|Er|Sie|Wir|Han|Hun|Vi|Hon|Ni|Hij|Zij|Wij) (?=[a-zæøåäöü])|"
    r"\b(?:haben|schrieben|hatten) Sie\b"
)

_FORM_FIELDS = (
    "message besked meddelelse meddelande melding nachricht bericht viesti text tekst kommentar "
    "comment comments phone telefon telefoon tlf name navn namn naam company firma"
)
#: Fields of web forms, which no mail header has.
FORM_FIELDS: Final = frozenset(_FORM_FIELDS.split())

_ORIGINAL = (
    "original message|original mail|original appointment|reply message|"
    "oprindelig meddelelse|oprindelig besked|oprindelig mail|oprindelig aftale|"
    "original meddelelse|original besked|"
    "ursprungligt meddelande|originalmeddelande|ursprungligt mail|ursprunglig avtalad tid|"
    "ursprungligt e-postmeddelande|"
    "opprinnelig melding|opprinnelig e-post|opprinnelig avtale|original melding|"
    "opprinnelig beskjed|opphavleg melding|"
    "ursprüngliche nachricht|originalnachricht|original-nachricht|original nachricht|"
    "ursprüngliche mail|ursprüngliche e-mail|ursprünglicher termin|antwort nachricht|"
    "originalmail|"
    "oorspronkelijk bericht|origineel bericht|oorspronkelijke afspraak|originele bericht|"
    "oorspronkelijke mail|"
    "alkuperäinen viesti|message d'origine|message d’origine|message original|"
    "mensaje original|messaggio originale|mensagem original|oryginalna wiadomość"
)
#: Between dashes, above the mail that is being answered.
ORIGINAL: Final = frozenset(_ORIGINAL.split("|"))

#: The request of ticket systems, at the end of a line between marks.
ABOVE_THIS_LINE: Final = (
    r"above this line|(?:over|ovenfor|ovenover) denne linjen?|(?:ovanför|över) (?:den här raden|"
    r"denna rad)|(?:über|oberhalb) dieser Zeile(?: ein)?|boven deze (?:regel|lijn)"
)

#: "forwarded", in a line between dashes or in one from "begin" to a colon.
FORWARDED: Final = (
    r"forwarded|videresendt|videresend|vidarebefordra|weitergeleitet|doorgestuurd|doorgezonden|"
    r"välitetty|transféré|réexpédié|reenviado|inoltrato|encaminhada"
)
#: The beginning of such a line without dashes (Apple Mail).
BEGIN: Final = r"begin|start|start på|anfang|början på|debut|début|inicio|inizio"
#: The same as verbs, and as nouns with their article.
BEGINS: Final = r"start|begin|began|begynn|börja|påbörja|anfang"
#: "message", in such a line.
MESSAGE: Final = (
    r"message|e-?mail|meddelelsen?|besked(?:en)?|meddelandet?|brevet|brev|mejlet|mejl|melding(?:en)?"
    r"|nachricht|bericht|viesti"
)

#: The prefixes of an answer's subject.
ANSWER_MARKS: Final = r"re|sv|aw|antw|ad|vs|svar|antwort|antwoord|r[eé]f"

#: The prefixes of a forward's subject.
FORWARD_MARKS: Final = (
    r"fwd?|fw|vs|vb|wg|doorst|tr|i|vl|rv|enc|pd|videresendt|videresend|videresending|"
    r"vidarebefordr(?:a|at|an|as)|weitergeleitet|weiterleitung|"
    r"doorgestuurd|forwarded|forward|transf|välitetty|transféré"
)
#: A gateway's prefixes of a subject without brackets, followed by a colon or dash.
GATEWAY_MARKS: Final = (
    r"ext|extern|external|externe|externt|ekstern|eksternt|ulkoinen|externes|caution"
)
