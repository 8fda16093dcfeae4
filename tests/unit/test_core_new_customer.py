"""What a claim to a new Organisation needs next, and what a search means for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core import new_customer as rules
from webcrm_sync.core import verification
from webcrm_sync.core.crm import OrganisationDraft, OrganisationRow
from webcrm_sync.core.new_customer import AfterSearch, ClaimStep, OrganisationClaim

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAFT = OrganisationDraft("Vindmark A/S")


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def sent(*, ago: float, is_accepted: bool = False, due_in: float = 0) -> OrganisationClaim:
    """A claim whose Organisation was sent so many seconds ago."""
    at = NOW - seconds(ago)
    due_at = NOW + seconds(due_in)
    return OrganisationClaim(DRAFT, at, due_at, intent_at=at, is_accepted=is_accepted)


def test_a_claim_is_sent_then_searched_for_when_that_is_due_and_then_done() -> None:
    new = OrganisationClaim(DRAFT, NOW, NOW)
    assert rules.next_step(new, NOW) is ClaimStep.SEND
    assert rules.next_step(sent(ago=1, due_in=5), NOW) is ClaimStep.WAIT
    assert rules.next_step(sent(ago=9), NOW) is ClaimStep.SEARCH
    done = OrganisationClaim(DRAFT, NOW, NOW, intent_at=NOW, organisation_id=7)
    assert rules.next_step(done, NOW) is ClaimStep.DONE


@pytest.mark.parametrize(
    ("ago", "searches", "settle_s", "expected"),
    [
        (61, 2, 60, AfterSearch.SEND_AGAIN),
        (61, 1, 60, AfterSearch.SEARCH_AGAIN),
        (59, 9, 60, AfterSearch.SEARCH_AGAIN),
        (30, 2, 0, AfterSearch.SEND_AGAIN),
        (29, 9, 0, AfterSearch.SEARCH_AGAIN),
    ],
)
def test_after_a_lost_answer_it_is_sent_again_only_when_it_is_certainly_missing(
    ago: float, searches: int, settle_s: float, expected: AfterSearch
) -> None:
    after = rules.decide_after_search(
        sent(ago=ago), searches=searches, now=NOW, settle=seconds(settle_s)
    )
    assert after is expected


@given(ago=st.floats(0, 10_000), searches=st.integers(0, 100), settle_s=st.floats(0, 600))
def test_what_webcrm_accepted_is_never_sent_again(
    ago: float, searches: int, settle_s: float
) -> None:
    after = rules.decide_after_search(
        sent(ago=ago, is_accepted=True), searches=searches, now=NOW, settle=seconds(settle_s)
    )
    is_hopeless = (NOW - seconds(ago)) + max(seconds(600), 2 * seconds(settle_s)) <= NOW
    assert after is (AfterSearch.GIVE_UP if is_hopeless else AfterSearch.SEARCH_AGAIN)


@pytest.mark.parametrize(
    ("ago", "settle_s", "expected"),
    [
        (600, 60, AfterSearch.GIVE_UP),
        (599, 60, AfterSearch.SEARCH_AGAIN),
        (800, 400, AfterSearch.GIVE_UP),
        (799, 400, AfterSearch.SEARCH_AGAIN),
    ],
)
def test_what_webcrm_accepted_and_does_not_list_is_given_up(
    ago: float, settle_s: float, expected: AfterSearch
) -> None:
    claim = sent(ago=ago, is_accepted=True)
    after = rules.decide_after_search(claim, searches=9, now=NOW, settle=seconds(settle_s))
    assert after is expected


@given(settle_s=st.floats(0, 600))
def test_nobody_sends_again_while_the_first_sender_still_may(settle_s: float) -> None:
    settle = seconds(settle_s)
    latest = verification.latest_send_at(NOW, settle=settle)
    first_search = rules.first_search_at(NOW, settle=settle)
    assert first_search >= latest
    claim = OrganisationClaim(DRAFT, NOW, NOW, intent_at=NOW)
    early = rules.decide_after_search(claim, searches=9, now=latest, settle=settle)
    assert early is AfterSearch.SEARCH_AGAIN


def test_searches_become_rarer() -> None:
    gaps = [(rules.next_search_at(n, NOW) - NOW).total_seconds() for n in (1, 2, 3, 4, 5, 50)]
    assert gaps == [2, 4, 8, 16, 30, 30]
    assert rules.created_since(NOW) == NOW - timedelta(minutes=15)


def rows(*names: str) -> list[OrganisationRow]:
    return [OrganisationRow(9 - i, name, (), None) for i, name in enumerate(names)]


def test_the_new_organisation_is_found_by_its_name_however_webcrm_spells_it() -> None:
    listed = rows("VINDMARK  A/S", "Vindmark", "Vindmark A/S")
    assert rules.find_created("Vindmark A/S", listed) == (7, 9)
    assert rules.find_created("Vindmark A/S", listed, earlier_ids=[7]) == (9,)
    assert rules.find_created("<b>Vind</b>", rows("‹b›Vind‹/b›")) == (9,)


def test_a_system_may_keep_the_beginning_of_a_long_name() -> None:
    name = "Vindmark og Datterselskabernes Fælles Administration A/S"
    assert rules.find_created(name, rows(name[:50])) == (9,)
    assert rules.find_created(name, rows(name[:49])) == ()
