"""The pure decisions: results of searches, Organisations of a mail, categories of a copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from support.builders import CUSTOMER, NOON, SELLER, copy, email
from webcrm_sync.core import verification
from webcrm_sync.core.crm import SentActivity
from webcrm_sync.core.direction import Internals, NeverSync
from webcrm_sync.core.identity import Stamp, filing_key
from webcrm_sync.core.matching import Contact, Directory, MatchedBy, Target
from webcrm_sync.core.message import Party
from webcrm_sync.core.states import Reason, State
from webcrm_sync.core.verification import VerifyDecision, next_search_at
from webcrm_sync.engine.marking import NO_ROOM_FOR_STAMP, plan_marking
from webcrm_sync.engine.matching.decide import Decision, decision_for
from webcrm_sync.engine.mirroring.plan import (
    NO_ADDRESS,
    NO_MAILBOX,
    TOO_OLD,
    is_sent_mail,
    plan_mirror,
)
from webcrm_sync.settings import Settings
from webcrm_sync.store.filings import Filing
from webcrm_sync.store.mailboxes import Mailbox

MINUTE = timedelta(minutes=1)
moments = st.timedeltas(timedelta(), timedelta(hours=1)).map(lambda d: NOON + d)
settles = st.timedeltas(timedelta(), timedelta(minutes=10))

# --- look -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("searches", "after", "decision"),
    [
        (1, timedelta(seconds=2), VerifyDecision.SEARCH_AGAIN),
        (2, timedelta(seconds=59), VerifyDecision.SEARCH_AGAIN),
        (1, timedelta(hours=1), VerifyDecision.SEARCH_AGAIN),
        (2, MINUTE, VerifyDecision.NOT_THERE),
        (9, timedelta(hours=1), VerifyDecision.NOT_THERE),
    ],
)
def test_not_there_counts_after_two_searches_and_the_searchs_lag(
    searches: int, after: timedelta, decision: VerifyDecision
) -> None:
    assert (
        verification.decide_after_search(
            intent_at=NOON, searches=searches, now=NOON + after, settle=MINUTE
        )
        is decision
    )


@given(moments, settles)
def test_the_second_search_comes_after_the_lag_and_decides(
    now: datetime, settle: timedelta
) -> None:
    again = next_search_at(intent_at=NOON, now=now, settle=settle)
    assert again >= now
    assert (
        verification.decide_after_search(intent_at=NOON, searches=2, now=again, settle=settle)
        is VerifyDecision.NOT_THERE
    )


@given(moments, st.timedeltas(timedelta(seconds=1), timedelta(minutes=10)))
def test_no_search_follows_another_immediately(now: datetime, settle: timedelta) -> None:
    assert next_search_at(intent_at=NOON, now=now, settle=settle) > now


# --- match ----------------------------------------------------------------------------------

US = Internals.of(frozenset({SELLER.address}), frozenset(), frozenset())
BOOK = Directory((Contact(7, 1, CUSTOMER.address),))
TWICE = Directory((Contact(7, 1, CUSTOMER.address), Contact(8, 2, CUSTOMER.address)))
FILED = Filing(
    id=1,
    email_id=1,
    organisation_id=1,
    person_id=7,
    how=MatchedBy.CONTACT,
    key="ms1-",
    intent_at=NOON,
    lease=None,
    searches=0,
    attempts=1,
    activity_id=5,
    is_complete=True,
)


def decide(
    *known: Filing,
    book: Directory = BOOK,
    never: frozenset[str] = frozenset(),
    unlinked: bool = False,
    people: tuple[Party, ...] = (CUSTOMER,),
    **facts: object,
) -> Decision:
    return decision_for(
        email(**facts),
        people,
        known,
        internals=US,
        directory=book,
        never=NeverSync.of(never),
        is_unlinked_filed=unlinked,
    )


def test_a_known_customer_gets_a_filing() -> None:
    assert decide() == Decision(State.MATCHED, targets=(Target(1, 7, MatchedBy.CONTACT),))


def test_an_unknown_one_waits_or_is_filed_without_an_organisation() -> None:
    assert decide(book=Directory()) == Decision(State.WAITING, Reason.NO_CONTACT)
    unlinked = decide(book=Directory(), unlinked=True)
    assert unlinked == Decision(State.MATCHED, targets=(Target(0, None, MatchedBy.NONE),))


def test_an_ambiguous_one_asks_a_person_even_where_unlinked_is_allowed() -> None:
    for unlinked in (False, True):
        decision = decide(book=TWICE, unlinked=unlinked)
        assert (decision.state, decision.reason) == (State.PARKED, Reason.AMBIGUOUS)
        assert [t.organisation_id for t in decision.candidates] == [1, 2]


@pytest.mark.parametrize(
    "listed",
    ["buyer@customer.example", "BUYER@customer.example", "customer.example", "@Customer.example"],
)
def test_an_address_on_the_never_list_is_skipped_even_if_it_is_a_contact(listed: str) -> None:
    assert decide(never=frozenset({listed})) == Decision(State.SKIPPED, Reason.NEVER_LIST)


def test_the_never_list_does_not_match_parts_of_names() -> None:
    never = frozenset({"ustomer.example", "uyer@customer.example", "example", ""})
    assert decide(never=never).state is State.MATCHED


def test_the_never_list_covers_hidden_recipients() -> None:
    hidden = Party("secret@private.example")
    decision = decide(never=frozenset({"private.example"}), bcc=(hidden,))
    assert decision.reason is Reason.NEVER_LIST


def test_a_mail_among_colleagues_is_skipped() -> None:
    colleague = Party("b@ours.example")
    assert decide(sender=SELLER, to=(colleague,), people=()).reason is Reason.ONLY_COLLEAGUES
    assert decide(sender=None, to=(), people=()).reason is Reason.NO_ADDRESS


def test_a_mail_among_colleagues_that_is_in_webcrm_counts_as_filed_unless_undone() -> None:
    colleague, back = Party("b@ours.example"), replace(FILED, is_withdrawn=True)
    there = decide(FILED, sender=SELLER, to=(colleague,), people=())
    assert there == Decision(State.FILED)
    left_out = decide(back, sender=SELLER, to=(colleague,), people=())
    assert left_out.reason is Reason.ONLY_COLLEAGUES


def test_another_copy_of_a_filed_mail_is_filed_immediately() -> None:
    assert decide(FILED, people=()) == Decision(State.FILED)
    assert decide(FILED).targets == ()


def test_another_copy_may_name_another_customer() -> None:
    other = Party("x@other.example")
    book = Directory((Contact(9, 2, other.address),))
    decision = decide(FILED, book=book, people=(other,), bcc=(other,))
    assert decision == Decision(State.MATCHED, targets=(Target(2, 9, MatchedBy.CONTACT),))


def test_no_copy_changes_the_choice_of_a_person() -> None:
    other = Party("x@other.example")
    book = Directory((Contact(9, 2, other.address),))
    chosen = replace(FILED, how=MatchedBy.PERSON)
    assert decide(chosen, book=book, people=(other,), bcc=(other,)) == Decision(State.FILED)


def test_a_copy_of_a_mail_that_is_still_being_filed_follows_it() -> None:
    on_its_way = replace(FILED, activity_id=None, is_complete=False)
    assert decide(on_its_way, people=()) == Decision(State.MATCHED)


# --- mark -----------------------------------------------------------------------------------

STAMP = Stamp.synced("tenant", "<1@customer.example>")


def test_a_filed_copy_gets_both_categories_and_the_stamp() -> None:
    marking = plan_marking(copy(state=State.FILED, categories=("Hot",)), STAMP)
    assert marking is not None
    assert marking.categories == ("Hot", "webCRM sync", "Synced")
    assert (marking.change_key, marking.stamp) == ("v1", str(STAMP))


@pytest.mark.parametrize("stamp", [str(STAMP), NO_ROOM_FOR_STAMP])
def test_a_copy_with_the_right_categories_is_left_alone(stamp: str) -> None:
    done = copy(state=State.SYNCED, categories=("webCRM sync", "Synced"), stamp=stamp)
    assert plan_marking(done, STAMP) is None


def test_a_stamp_is_written_once() -> None:
    stamped = plan_marking(copy(state=State.SYNCED, categories=("x",), stamp=str(STAMP)), STAMP)
    assert stamped is not None
    assert stamped.stamp is None


def test_a_copy_that_is_not_synced_carries_no_stamp() -> None:
    waiting = copy(state=State.WAITING, reason=Reason.NO_CONTACT)
    marking = plan_marking(waiting, STAMP)
    assert marking is not None
    assert (marking.categories, marking.stamp) == (("webCRM sync", "Not synced"), None)


@pytest.mark.parametrize("state", [State.FOUND, State.MATCHED])
def test_a_copy_on_its_way_is_not_marked_yet(state: State) -> None:
    assert plan_marking(copy(state=state, categories=("Synced",)), STAMP) is None


# --- mirror ---------------------------------------------------------------------------------

SENT = SentActivity(
    activity_id=9,
    organisation_id=1,
    person_id=7,
    user_id=3,
    action="E-mail out",
    is_completed=True,
    key="",
    subject="Hello",
    body="<p>Hi<script>x()</script></p>",
    at=NOON,
    created_at=NOON,
    updated_at=NOON,
)
BOX = Mailbox(
    id=4,
    user_id="u",
    address=SELLER.address,
    display_name="Seller",
    is_shared=False,
    added_at=NOON,
    mirror_since=NOON,
    paused_until=None,
    attempts=0,
    trouble=None,
    push_trouble=None,
)
PERSON = Contact(7, 1, CUSTOMER.address, "Buyer")
SETTINGS = Settings(
    entra_tenant_id="t",
    entra_client_id="c",
    webcrm_token=SecretStr("w"),
    webcrm_action_out="E-mail out",
)


@pytest.mark.parametrize("action", ["E-mail out", "e-mail OUT "])
def test_the_activity_of_a_mail_sent_by_webcrm_is_recognised(action: str) -> None:
    assert is_sent_mail(replace(SENT, action=action), SETTINGS)


@pytest.mark.parametrize(
    "other",
    [
        {"action": "E-mail in"},
        {"action": ""},
        {"is_completed": False},
        {"person_id": 0},
        {"key": filing_key("t", "m", 1)},
    ],
    ids=str,
)
def test_nothing_else_is_a_mail_sent_from_webcrm(other: dict[str, object]) -> None:
    assert not is_sent_mail(replace(SENT, **other), SETTINGS)  # type: ignore[arg-type]  # fields


def test_a_foreign_value_in_the_key_field_does_not_matter() -> None:
    assert is_sent_mail(replace(SENT, key="their note"), SETTINGS)


def test_a_mirror_is_planned_harmless_and_with_its_own_time() -> None:
    plan = plan_mirror(SENT, BOX, PERSON, now=NOON + MINUTE)
    assert (plan.activity_id, plan.mailbox_id, plan.reason) == (9, 4, None)
    assert plan.draft == {
        "subject": "Hello",
        "body": "<p>Hi</p>",
        "is_html": "yes",
        "recipient_name": "Buyer",
        "recipient_address": CUSTOMER.address,
        "sent_at": NOON.isoformat(),
    }


def test_a_mail_that_cannot_be_mirrored_has_a_reason() -> None:
    now = NOON + MINUTE
    assert plan_mirror(SENT, None, PERSON, now=now).reason == NO_MAILBOX
    assert plan_mirror(SENT, BOX, None, now=now).reason == NO_ADDRESS
    early = replace(SENT, created_at=NOON - MINUTE)
    assert plan_mirror(early, BOX, PERSON, now=now).reason == TOO_OLD


def test_a_planned_time_in_the_past_does_not_make_a_fresh_mail_too_old() -> None:
    planned = replace(SENT, at=NOON - timedelta(days=7))
    assert plan_mirror(planned, BOX, PERSON, now=NOON).draft is not None
