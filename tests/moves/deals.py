"""Salespeople who put synced mails under Opportunities and move them to other customers.

They act in the product, and record what they chose.
"""

from __future__ import annotations

import random

from sqlalchemy import text

from moves.ledger import is_marked
from moves.people import MailRecord, People
from support.opportunities import choose_opportunity, choose_organisation
from support.place_runner import edit_place_of
from webcrm_sync.core.places import AddPlace, RemovePlace
from webcrm_sync.engine.context import Context
from webcrm_sync_sandbox.environment import Sandbox

_MAIL = text("SELECT id FROM email WHERE subject = :subject")


class Dealers:
    """They choose for mails that are in webCRM, so that each choice is certain."""

    def __init__(self, context: Context, sandbox: Sandbox, people: People, seed: int) -> None:
        self._context = context
        self._people = people
        self._rng = random.Random(seed)
        self._deals: dict[int, int] = {
            o["OpportunityOrganisationId"]: o["OpportunityId"]
            for o in sandbox.crm.tables["Opportunity"]
        }

    def act(self) -> None:
        """Put a recent mail under an Opportunity or off it, or edit one of its places."""
        candidates = [m for m in self._people.records[-60:] if _is_synced(m)]
        if not candidates:
            return
        record = self._rng.choice(candidates)
        place = self._rng.choice(sorted(record.organisations))
        email_id = self._find(record)
        chance = self._rng.random()
        if chance < 0.3:
            place = self._move(record, email_id, place)
        elif chance < 0.5:
            place = self._add(record, email_id)
        elif chance < 0.6 and len(record.organisations) > 1:
            place = self._take_away(record, email_id, place)
        deal = self._rng.choice((self._deals[place], self._deals[place], None))
        choose_opportunity(self._context, email_id, place, deal)
        record.deals[place] = deal or 0

    def _find(self, record: MailRecord) -> int:
        with self._context.begin() as tx:
            return int(tx.connection.execute(_MAIL, {"subject": record.subject}).scalar_one())

    def _move(self, record: MailRecord, email_id: int, place: int) -> int:
        """Move the mail from this Organisation to another one; the other one."""
        new = self._rng.choice(sorted(self._deals.keys() - record.organisations))
        choose_organisation(self._context, email_id, new, replaces=place)
        record.organisations = record.organisations - {place} | {new}
        record.deals.pop(place, None)
        return new

    def _add(self, record: MailRecord, email_id: int) -> int:
        """Add a place to the mail; the new one."""
        new = self._rng.choice(sorted(self._deals.keys() - record.organisations))
        edit_place_of(self._context, email_id, AddPlace(new))
        record.organisations |= {new}
        return new

    def _take_away(self, record: MailRecord, email_id: int, place: int) -> int:
        """Take this place away from the mail; one that stays."""
        edit_place_of(self._context, email_id, RemovePlace(place))
        record.organisations -= {place}
        record.deals.pop(place, None)
        return min(record.organisations)


def _is_synced(record: MailRecord) -> bool:
    return (
        bool(record.organisations)
        and record.is_inside
        and all(is_marked(c) for c in record.copies if c.is_inside)
    )
