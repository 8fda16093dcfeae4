"""Finds the Organisations that a new one may be: of nearly the same name, or of its domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from webcrm_sync.core.addresses import domain_of, find_domains
from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.direction import FREE_MAIL
from webcrm_sync.core.errors import TryLater
from webcrm_sync.core.new_customer import SHARED, ContactDraft
from webcrm_sync.core.organisation_names import KnownName, find_similar, fold_name, name_key
from webcrm_sync.core.platforms import is_platform
from webcrm_sync.engine.pane.organisations import Organisation
from webcrm_sync.store import directory
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
    TryLater while somebody creates an Organisation of nearly this name.
    """
    recent = claims.claims_since(tx, tx.now - SHARED)
    if any(folded_name == fold_name(draft.name) for folded_name, _ in recent):
        return ()
    under_way = (
        KnownName(0, claim.draft.name, name_key(claim.draft.name))
        for _, claim in recent
        if claim.organisation_id is None and claim.claimed_at > tx.now - _PATIENCE
    )
    if find_similar(draft.name, under_way, limit=1):
        raise TryLater(
            "Somebody creates an Organisation of nearly this name at this moment.",
            retry_at=tx.now + _RETRY_AFTER,
        )
    owners = _owners(tx, own_domains(draft, contact))
    known = directory.names_like(tx, name_key(draft.name), also=owners)
    return _view(find_similar(draft.name, known, same_domain=owners, limit=_LIMIT))


def _owners(tx: Tx, domains: Iterable[str]) -> list[int]:
    return sorted({i for _, i in directory.look_up(tx, (), domains).domains})


def _view(names: Sequence[KnownName]) -> tuple[Organisation, ...]:
    return tuple(Organisation(one.organisation_id, one.name) for one in names)
