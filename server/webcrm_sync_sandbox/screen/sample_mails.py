"""The mails on the screen: everyday mails of invented people at example domains."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from webcrm_sync_sandbox.outlook.mail import Mail, Person
from webcrm_sync_sandbox.outlook.store import Item
from webcrm_sync_sandbox.screen.sample_files import drawing, pdf, table

BO = Person("bo@havnebyg.example", "Bo Mathiesen")
LIS = Person("lis@skovby.example", "Lis Lund")
MAX = Person("max@musterbau.example", "Max Muster")
OLA = Person("ola@fjordbris.example", "Ola Strand")
KAJA = Person("kaja@kantinekaffe.example", "Kaja Holm")
NINA = Person("nina@nyhavnmarine.example", "Nina Riis")
TOVE = Person("tove@havnebyg.example", "Tove Kjær")
NEWS = Person("news@havneblad.example", "Havnebladet")
KIM = Person("kim@nordwind.example", "Kim Nordwind")
IVO = Person("ivo@nordwind.example", "Ivo Nordwind")
SALES = Person("sales@nordwind.example", "Sales Nordwind")
UMA = Person("uma@nordwind.example", "Uma Nordwind")


@dataclass(frozen=True, slots=True)
class SampleMail:
    """A mail that is in a mailbox when the screen opens."""

    hours_ago: float
    mail: Mail
    folder: str = "inbox"


@dataclass(frozen=True, slots=True)
class DeliverableMail:
    """A mail that can be delivered on demand, to the person whose Outlook is open."""

    key: str
    title: str
    mail: Mail


def again(item: Item) -> Mail:
    """Another mail of the same sender."""
    subject = item.subject.removeprefix("Re: ")
    body = "<p>Hello again,</p><p>one more thing on this: could you call me tomorrow?</p>"
    return Mail(f"Re: {subject}", item.author, (), body=body)


def _reply(text: str, who: str, quoted: str) -> str:
    """A reply as Outlook writes it, with the quoted mail below."""
    return (
        f"{text}<hr><p><b>From:</b> {who}</p>"
        f'<blockquote style="margin:0 0 0 .6em;padding-left:.8em;border-left:2px solid #8a8a8a">'
        f"{quoted}</blockquote>"
    )


_BOXES = (
    "<p>Hi Kim,</p><p>do you have fish boxes for week 48? We need about 400.</p><p>Ola</p>",
    "<p>Hi Ola,</p><p>yes, 400 are on stock. Shall they come on pallets?</p><p>Kim</p>",
    "<p>On pallets, please. And can the driver be there before seven?</p>",
    "<p>Before seven is possible, the ramp must be free though.</p>",
    "<p>The ramp is free from six. Who pays the tolls?</p>",
    "<p>The tolls are ours this time.</p>",
    "<p>Great. Please confirm 400 boxes, six pallets, Thursday 06:30.</p><p>Ola</p>",
)
_THREAD = reduce(
    lambda below, turn: _reply(turn[1], ("Kim Nordwind", "Ola Strand")[turn[0] % 2], below),
    enumerate(_BOXES[1:]),
    _BOXES[0],
)

_QUAY = Mail(
    "Tilbud på ny kaj – tegninger",
    BO,
    KIM,
    body="<p>Hej Kim,</p><p>her er tegningen af den nye kaj. Kan I sende et tilbud på de 48 meter "
    "inden fredag?</p><p><img src='cid:quay' alt='Tegning: kaj på 48 meter' width='420'></p>"
    "<p>Venlig hilsen<br>Bo</p>",
    attachments=(drawing(), pdf("kaj-plan.pdf", "Kaj, 48 m")),
)
_BENCHES = Mail(
    "Sv: Leveringstid på bænke",
    LIS,
    KIM,
    body=_reply(
        "<p>Hej Kim,</p><p>uge 50 er fint. Kan de males grønne?</p><p>Lis</p>",
        "Kim Nordwind",
        "<p>Hej Lis,</p><p>vi kan levere de 12 bænke i uge 50.</p>",
    ),
)
_PARTS = Mail(
    "AW: Ersatzteile für Anlage 4",
    MAX,
    KIM,
    cc=(SALES,),
    body=_reply(
        "<p>Guten Tag Frau Nordwind,</p><p>anbei die Liste. Bitte alle Größen prüfen, vor allem "
        "die Dichtungen.</p><p>Mit freundlichen Grüßen<br>Max Muster</p>",
        "Kim Nordwind",
        "<p>Guten Tag Herr Muster,</p><p>welche Teile brauchen Sie?</p>",
    ),
    attachments=(table("ersatzteile.csv", ("Teil;Stück", "Dichtung 40 mm;12", "Kette;2")),),
)
_UNKNOWN = Mail(
    "Question about your price list",
    NINA,
    KIM,
    body="<p>Dear Sir or Madam,</p><p>we are a new company in the harbour and would like to have "
    "your current price list for mooring posts.</p><p>Kind regards</p><p><b>Nina Riis</b><br>"
    "Purchasing Manager<br>Nyhavn Marine Service ApS<br>Phone: +45 98 00 44 21<br>"
    "www.nyhavnmarine.example</p>",
)
_SALARY = Mail(
    "Fortroligt: ny direktør fra 1. januar",
    TOVE,
    KIM,
    body="<p>Hej Kim,</p><p>kun til dig: Bo bliver direktør. Det er ikke offentligt endnu.</p>"
    "<p>Tove</p>",
    headers=(("Sensitivity", "Private"),),
)
_TWO = Mail(
    "Fælles levering: bænke og fendere",
    BO,
    KIM,
    cc=(LIS,),
    body="<p>Hej Kim,</p><p>kan Skovbys bænke og vores fendere komme på samme bil i uge 50? "
    "Lis er med på cc.</p><p>Bo</p>",
)
_COFFEE = Mail(
    "Kaffemaskiner til kantinen",
    KAJA,
    KIM,
    body="<p>Hej Kim,</p><p>vi skal bruge to nye maskiner. Sender du et tilbud?</p><p>Kaja</p>",
)
_LUNCH = Mail(
    "Lunch on Friday?",
    IVO,
    KIM,
    cc=(UMA,),
    body="<p>Fish again, or the new place?</p><p>Ivo</p>",
)
_VISIT = Mail(
    "Invitation: Visit to the quay",
    BO,
    KIM,
    body="<p>Thursday 10:00 to 11:00, at the old crane.</p>",
    kind="meeting",
)
_PAPER = Mail(
    "Ugens nyt fra havnen",
    NEWS,
    KIM,
    body="<table width='100%' cellpadding='12'><tr><td style='background:#12465f;color:#ffffff'>"
    "<h2 style='margin:0'>Havnebladet</h2></td></tr><tr><td><h3>Ny kaj på vej</h3><p>Byrådet har "
    "sagt ja.</p><h3>Vinterlukning</h3><p>Slusen er lukket fra uge 51.</p></td></tr></table>",
)
_ANSWER = Mail(
    "Re: Tilbud på ny kaj",
    KIM,
    BO,
    body="<p>Hej Bo,</p><p>tak for tegningen, du hører fra mig senest torsdag.</p><p>Kim</p>",
)
_BOTH = Mail(
    "Delivery in week 49: who takes what",
    KIM,
    (MAX, OLA),
    body="<p>Hello both,</p><p>one lorry for two places: first Musterbau, then Fjordbris.</p>"
    "<p>Kim</p>",
)
_DRAFT = Mail(
    "Bænke: farver og pris",
    KIM,
    LIS,
    body="<p>Hej Lis,</p><p>grøn koster ...</p>",
    is_draft=True,
    message_id=None,
)

FOR_KIM = (
    SampleMail(0.4, _QUAY),
    SampleMail(1.1, _UNKNOWN),
    SampleMail(1.6, _TWO),
    SampleMail(2.2, _PARTS),
    SampleMail(4, _COFFEE),
    SampleMail(4.5, _SALARY),
    SampleMail(5, Mail("Re: Fish boxes, week 48", OLA, KIM, body=_THREAD)),
    SampleMail(21, _VISIT),
    SampleMail(22, _BENCHES),
    SampleMail(23, _LUNCH),
    SampleMail(46, _PAPER),
    SampleMail(3.5, _ANSWER, "sentitems"),
    SampleMail(26, _BOTH, "sentitems"),
    SampleMail(0.8, _DRAFT, "drafts"),
)
FOR_IVO = (
    SampleMail(
        0.7, Mail("Kranen på kaj 2", BO, IVO, body="<p>Hej Ivo,</p><p>den hænger igen.</p>")
    ),
    SampleMail(6, Mail("Order 4711", OLA, IVO, body="<p>Hi Ivo,</p><p>same as last year.</p>")),
    SampleMail(28, Mail("Frokost", KIM, IVO, body="<p>Kl. 12?</p>")),
    SampleMail(5, Mail("Re: Order 4711", IVO, OLA, body="<p>Done.</p><p>Ivo</p>"), "sentitems"),
)
FOR_SALES = (
    SampleMail(1.5, Mail("Anfrage: Poller", MAX, SALES, body="<p>Was kosten zehn Poller?</p>")),
    SampleMail(9, Mail("Katalog", NINA, SALES, body="<p>Bitte um den neuen Katalog.</p>")),
)
FOR_UMA = (
    SampleMail(2.5, Mail("Velkommen!", KIM, UMA, body="<p>Din postkasse kommer med i morgen.</p>")),
    SampleMail(3, Mail("Bænke til skolen", LIS, UMA, body="<p>Hej Uma,</p><p>fire er nok.</p>")),
)

READY = (
    DeliverableMail("quay", "Bo Mathiesen, a contact: a picture and a PDF", _QUAY),
    DeliverableMail("parts", "Max Muster, a contact: auf Deutsch", _PARTS),
    DeliverableMail("unknown", "Nina Riis: nobody knows her yet", _UNKNOWN),
    DeliverableMail("coffee", "Kaja Holm: a contact of two Organisations", _COFFEE),
    DeliverableMail("lunch", "Ivo Nordwind: only colleagues", _LUNCH),
    DeliverableMail("two", "Bo Mathiesen and Lis Lund: two customers", _TWO),
    DeliverableMail("private", "Tove Kjær: a private mail", _SALARY),
    DeliverableMail("visit", "Bo Mathiesen: a meeting request", _VISIT),
)
