"""Checks what a person entered for a new customer; names the field that cannot be written."""

from __future__ import annotations

import re
from dataclasses import replace

from webcrm_sync.core import phrases
from webcrm_sync.core.addresses import display_address, find_domains, is_mailable
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.direction import FREE_MAIL, Internals
from webcrm_sync.core.errors import Forbidden, Gone, InvalidField, Refused
from webcrm_sync.core.message import Party
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.core.organisation_names import name_key

#: webCRM's pages may make a link of the web site, so its scheme must be harmless.
_WEB_ADDRESS = re.compile(r"(?:https?://)?[^\s/:@?#]+(?::\d+)?(?:[/?#].*)?", re.IGNORECASE)
#: The field of the form by the name that webCRM's refusal contains (webCRM's Swagger).
_FIELDS = {
    "OrganisationName": "organisation.name",
    "OrganisationDomain": "organisation.domain",
    "OrganisationTelephone": "organisation.phone",
    "OrganisationWww": "organisation.www",
    "PersonName": "contact.name",
    "PersonFirstName": "contact.name",
    "PersonLastName": "contact.name",
    "PersonEmail": "contact.address",
    "PersonTitle": "contact.title",
    "PersonDirectPhone": "contact.phone",
}


def check_fields(
    draft: OrganisationDraft, contact: ContactDraft | None, internals: Internals
) -> OrganisationDraft:
    """The Organisation as webCRM receives it: people may enter a web address for its domain.

    Raises InvalidField for the first field that webCRM or matching could not use.
    """
    if not name_key(draft.name):
        raise InvalidField(phrases.NO_LETTERS.english, field="organisation.name")
    draft = replace(draft, domain=_check_domain(draft.domain, internals))
    if draft.www and not (_WEB_ADDRESS.fullmatch(draft.www) and find_domains(draft.www)):
        raise InvalidField(phrases.NO_WEB_ADDRESS.english, field="organisation.www")
    if contact is not None:
        _check_contact(contact, internals)
    return draft


def _check_contact(contact: ContactDraft, internals: Internals) -> None:
    if not contact.name:
        raise InvalidField(phrases.NO_NAME.english, field="contact.name")
    if not is_mailable(contact.address):
        raise InvalidField(phrases.UNMAILABLE.english, field="contact.address")
    if Party.of(contact.address) in internals:
        raise InvalidField(phrases.COLLEAGUE.english, field="contact.address")


def _check_domain(domain: str, internals: Internals) -> str:
    """The domain alone, as people read it."""
    if not domain:
        return ""
    found = find_domains(domain)
    if len(found) != 1:
        raise InvalidField(phrases.ONE_DOMAIN.english, field="organisation.domain")
    if found[0] in FREE_MAIL:
        raise InvalidField(phrases.MAIL_PROVIDER.english, field="organisation.domain")
    if found[0] in internals.domains:
        raise InvalidField(phrases.OWN_DOMAIN.english, field="organisation.domain")
    return display_address(found[0])


def name_field(error: Refused | Gone) -> Refused:
    """The refusal of webCRM, as an InvalidField if it names a field of the form."""
    text = str(error)
    if isinstance(error, Gone):
        return Refused(text, code=error.code)
    if isinstance(error, Forbidden | InvalidField):
        return error
    named = (field for name, field in _FIELDS.items() if name in text)
    field = next(named, "contact.address" if error.code == "Unwritable" else None)
    return InvalidField(text, field=field) if field else error
