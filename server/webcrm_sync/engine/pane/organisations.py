"""Finds the Organisations that a person can choose from in the pane."""

from __future__ import annotations

from dataclasses import dataclass

from webcrm_sync.engine.context import Context
from webcrm_sync.store import contact_claims

#: The pane's list shows no more.
_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Organisation:
    """An Organisation that can be chosen."""

    organisation_id: int
    name: str


def find_organisations(context: Context, search: str) -> tuple[Organisation, ...]:
    """At most 20 Organisations whose name contains `search`; those that begin with it come first.

    Case and accents do not count.
    """
    with context.begin() as tx:
        found = contact_claims.find_organisations(tx, search, limit=_LIMIT)
    return tuple(Organisation(number, name) for number, name in found)
