"""What webCRM's rows are called by."""

from __future__ import annotations

from webcrm_sync.core.crm import OrganisationRow, PersonRow
from webcrm_sync.core.matching import Contact


def test_a_row_is_identified_by_its_own_id() -> None:
    person = PersonRow(7, (Contact(7, 1, "bo@havnebyg.example"),), None)
    assert person.record_id == 7
    assert OrganisationRow(1, "Havnebyg", (), None).record_id == 1
