"""Brings a new customer into webCRM: first the Organisation, then the contact.

The request of the person takes the steps, and the job goes on with what it left. Each step is
idempotent and commits before the next one begins.
"""

from __future__ import annotations

from datetime import timedelta

from webcrm_sync.core.errors import Gone, Refused, TryLater, Unclear
from webcrm_sync.core.new_customer import ContactDraft
from webcrm_sync.core.retry import next_attempt_at
from webcrm_sync.engine.context import Context
from webcrm_sync.engine.pane.contacts import PersonDraft, create_contact_at
from webcrm_sync.engine.pane.create_organisation import create_claimed
from webcrm_sync.engine.pane.customer_fields import name_field
from webcrm_sync.store import new_customers
from webcrm_sync.store import organisation_claims as claims
from webcrm_sync.store.new_customers import CustomerKey, NewCustomer

#: How soon the job looks again at an Organisation that somebody else is creating.
_LOOK_AGAIN = timedelta(seconds=1)


def create_in_webcrm(context: Context, key: CustomerKey) -> bool:
    """True once the Organisation and the contact exist; False if the job must go on later.

    Idempotent. Raises TryLater if webCRM cannot be asked, Refused if it does not take them.
    """
    request = _read(context, key)
    if request is None or not request.is_open:
        return request is not None and request.completed_at is not None
    organisation_id = request.organisation_id
    if organisation_id is None:
        organisation_id = _create_organisation(context, key)
    if organisation_id is None:
        return False
    if request.contact is not None:
        return _create_contact(context, key, organisation_id, request.contact)
    return True


def _create_organisation(context: Context, key: CustomerKey) -> int | None:
    try:
        organisation_id = create_claimed(context, key.folded_name)
    except (Refused, Gone) as error:
        raise name_field(error) from None
    with context.begin() as tx:
        if organisation_id is not None:
            new_customers.note_organisation(tx, key, organisation_id)
            return organisation_id
        claim = claims.read_claim(tx, key.folded_name)
        due_at = tx.now + _LOOK_AGAIN
        new_customers.postpone(tx, key, due_at=max(due_at, claim.due_at) if claim else due_at)
    return None


def _create_contact(
    context: Context, key: CustomerKey, organisation_id: int, contact: ContactDraft
) -> bool:
    draft = PersonDraft(
        contact.name, contact.address, organisation_id, contact.title, contact.phone
    )
    try:
        person_id = create_contact_at(context, draft)
    except Unclear as error:  # its claim stays until webCRM's search can tell
        postpone(context, key, error)
        return False
    except (Refused, Gone) as error:
        with context.begin() as tx:
            new_customers.refuse_one(tx, key, str(error))
        raise name_field(error) from None
    with context.begin() as tx:
        new_customers.note_contact(tx, key, person_id)
    return True


def postpone(context: Context, key: CustomerKey, error: Exception) -> None:
    """Let the job try again later: the more attempts failed, the later."""
    not_before = error.retry_at if isinstance(error, TryLater) else None
    with context.begin() as tx:
        request = new_customers.read(tx, key)
        if request is not None:
            due_at = next_attempt_at(tx.now, request.attempts, not_before=not_before)
            new_customers.postpone(tx, key, due_at=due_at, has_failed=True)


def _read(context: Context, key: CustomerKey) -> NewCustomer | None:
    with context.begin() as tx:
        return new_customers.read(tx, key)
