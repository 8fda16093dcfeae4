"""Addresses that are one person's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from webcrm_sync.core.addresses import domain_of, fold_address, strip_plus_tag
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.message import Party

#: Below it every Exchange tenant has a domain, in which each mailbox has an address besides.
_TENANT_DOMAIN = ".onmicrosoft.com"

_NOBODY = Internals(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Aliases:
    """Who is who among addresses, folded here.

    `owners`: for each folded address of a watched mailbox the one by which it is known.
    """

    owners: Mapping[str, str] = field(default_factory=dict)
    internals: Internals = _NOBODY

    def canonical(self, address: str) -> str:
        """One address for all that are certainly one person's: aliases, and those with a tag."""
        address = fold_address(address)
        plain = strip_plus_tag(address) or address
        return self.owners.get(address) or self.owners.get(plain, plain)

    def may_be_same_person(self, one: str, other: str) -> bool:
        """True when two addresses are one person's, should all else say so.

        Exchange shows colleagues by any of their addresses, and not all mailboxes are watched.
        """
        if all(Party(address) in self.internals for address in (one, other)):
            return True
        return (_is_tenants(one) or _is_tenants(other)) and _name(one) == _name(other)

    def have_common_person(self, some: Iterable[str], others: Iterable[str]) -> bool:
        """True when somebody is certainly on both lists."""
        here = {self.canonical(address) for address in some}
        return not here.isdisjoint(self.canonical(address) for address in others)

    def may_have_common_person(self, some: Iterable[str], others: Iterable[str]) -> bool:
        """True when somebody is on both lists, by a tenant's address on one, should all say so."""
        here, there = list(some), list(others)
        return any(
            not {_name(a) for a in theirs}.isdisjoint(_name(a) for a in mine if _is_tenants(a))
            for mine, theirs in ((here, there), (there, here))
        )


def _name(address: str) -> str:
    address = fold_address(address)
    return (strip_plus_tag(address) or address).rpartition("@")[0]


def _is_tenants(address: str) -> bool:
    return domain_of(fold_address(address)).endswith(_TENANT_DOMAIN)
