"""What webCRM's rows are called by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from webcrm_sync.core.crm import (
    KeyedActivity,
    OrganisationDraft,
    OrganisationRow,
    PersonRow,
    RejectedRecord,
)
from webcrm_sync.core.matching import Contact


def test_a_row_is_identified_by_its_own_id() -> None:
    person = PersonRow(7, (Contact(7, 1, "bo@havnebyg.example"),), None)
    assert person.record_id == 7
    assert OrganisationRow(1, "Havnebyg", (), None).record_id == 1


def test_a_rejected_line_may_be_retried_unless_it_is_too_large() -> None:
    assert not RejectedRecord("Busy").is_too_large


def test_a_contact_may_have_an_address_alone() -> None:
    contact = Contact(7, 1, "bo@havnebyg.example")
    assert (contact.name, contact.title, contact.phone) == ("", "", "")


def test_a_new_organisation_needs_a_name_alone() -> None:
    draft = OrganisationDraft("Havnebyg")
    assert (draft.domain, draft.phone, draft.www, draft.owner_id) == ("", "", "", None)


@pytest.mark.parametrize(
    ("subject", "is_marked"),
    [
        ("[withdrawn] Offer", True),
        ("[withdrawn] ", True),
        ("Offer", False),
        ("", False),
        ("Re: [withdrawn] Offer", False),
        ("[withdrawn]", False),
    ],
)
def test_the_beginning_of_its_subject_marks_a_withdrawn_activity(
    subject: str, is_marked: bool
) -> None:
    assert KeyedActivity(9, 7, "key", subject=subject).is_marked_withdrawn is is_marked


def test_the_subject_of_an_activity_may_be_unknown() -> None:
    assert KeyedActivity(9, 7, "key").subject == ""


@pytest.mark.parametrize(
    ("created", "is_older"),
    [(None, False), (3, False), (2, False), (1, True)],
    ids=["unknown", "later", "a day before", "longer before"],
)
def test_an_activity_is_not_of_a_mail_that_was_sent_later(
    created: int | None, is_older: bool
) -> None:
    """The clocks of webCRM and Outlook may differ by a day."""
    created_at = created and datetime(2026, 11, created, tzinfo=UTC)
    activity = KeyedActivity(1, 1, "ms1-a", created_at or None)
    sent_at, received_at = (datetime(2026, 11, day, tzinfo=UTC) for day in (4, 3))
    assert activity.is_older_than(sent_at, received_at) is is_older
    assert not activity.is_older_than(None, None)
