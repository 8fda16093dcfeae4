"""The webCRM system and the key field that the company's filings are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from webcrm_sync.core.webcrm_in_use import WebCrmInUse
from webcrm_sync.settings import PREFIX
from webcrm_sync.store import companies
from webcrm_sync.store.database import Tx
from webcrm_sync.store.schema.directory import contact
from webcrm_sync.store.schema.tables import company, filing

#: How many filings, and how many Persons, are compared.
_SAMPLES = 5


class AnotherWebCrm(Exception):
    """The settings name another key field or another system than the filings are in."""

    @classmethod
    def field(cls, *, stored: str, configured: str) -> AnotherWebCrm:
        """The error for another key field."""
        return cls(
            f"The filed mails have their keys in the field {stored}, but {PREFIX}WEBCRM_KEY_FIELD "
            f"is {configured}: the look-ups would miss, and every mail would be filed again. Set "
            f"{PREFIX}WEBCRM_KEY_FIELD={stored}."
        )

    @classmethod
    def system(cls) -> AnotherWebCrm:
        """The error for another system."""
        return cls(
            "The filed mails are in another webCRM system, or their keys in another field, than "
            f"{PREFIX}WEBCRM_URL, {PREFIX}WEBCRM_TOKEN and {PREFIX}WEBCRM_KEY_FIELD name: none of "
            "the records that were compared is there. The look-ups would miss, and every mail "
            "would be filed again. Set them back. Give another webCRM system a database of its own "
            f"in {PREFIX}DATABASE_URL."
        )


@dataclass(frozen=True, slots=True)
class FiledSample:
    """An Activity with its key."""

    activity_id: int
    key: str


@dataclass(frozen=True, slots=True)
class PersonSample:
    """A Person with one of its addresses."""

    person_id: int
    address: str


def read(tx: Tx) -> WebCrmInUse:
    """What the company has used so far."""
    query = select(company.c.webcrm_key_field, company.c.webcrm_system).where(
        company.c.id == tx.company_id
    )
    return WebCrmInUse(*tx.connection.execute(query).one())


def remember(tx: Tx, used: WebCrmInUse) -> None:
    """Store what the company uses from now on."""
    companies.update_company(tx, webcrm_key_field=used.key_field, webcrm_system=used.system)


def has_filings(tx: Tx) -> bool:
    """True if any mail was filed, or may have been."""
    query = select(filing.c.id).where(
        filing.c.company_id == tx.company_id, filing.c.intent_at.is_not(None)
    )
    filed = select(filing.c.id).where(
        filing.c.company_id == tx.company_id, filing.c.activity_id.is_not(None)
    )
    return any(tx.connection.execute(one.limit(1)).first() for one in (filed, query))


def filed_samples(tx: Tx) -> Sequence[FiledSample]:
    """The newest filings that webCRM should still have."""
    query = (
        select(filing.c.activity_id, filing.c.key)
        .where(
            filing.c.company_id == tx.company_id,
            filing.c.activity_id.is_not(None),
            ~filing.c.is_removed,
        )
        .order_by(filing.c.id.desc())
        .limit(_SAMPLES)
    )
    return [FiledSample(*row) for row in tx.connection.execute(query)]


def person_samples(tx: Tx) -> Sequence[PersonSample]:
    """Some Persons of the directory, those with the highest ids."""
    query = (
        select(contact.c.person_id, contact.c.address)
        .where(contact.c.company_id == tx.company_id, contact.c.unmatchable.is_(None))
        .order_by(contact.c.person_id.desc())
        .limit(_SAMPLES)
    )
    return [PersonSample(*row) for row in tx.connection.execute(query)]
