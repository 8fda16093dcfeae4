"""Keys, stamps and the Activity that a mail becomes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.core_examples import NOON, mail
from webcrm_sync.core.crm import ActivityDraft
from webcrm_sync.core.filing import (
    Limits,
    Stamp,
    draft_activity,
    filing_key,
    hash_in,
    is_filing_key,
    owner_of,
)
from webcrm_sync.core.matching import How, Target
from webcrm_sync.core.message import Message, Party


def test_the_key_of_a_filing_never_changes_between_versions() -> None:
    """It stands in webCRM: with another one every mail would be filed again."""
    assert filing_key("tenant", "<1@x.example>", 42) == "ms1-5upznywj5jviywfgzl3s6og2gp"


def test_the_stamp_of_a_synced_copy_never_changes_between_versions() -> None:
    """It stands on mails in Outlook: with another one they would be taken for another product's."""
    assert str(Stamp.synced("tenant", "<1@x.example>")) == "ms1-s-4vsn54vjzrjafk2emgmwasfiao"


@given(st.text(), st.text(), st.integers(0))
def test_every_key_has_the_shape_webcrm_can_hold(company: str, key: str, number: int) -> None:
    made = filing_key(company, key, number)
    assert re.fullmatch("ms1-[a-z2-7]{26}", made)
    assert is_filing_key(made)
    assert len(made) == 30


def test_company_mail_and_organisation_each_make_another_key() -> None:
    facts = [("t", "m", 1), ("u", "m", 1), ("t", "n", 1), ("t", "m", 2), ("tm", "", 1)]
    assert len({filing_key(*f) for f in facts}) == len(facts)


@pytest.mark.parametrize("text", ["", "ms1-", "MS1-" + "a" * 26, "ms1-" + "a" * 27, "a" * 30])
def test_what_others_keep_in_that_field_is_no_key_of_ours(text: str) -> None:
    assert not is_filing_key(text)


@given(st.text(), st.text())
def test_a_stamp_is_read_as_it_was_written(company: str, key: str) -> None:
    stamp = Stamp.synced(company, key)
    assert Stamp.parse(str(stamp)) == stamp


@given(st.integers(1, 10**17))
def test_the_stamp_of_a_mirror_tells_its_activity(activity_id: int) -> None:
    stamp = Stamp.parse(str(Stamp.mirror(activity_id)))
    assert stamp is not None
    assert (stamp.kind, int(stamp.value)) == ("m", activity_id)


@pytest.mark.parametrize(
    "text",
    [None, "", "-", "ms1-x-1", "ms1-m-", "ms1-m-abc", "ms1-m-" + "9" * 30, "ms1-m-٣", "ms1-s-a!"],
)
def test_what_we_did_not_write_is_no_stamp(text: str | None) -> None:
    assert Stamp.parse(text) is None


def draft(message: Message, text: str = "Hello", *, limits: Limits | None = None) -> ActivityDraft:
    target = Target(1, 7, How.CONTACT)
    room = limits or Limits()
    return draft_activity(message, text, target, key="k", action="in", user_id=3, limits=room)


def test_the_activity_tells_who_wrote_to_whom_and_what() -> None:
    made = draft(mail(cc=(Party("c@x.example"),)))
    assert made.memo == (
        "From: Buyer <buyer@customer.example>\n"
        "To: Seller <seller@ours.example>\n"
        "Cc: c@x.example\n\nHello"
    )
    assert (made.subject, made.at, made.user_id, made.person_id) == ("Offer", NOON, 3, 7)


def test_a_mail_without_a_subject_says_so() -> None:
    assert draft(mail(subject=" \n ")).subject == "(no subject)"
    assert draft(mail(subject="one\r\n two")).subject == "one two"


def test_without_a_sent_time_the_arrival_counts() -> None:
    assert draft(mail(sent_at=None)).at == NOON
    assert draft(mail(sent_at=None, received_at=None)).at.year == 1970


def test_a_mail_to_300_people_does_not_drown_its_own_words() -> None:
    many = tuple(Party(f"p{n}@x.example") for n in range(300))
    head = draft(mail(to=many)).memo.splitlines()[1]
    assert head.startswith("To: p0@x.example, p1@x.example, ")
    assert head.endswith("p29@x.example and 270 more")
    assert "more" not in draft(mail(to=many[:30])).memo


def test_subject_and_memo_keep_the_lengths_that_webcrm_tells() -> None:
    made = draft(mail(subject="word " * 50), "word " * 999, limits=Limits(subject=50, memo=100))
    assert len(made.subject) <= 50
    assert len(made.memo) <= 100


def test_organisation_0_is_none() -> None:
    target = Target(0, None, How.NONE)
    made = draft_activity(mail(), "", target, key="k", action="a", user_id=None, limits=Limits())
    assert (made.organisation_id, made.person_id) == (None, None)


@given(st.text(min_size=1), st.integers(0, 10**9))
def test_a_key_is_found_again_by_the_mail_and_organisation_it_was_made_of(
    email_key: str, organisation_id: int
) -> None:
    wanted, other = (filing_key("tenant", email_key, organisation_id + n) for n in (0, 1))
    keys = {hash_in(key): key for key in (wanted, other)}
    assert list(owner_of(keys, "tenant", email_key, [organisation_id])) == [
        (wanted, organisation_id)
    ]
    assert list(owner_of(keys, "another", email_key, [organisation_id])) == []
