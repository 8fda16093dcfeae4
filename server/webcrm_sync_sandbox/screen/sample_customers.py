"""webCRM's records on the screen: invented companies of the size that webCRM's customers have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webcrm_sync_sandbox.screen import sample_mails

if TYPE_CHECKING:
    from webcrm_sync_sandbox.outlook.mail import Person
    from webcrm_sync_sandbox.webcrm import WebCrmSystem


@dataclass(frozen=True, slots=True)
class SampleContact:
    """A Person with the numbers that people call."""

    person: Person
    title: str
    phone: str


@dataclass(frozen=True, slots=True)
class SampleOpportunity:
    """An Opportunity of the Organisation's first contact. `level`: see `WebCrmSystem.levels`."""

    number: str
    name: str
    value: float
    level: int
    currency: str = "DKK"


@dataclass(frozen=True, slots=True)
class SampleOrganisation:
    """An Organisation, its contacts and its Opportunities. `owner`: the address of its user."""

    name: str
    city: str
    phone: str
    owner: str
    contacts: tuple[SampleContact, ...] = ()
    opportunities: tuple[SampleOpportunity, ...] = ()
    domain: str = ""
    www: str = ""


_KIM, _IVO = sample_mails.KIM.address, sample_mails.IVO.address
_KAJA = SampleContact(sample_mails.KAJA, "Kantineleder", "+45 86 00 14 20")

CUSTOMERS = (
    SampleOrganisation(
        "Havnebyg A/S",
        "Esbjerg",
        "+45 75 00 21 00",
        _KIM,
        (
            SampleContact(sample_mails.BO, "Projektchef", "+45 20 00 21 07"),
            SampleContact(sample_mails.TOVE, "Indkøber", "+45 75 00 21 12"),
        ),
        (
            SampleOpportunity("O-2041", "Kaj 4: 48 meter spuns", 1_250_000, 2),
            SampleOpportunity("O-2057", "Serviceaftale, kraner", 180_000, 1),
            SampleOpportunity("O-1988", "Fendere, kaj 2", 96_000, 4),
        ),
        domain="havnebyg.example",
        www="www.havnebyg.example",
    ),
    SampleOrganisation(
        "Skovby Kommune",
        "Skovby",
        "+45 87 00 30 00",
        _IVO,
        (SampleContact(sample_mails.LIS, "Driftsleder, vej og park", "+45 87 00 30 41"),),
        (SampleOpportunity("O-2049", "12 bænke til Torvet", 64_800, 3),),
    ),
    SampleOrganisation(
        "Musterbau GmbH",
        "Flensburg",
        "+49 461 000 120",
        _KIM,
        (SampleContact(sample_mails.MAX, "Leiter Instandhaltung", "+49 461 000 124"),),
        (SampleOpportunity("O-2050", "Ersatzteile Anlage 4", 8_400, 2, "EUR"),),
    ),
    SampleOrganisation(
        "Fjordbris Sjømat AS",
        "Ålesund",
        "+47 70 00 55 00",
        _KIM,
        (SampleContact(sample_mails.OLA, "Innkjøpssjef", "+47 90 00 55 03"),),
    ),
    SampleOrganisation("Kantinekaffe Aarhus ApS", "Aarhus", "+45 86 00 14 00", _IVO, (_KAJA,)),
    SampleOrganisation("Kantinekaffe Odense ApS", "Odense", "+45 66 00 14 00", _IVO, (_KAJA,)),
    SampleOrganisation("Vestermark Maskinfabrik A/S", "Herning", "+45 97 00 62 00", _KIM),
    SampleOrganisation("Nyhavn Marineteknik A/S", "Aalborg", "+45 98 00 17 00", _IVO),
    SampleOrganisation("Tømrerfirmaet Lundgren & Søn", "Kolding", "+45 75 00 88 10", _IVO),
)


def add_customers(crm: WebCrmSystem, users: dict[str, int]) -> int:
    """Add the customers; the id of the first contact. `users`: webCRM's, by their address."""
    first_ids = [_add(crm, one, users[one.owner]) for one in CUSTOMERS]
    return next(i for i in first_ids if i)


def _add(crm: WebCrmSystem, one: SampleOrganisation, owner: int) -> int:
    """Add one Organisation; the id of its first contact, 0 = it has none."""
    organisation_id = crm.add_organisation(
        one.name,
        domain=one.domain,
        www=one.www,
        OrganisationCity=one.city,
        OrganisationTelephone=one.phone,
        OrganisationOwner=owner,
    )
    persons = [_add_contact(crm, organisation_id, contact) for contact in one.contacts]
    first_id = persons[0] if persons else 0
    for opportunity in one.opportunities:
        _add_opportunity(crm, organisation_id, first_id, owner, opportunity)
    return first_id


def _add_contact(crm: WebCrmSystem, organisation_id: int, contact: SampleContact) -> int:
    more: dict[str, Any] = {"PersonTitle": contact.title, "PersonDirectPhone": contact.phone}
    person = contact.person
    return crm.add_person(organisation_id, person.address, name=person.name, **more)


def _add_opportunity(
    crm: WebCrmSystem, organisation_id: int, person_id: int, owner: int, one: SampleOpportunity
) -> None:
    crm.add_opportunity(
        organisation_id,
        one.name,
        person_id=person_id,
        number=one.number,
        level=one.level,
        OpportunityOrderValue=one.value,
        OpportunityCurrencyName=one.currency,
        OpportunityAssignedTo=owner,
    )
