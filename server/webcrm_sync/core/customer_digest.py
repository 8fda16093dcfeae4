"""Tells whether two forms for a new customer said the same, once what was entered is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.new_customer import ContactDraft

#: Too short to find out what was entered. One in 65,536 differences stays unnoticed.
_BYTES = 2


@dataclass(frozen=True, slots=True)
class CustomerDigest:
    """Digests of a form: of the Organisation without its name, of the address, of the contact.

    The database stores them in this order. `address` and `contact` are 0 without a contact.
    """

    organisation: int
    address: int
    contact: int

    @classmethod
    def of(cls, draft: OrganisationDraft, contact: ContactDraft | None) -> CustomerDigest:
        """The digests of what a person entered."""
        organisation = _digest(draft.domain, draft.phone, draft.www)
        if contact is None:
            return cls(organisation, 0, 0)
        person = _digest(contact.name, contact.title, contact.phone)
        return cls(organisation, _digest(contact.address), person)


def is_overruled(form: CustomerDigest, earlier: Iterable[CustomerDigest]) -> bool:
    """True if earlier forms for the same Organisation leave something of this one unwritten.

    A contact with another address is created besides.
    """
    return any(
        one.organisation != form.organisation
        or (one.address == form.address and one.contact != form.contact)
        for one in earlier
    )


def _digest(*fields: str) -> int:
    entered = "\n".join(field.strip() for field in fields)
    return int.from_bytes(sha256(entered.encode()).digest()[:_BYTES])
