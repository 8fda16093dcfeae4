"""Which addresses belong to the same person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from webcrm_sync.core.addresses import domain_of, fold_address, strip_plus_tag
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.message import Party

#: Every Exchange tenant has a domain under this one, and each mailbox an address in it.
_TENANT_DOMAIN = ".onmicrosoft.com"

_NO_INTERNALS = Internals(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Aliases:
    """Resolves addresses to persons. Folds every address first.

    `owners`: maps each folded address of a watched mailbox to the mailbox's main address.
    """

    owners: Mapping[str, str] = field(default_factory=dict)
    internals: Internals = _NO_INTERNALS

    def canonical(self, address: str) -> str:
        """The address that stands for every address which certainly belongs to the same person."""
        address = fold_address(address)
        plain = strip_plus_tag(address) or address
        return self.owners.get(address) or self.owners.get(plain, plain)

    def may_be_same_person(self, address: str, other: str) -> bool:
        """True if both addresses may belong to one person, so that other evidence has to decide.

        Exchange shows colleagues by any of their addresses, and not every mailbox is watched.
        """
        if Party(address) in self.internals and Party(other) in self.internals:
            return True
        if not (_is_tenant_address(address) or _is_tenant_address(other)):
            return False
        return _local_part(address) == _local_part(other)

    def have_common_person(self, people: Iterable[str], others: Iterable[str]) -> bool:
        """True if somebody is certainly in both lists."""
        canonical = {self.canonical(address) for address in people}
        return not canonical.isdisjoint(self.canonical(address) for address in others)

    def may_have_common_person(self, people: Iterable[str], others: Iterable[str]) -> bool:
        """True if a tenant address in one list may belong to somebody in the other list."""
        first, second = list(people), list(others)
        return _has_tenant_address_of(first, second) or _has_tenant_address_of(second, first)


def _has_tenant_address_of(people: Iterable[str], others: Iterable[str]) -> bool:
    """True if a tenant address in `people` has the same local part as an address in `others`."""
    names = {_local_part(address) for address in others}
    return any(_local_part(a) in names for a in people if _is_tenant_address(a))


def _local_part(address: str) -> str:
    address = fold_address(address)
    return (strip_plus_tag(address) or address).rpartition("@")[0]


def _is_tenant_address(address: str) -> bool:
    return domain_of(fold_address(address)).endswith(_TENANT_DOMAIN)
