"""Whether two forms for a new customer say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.crm import OrganisationDraft
from webcrm_sync.core.customer_digest import CustomerDigest, is_overruled
from webcrm_sync.core.new_customer import ContactDraft

DRAFT = OrganisationDraft("Vindmark", "vindmark.example", "+45 1", "www.vindmark.example")
ANNE = ContactDraft("Anne Vind", "anne@vindmark.example", "Buyer", "+45 2")
FORM = CustomerDigest.of(DRAFT, ANNE)


@pytest.mark.parametrize(
    ("draft", "contact", "expected"),
    [
        (DRAFT, ANNE, False),
        (OrganisationDraft("VINDMARK", DRAFT.domain, " +45 1 ", DRAFT.www), ANNE, False),
        (DRAFT, None, False),
        (DRAFT, ContactDraft("Bent", "bent@vindmark.example"), False),
        (DRAFT, ContactDraft("Anne", ANNE.address, "Buyer", "+45 2"), True),
        (DRAFT, ContactDraft("Anne Vind", ANNE.address, "", "+45 2"), True),
        (DRAFT, ContactDraft("Anne Vind", ANNE.address, "Buyer", ""), True),
        (OrganisationDraft("Vindmark", "", "+45 1", DRAFT.www), ANNE, True),
        (OrganisationDraft("Vindmark", DRAFT.domain, "", DRAFT.www), ANNE, True),
        (OrganisationDraft("Vindmark", DRAFT.domain, "+45 1", ""), None, True),
        (OrganisationDraft("Vindmark", DRAFT.domain, "", "+45 1"), ANNE, True),
    ],
)
def test_a_form_that_differs_where_webcrm_has_an_answer_is_overruled(
    draft: OrganisationDraft, contact: ContactDraft | None, expected: bool
) -> None:
    form = CustomerDigest.of(draft, contact)
    assert is_overruled(form, [FORM]) is expected
    assert is_overruled(form, [form, FORM]) is expected
    assert not is_overruled(form, [])


@given(st.text(), st.text(), st.text())
def test_a_digest_is_too_short_to_tell_what_was_entered(name: str, title: str, phone: str) -> None:
    digest = CustomerDigest.of(DRAFT, ContactDraft(name, ANNE.address, title, phone))
    assert 0 <= digest.contact < 65_536
    assert (digest.organisation, digest.address) == (FORM.organisation, FORM.address)


def test_the_digests_that_the_database_holds_stay_valid() -> None:
    assert CustomerDigest.of(DRAFT, ANNE) == CustomerDigest(19129, 34801, 36941)
    assert CustomerDigest.of(DRAFT, None) == CustomerDigest(19129, 0, 0)
