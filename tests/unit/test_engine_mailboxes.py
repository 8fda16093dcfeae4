"""The order in which the people of a mail are matched."""

from __future__ import annotations

from itertools import permutations

from support.builders import CUSTOMER, SELLER, email
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.message import Party
from webcrm_sync.engine.matching.decide import externals_on

BOSS = Party("a.boss@customer.example")
#: Only another copy of the mail names this person.
UNSEEN = Party("a.unseen@customer.example")


def test_sender_comes_before_colleagues_in_any_stored_order() -> None:
    mail = email(sender=CUSTOMER, to=(SELLER,), cc=(BOSS, CUSTOMER))
    internals = Internals.of(frozenset({SELLER.address}), frozenset(), frozenset())
    people = [CUSTOMER, BOSS, UNSEEN, SELLER]
    for stored in permutations([p.address for p in people]):
        ordered = externals_on(mail, stored, internals)
        assert [p.address for p in ordered] == [p.address for p in people[:3]]
