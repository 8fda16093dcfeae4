"""Similar names among as many Organisations as a large company has."""

from __future__ import annotations

import random
import time

from webcrm_sync.core.crm import OrganisationRow
from webcrm_sync.core.organisation_names import find_similar, name_key
from webcrm_sync.store import companies, directory
from webcrm_sync.store.database import Database
from webcrm_sync.store.migrate import migrate

SYLLABLES = ("havn", "byg", "skov", "vin", "due", "nord", "sol", "berg", "tek", "lund", "holm")
#: Far more than it takes on a busy machine with two cores.
MOST_SECONDS = 2.0


def names(number: int) -> list[str]:
    chance = random.Random(1)
    forms = (" A/S", " ApS", " AB", "")
    words = ("".join(chance.choices(SYLLABLES, k=4)).title() for _ in range(number))
    return [word + chance.choice(forms) for word in words]


def test_a_form_is_compared_with_fifty_thousand_organisations(database: Database) -> None:
    migrate(database.engine)
    with database.begin() as tx:
        company_id = companies.ensure_company(tx, "tenant")
    rows = [OrganisationRow(i, name, (), None) for i, name in enumerate(names(50_000), start=1)]
    with database.begin(company_id) as tx:
        directory.save_organisations(tx, [*rows, OrganisationRow(60_000, "Vindmark A/S", (), None)])
    begun = time.monotonic()
    with database.begin(company_id) as tx:
        known = directory.names_like(tx, name_key("Windmark"), also=())
    found = find_similar("Windmark", known, limit=10)
    seconds = time.monotonic() - begun
    print(f"{len(known)} of {len(rows)} compared in {seconds:.3f} s")  # noqa: T201 - a figure
    assert [one.organisation_id for one in found] == [60_000]
    assert len(known) < len(rows)
    assert seconds < MOST_SECONDS
