"""The texts of the bench's mails: neutral sentences about halls, cranes and orders."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language. `headers`: From, Sent, To, Subject; `wrote`: before a quote."""

    code: str
    greeting: str
    sentences: tuple[str, ...]
    closing: str
    title: str
    items: tuple[str, ...]
    headings: tuple[str, str, str]
    headers: tuple[str, str, str, str]
    sent: str
    wrote: str
    notice: str
    farewell: str


ENGLISH = Language(
    "en",
    "Dear Ann,",
    (
        "the crane comes on Monday at 7:30, and the hall is free from then on.",
        "The price for 12 pieces is 1,500.00 EUR, delivered to the site.",
        "Please check the drawing once more; the gate is 3.5 m wide, not 3.2 m.",
        "We can't begin before the permit (no. 2026/117-B) is here.",
        "Our fitter needs electricity, water and a dry place for the tools.",
        "If it rains, we'll move the work to Thursday or Friday.",
        "The floor carries 10 tons per square metre: that is enough for the lift-truck.",
        "I attach the revised offer and the list of colours.",
        "Who opens the gate on Saturday morning?",
        "The old doors go back to the factory, free of charge.",
    ),
    "Kind regards",
    "Sales engineer",
    ("Roof panel", "Steel door", "Gutter, left", "Screws (100 pcs.)", "Window 90 x 120"),
    ("Item", "Quantity", "Amount"),
    ("From", "Sent", "To", "Subject"),
    "Tuesday, 3 February 2026 10:12",
    "On Tue, Feb 3, 2026 at 10:12 AM Eva Holm <eva@kunde.example> wrote:",
    "CAUTION: This mail comes from outside. Do not open links that you do not expect.",
    "You get this letter because you asked for it. Unsubscribe here.",
)
DANISH = Language(
    "da",
    "Kære Ann",
    (
        "Kranen kommer på mandag kl. 7.30, og hallen er ledig fra da af.",
        "Prisen for 12 stk. er 1.500,00 kr. leveret på pladsen.",
        "Se venligst på tegningen igen; porten er 3,5 m bred og ikke 3,2 m.",
        "Vi kan ikke begynde, før tilladelsen (nr. 2026/117-B) er her.",
        "Montøren skal bruge strøm, vand og et tørt sted til værktøjet.",
        "Hvis det regner, flytter vi arbejdet til torsdag eller fredag.",
        "Gulvet bærer 10 tons pr. kvadratmeter: det er nok til trucken.",
        "Jeg vedlægger det nye tilbud og listen over farver.",
        "Hvem åbner porten lørdag morgen?",
        "De gamle døre går retur til fabrikken uden beregning.",
    ),
    "Med venlig hilsen",
    "Salgsingeniør",
    ("Tagplade", "Ståldør", "Tagrende, højre", "Skruer (100 stk.)", "Vindue 90 x 120"),
    ("Vare", "Antal", "Beløb"),
    ("Fra", "Sendt", "Til", "Emne"),
    "3. februar 2026 10:12",
    "Den tir. 3. feb. 2026 kl. 10.12 skrev Eva Holm <eva@kunde.example>:",
    "ADVARSEL: Denne mail kommer udefra. Åbn ikke links, som du ikke venter.",
    "Du får dette brev, fordi du har bedt om det. Afmeld det her.",
)
SWEDISH = Language(
    "sv",
    "Hej Ann!",
    (
        "Kranen kommer på måndag kl. 7.30, och hallen är ledig från och med då.",
        "Priset för 12 st. är 1 500,00 kr levererat till platsen.",
        "Titta gärna på ritningen en gång till; porten är 3,5 m bred, inte 3,2 m.",
        "Vi kan inte börja förrän tillståndet (nr 2026/117-B) är här.",
        "Montören behöver el, vatten och ett torrt ställe för verktygen.",
        "Om det regnar flyttar vi arbetet till torsdag eller fredag.",
        "Golvet bär 10 ton per kvadratmeter: det räcker för trucken.",
        "Jag bifogar den nya offerten och listan över färger.",
        "Vem öppnar porten på lördag morgon?",
        "De gamla dörrarna går tillbaka till fabriken utan kostnad.",
    ),
    "Med vänliga hälsningar",
    "Säljare",
    ("Takplåt", "Ståldörr", "Hängränna, höger", "Skruvar (100 st.)", "Fönster 90 x 120"),
    ("Vara", "Antal", "Belopp"),
    ("Från", "Skickat", "Till", "Ämne"),
    "den 3 februari 2026 10:12",
    "Den tis 3 feb. 2026 kl 10:12 skrev Eva Holm <eva@kunde.example>:",
    "VARNING: Det här mejlet kommer utifrån. Öppna inga länkar som du inte väntar dig.",
    "Du får det här brevet för att du har bett om det. Avsluta det här.",
)
NORWEGIAN = Language(
    "nb",
    "Hei Ann,",
    (
        "Kranen kommer på mandag kl. 7.30, og hallen er ledig fra da av.",
        "Prisen for 12 stk. er 1 500,00 kr levert på plassen.",
        "Se gjerne på tegningen en gang til; porten er 3,5 m bred og ikke 3,2 m.",
        "Vi kan ikke begynne før tillatelsen (nr. 2026/117-B) er her.",
        "Montøren trenger strøm, vann og et tørt sted til verktøyet.",
        "Hvis det regner, flytter vi arbeidet til torsdag eller fredag.",
        "Gulvet bærer 10 tonn per kvadratmeter: det holder for trucken.",
        "Jeg legger ved det nye tilbudet og listen over farger.",
        "Hvem åpner porten lørdag morgen?",
        "De gamle dørene går tilbake til fabrikken uten kostnad.",
    ),
    "Vennlig hilsen",
    "Selger",
    ("Takplate", "Ståldør", "Takrenne, høyre", "Skruer (100 stk.)", "Vindu 90 x 120"),
    ("Vare", "Antall", "Beløp"),
    ("Fra", "Sendt", "Til", "Emne"),
    "tirsdag 3. februar 2026 10:12",
    "tir. 3. feb. 2026 kl. 10:12 skrev Eva Holm <eva@kunde.example>:",
    "ADVARSEL: Denne e-posten kommer utenfra. Ikke åpne lenker som du ikke venter.",
    "Du får dette brevet fordi du har bedt om det. Meld deg av her.",
)
GERMAN = Language(
    "de",
    "Sehr geehrte Frau Lind,",
    (
        "der Kran kommt am Montag um 7:30 Uhr, und die Halle ist ab dann frei.",
        "Der Preis für 12 Stück beträgt 1.500,00 € frei Baustelle.",
        "Bitte prüfen Sie die Zeichnung noch einmal; das Tor ist 3,5 m breit, nicht 3,2 m.",
        "Wir können erst beginnen, wenn die Genehmigung (Nr. 2026/117-B) da ist.",
        "Der Monteur braucht Strom, Wasser und einen trockenen Platz für das Werkzeug.",
        "Falls es regnet, verschieben wir die Arbeit auf Donnerstag oder Freitag.",
        "Der Boden trägt 10 Tonnen je Quadratmeter: das genügt für den Stapler.",
        "Anbei das überarbeitete Angebot und die Liste der Farben.",
        "Wer öffnet am Samstagmorgen das Tor in der Grünen Straße?",
        "Die alten Türen gehen ohne Berechnung zurück ins Werk.",
    ),
    "Mit freundlichen Grüßen",
    "Vertrieb Innendienst",
    ("Dachplatte", "Stahltür", "Dachrinne, links", "Schrauben (100 St.)", "Fenster 90 x 120"),
    ("Artikel", "Menge", "Betrag"),
    ("Von", "Gesendet", "An", "Betreff"),
    "Dienstag, 3. Februar 2026 10:12",
    "Am Di., 3. Feb. 2026 um 10:12 Uhr schrieb Eva Holm <eva@kunde.example>:",
    "ACHTUNG: Diese Nachricht kommt von außen. Öffnen Sie keine unerwarteten Links.",
    "Sie erhalten diesen Brief, weil Sie ihn bestellt haben. Hier abbestellen.",
)
DUTCH = Language(
    "nl",
    "Beste Ann,",
    (
        "De kraan komt maandag om 7.30 uur, en de hal is vanaf dan vrij.",
        "De prijs voor 12 stuks is € 1.500,00, geleverd op de bouwplaats.",
        "Bekijk de tekening nog eens; de poort is 3,5 m breed, geen 3,2 m.",
        "We kunnen pas beginnen als de vergunning (nr. 2026/117-B) er is.",
        "De monteur heeft stroom, water en een droge plek voor zijn gereedschap nodig.",
        "Als het regent, verzetten we het werk naar donderdag of vrijdag.",
        "De vloer draagt 10 ton per vierkante meter: dat is genoeg voor de heftruck.",
        "Ik stuur de nieuwe offerte en de lijst met kleuren mee.",
        "Wie doet er zaterdagochtend de poort open?",
        "De oude deuren gaan kosteloos terug naar de fabriek; foto's volgen.",
    ),
    "Met vriendelijke groet",
    "Verkoop binnendienst",
    ("Dakplaat", "Stalen deur", "Dakgoot, links", "Schroeven (100 st.)", "Raam 90 x 120"),
    ("Artikel", "Aantal", "Bedrag"),
    ("Van", "Verzonden", "Aan", "Onderwerp"),
    "dinsdag 3 februari 2026 10:12",
    "Op di 3 feb 2026 om 10:12 schreef Eva Holm <eva@kunde.example>:",
    "LET OP: Dit bericht komt van buiten. Open geen links die je niet verwacht.",
    "Je krijgt deze brief omdat je erom vroeg. Meld je hier af.",
)
LANGUAGES = (DANISH, SWEDISH, NORWEGIAN, GERMAN, DUTCH, ENGLISH)


class Writer:
    """Writes the contents of one mail; the same seed writes the same contents."""

    def __init__(self, language: Language, seed: int) -> None:
        self.language = language
        self.rng = random.Random(f"{language.code} {seed}")

    def paragraphs(self, count: int) -> list[str]:
        """`count` paragraphs of plain text, with one to eight sentences each."""
        return [
            " ".join(self.rng.choices(self.language.sentences, k=self.rng.randint(1, 8)))
            for _ in range(count)
        ]

    def lines(self, count: int) -> list[tuple[str, str, str]]:
        """`count` lines of an order: item, quantity, price."""
        return [
            (
                self.rng.choice(self.language.items),
                str(self.rng.randint(1, 40)),
                f"{self.rng.randint(1, 9)}.{self.rng.randint(100, 999)},{self.rng.choice('05')}0",
            )
            for _ in range(count)
        ]

    def reference(self) -> str:
        """A number like those of orders and tickets."""
        return f"{self.rng.choice('ABKST')}-{self.rng.randint(10_000, 99_999)}"
