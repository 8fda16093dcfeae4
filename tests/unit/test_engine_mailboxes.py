"""In which order the people of a mail count."""

from __future__ import annotations

from itertools import permutations

from unit.core_examples import CUSTOMER, SELLER, email
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.message import Party
from webcrm_sync.engine.matching.decide import externals_on

BOSS = Party("a.boss@customer.example")
#: Named by another copy of the mail alone.
UNSEEN = Party("a.unseen@customer.example")


def test_sender_counts_before_colleagues_however_they_are_stored() -> None:
    mail = email(sender=CUSTOMER, to=(SELLER,), cc=(BOSS, CUSTOMER))
    internals = Internals.of(frozenset({SELLER.address}), frozenset(), frozenset())
    people = [CUSTOMER, BOSS, UNSEEN, SELLER]
    for stored in permutations([p.address for p in people]):
        ordered = externals_on(mail, stored, internals)
        assert [p.address for p in ordered] == [p.address for p in people[:3]]
