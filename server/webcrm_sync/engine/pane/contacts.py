"""New contacts: made in webCRM once; the mail that waits for one files itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from webcrm_sync.core.addresses import display_address, fold_address
from webcrm_sync.core.crm import PersonRow
from webcrm_sync.core.errors import Refused, TryLater, Unclear
from webcrm_sync.core.matching import Contact
from webcrm_sync.engine.context import Context
from webcrm_sync.store import contact_claims, directory
from webcrm_sync.webcrm.requests import PersonDraft

__all__ = ["PersonDraft", "create_contact"]

#: How long whoever asks for the same contact waits for the first one's answer.
_ANSWER = timedelta(seconds=2)
_PATIENCE = timedelta(seconds=30)


def create_contact(context: Context, draft: PersonDraft) -> int:
    """The Person's id in webCRM: the one that is there, else a new one. Pressing twice makes one.

    The intent is committed before the call. After an unclear answer webCRM is asked for the
    address before anything is created again, once its search has had the time to know.
    Raises TryLater, Unclear, Refused.
    """
    if not draft.name:
        raise Refused("The name holds nothing that can be seen.", code="NoName")
    address = fold_address(draft.address)
    draft = replace(draft, address=display_address(address))
    with context.begin() as tx:
        if not directory.organisation_names(tx, [draft.organisation_id]):
            raise Refused("webCRM has no such Organisation.", code="NoOrganisation")
        known = directory.look_up(tx, [address], ()).contacts
        there = (c.person_id for c in known if c.organisation_id == draft.organisation_id)
        if (person_id := next(there, None)) is not None:
            return person_id
        stale = tx.now - max(_PATIENCE, context.settings.settle)
        claim = contact_claims.claim_contact(tx, address, draft.organisation_id, stale=stale)
        again = tx.now + _ANSWER
    if claim.person_id is not None:
        return claim.person_id
    if not claim.is_ours:
        raise TryLater("This contact is being created at this moment.", retry_at=again)
    person_id = _create(context, draft)
    _take_in(context, draft, person_id)
    return person_id


def _create(context: Context, draft: PersonDraft) -> int:
    try:
        for row in context.webcrm.persons_with(draft.address):
            if any(c.organisation_id == draft.organisation_id for c in row.contacts):
                return row.person_id
        return context.webcrm.create_person(draft).record_id
    except Unclear:
        raise  # the claim stays until the search can tell
    except (TryLater, Refused):
        with context.begin() as tx:
            contact_claims.drop_claim(tx, fold_address(draft.address), draft.organisation_id)
        raise


def _take_in(context: Context, draft: PersonDraft, person_id: int) -> None:
    """The directory knows the contact at once; what waits for the address wakes."""
    address = fold_address(draft.address)
    contact = Contact(person_id, draft.organisation_id, address, draft.name)
    with context.begin() as tx:
        contact_claims.settle_claim(tx, address, draft.organisation_id, person_id=person_id)
        directory.save_persons(tx, [PersonRow(person_id, (contact,), None)])
        directory.wake(tx, addresses=[address], domains=())
