"""Creates contacts in webCRM, each one once. A mail that waits for one is then filed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from webcrm_sync.core import phrases, verification
from webcrm_sync.core.addresses import display_address, fold_address
from webcrm_sync.core.crm import PersonRow
from webcrm_sync.core.errors import InvalidField, Refused, TryLater, Unclear
from webcrm_sync.core.matching import Contact
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.customer_fields import name_field
from webcrm_sync.store import contact_claims, directory
from webcrm_sync.webcrm.requests import PersonDraft

__all__ = ["PersonDraft", "create_contact"]

#: When to retry while another request creates the same contact.
_RETRY_AFTER = timedelta(seconds=2)
#: A claim older than this belongs to a request that failed; webCRM's search may lag further.
_CLAIM_LIFETIME = timedelta(seconds=30)


def create_contact(context: Context, draft: PersonDraft) -> int:
    """The id of the Person in webCRM: an existing one, else a new one. Idempotent.

    Commits a claim before the call. After an unclear answer it searches webCRM for the address
    before it creates anything, once the search has had time to see a new Person.
    Raises TryLater, Unclear, Refused, InvalidField.
    """
    if not draft.name:
        raise InvalidField(phrases.NO_NAME.english, field="contact.name")
    with context.begin() as tx:
        if not directory.organisation_names(tx, [draft.organisation_id]):
            raise Refused(phrases.NO_ORGANISATION.english, code="NoOrganisation")
    try:
        return create_contact_at(context, draft)
    except Refused as error:
        raise name_field(error) from None


def create_contact_at(context: Context, draft: PersonDraft) -> int:
    """The same for an Organisation that is known to exist: the directory may not have it yet."""
    address = fold_address(draft.address)
    draft = replace(draft, address=display_address(address))
    with context.begin() as tx:
        contacts = directory.look_up(tx, [address], ()).contacts
        existing = (c.person_id for c in contacts if c.organisation_id == draft.organisation_id)
        if (person_id := next(existing, None)) is not None:
            return person_id
        stale = tx.now - max(_CLAIM_LIFETIME, context.settings.search_lag)
        claim = contact_claims.claim_contact(tx, address, draft.organisation_id, void_before=stale)
        claimed_at = tx.now
    if claim.person_id is not None:
        return claim.person_id
    if not claim.is_granted:
        retry_at = claimed_at + _RETRY_AFTER
        raise TryLater("This contact is being created at this moment.", retry_at=retry_at)
    until = verification.latest_send_at(claimed_at, settle=context.settings.search_lag)
    person_id = _find_or_create(context, draft, until)
    _save_contact(context, draft, person_id)
    return person_id


def _find_or_create(context: Context, draft: PersonDraft, until: datetime) -> int:
    try:
        for row in context.webcrm.find_persons(draft.address):
            if any(c.organisation_id == draft.organisation_id for c in row.contacts):
                return row.person_id
        return context.webcrm.create_person(draft, until=until).record_id
    except Unclear:
        raise  # the claim stays until the search can tell
    except (TryLater, Refused):
        with context.begin() as tx:
            contact_claims.drop_claim(tx, fold_address(draft.address), draft.organisation_id)
        raise


def _save_contact(context: Context, draft: PersonDraft, person_id: int) -> None:
    """Add the contact to the directory and wake the mails that wait for its address."""
    address = fold_address(draft.address)
    contact = Contact(
        person_id,
        draft.organisation_id,
        address,
        draft.name,
        title=draft.title,
        phone=draft.phone,
    )
    with context.begin() as tx:
        contact_claims.complete_claim(tx, address, draft.organisation_id, person_id=person_id)
        directory.save_persons(tx, [PersonRow(person_id, (contact,), None)])
        directory.rematch_waiting(tx, addresses=[address], domains=())
