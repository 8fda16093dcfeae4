"""Finds the Organisations that a new one may be: of nearly its name, its domain, its contact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from webcrm_sync.core.addresses import domain_of, find_domains
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.direction import FREE_MAIL
from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.new_customer import SHARED, ContactDraft
from webcrm_sync.core.organisation_names import KnownName, find_similar, fold_name, name_key
from webcrm_sync.core.platforms import is_platform
from webcrm_sync.engine.pane.organisations import Organisation
from webcrm_sync.store import directory, new_customers
from webcrm_sync.store import organisation_claims as claims
from webcrm_sync.store.database import Tx

#: The pane shows no more.
_LIMIT = 10
#: How long others wait for a colleague's Organisation of nearly the same name.
_PATIENCE = timedelta(minutes=1)
_RETRY_AFTER = timedelta(seconds=2)


def own_domains(draft: OrganisationDraft, contact: ContactDraft | None) -> tuple[str, ...]:
    """The domains that only this customer has: not those of mail providers and platforms."""
    found = find_domains(f"{draft.domain};{draft.www}")
    domains = [*found, domain_of(contact.address)] if contact else found
    return tuple(d for d in domains if d and d not in FREE_MAIL and not is_platform(d))


def find_similar_organisations(
    tx: Tx, draft: OrganisationDraft, contact: ContactDraft | None
) -> tuple[Organisation, ...]:
    """The Organisations that the new one may be, the likeliest first.

    None if a person has claimed the very name a moment ago: then both mean the same. Raises
    TryLater while somebody creates an Organisation of nearly this name, or the same contact.
    """
    recent = claims.claims_since(tx, tx.now - SHARED)
    if any(folded_name == fold_name(draft.name) for folded_name, _ in recent):
        return ()
    under_way = (
        KnownName(0, claim.draft.name, name_key(claim.draft.name))
        for _, claim in recent
        if claim.organisation_id is None and claim.claimed_at > tx.now - _PATIENCE
    )
    if find_similar(draft.name, under_way, limit=1) or _is_under_way(tx, draft, contact):
        raise TryLater(
            "Somebody creates nearly the same customer at this moment.",
            retry_at=tx.now + _RETRY_AFTER,
        )
    related = _related(tx, draft, contact)
    known = directory.names_like(tx, name_key(draft.name), also=related)
    return _view(find_similar(draft.name, known, related=related, limit=_LIMIT))


def _is_under_way(tx: Tx, draft: OrganisationDraft, contact: ContactDraft | None) -> bool:
    """True while somebody creates this contact at another Organisation."""
    if contact is None:
        return False
    name, since = fold_name(draft.name), tx.now - _PATIENCE
    return new_customers.is_contact_under_way(tx, contact.address, but_at=name, since=since)


def _related(tx: Tx, draft: OrganisationDraft, contact: ContactDraft | None) -> list[int]:
    """The Organisations that have the domain, or the contact already."""
    addresses = [contact.address] if contact else []
    known = directory.look_up(tx, addresses, own_domains(draft, contact))
    return sorted({i for _, i in known.domains} | {c.organisation_id for c in known.contacts})


def _view(names: Sequence[KnownName]) -> tuple[Organisation, ...]:
    return tuple(Organisation(one.organisation_id, one.name) for one in names)
