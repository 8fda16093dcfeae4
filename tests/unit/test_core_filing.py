"""The Activity that a mail becomes."""

from __future__ import annotations

from support.builders import NOON, mail
from webcrm_sync.core.crm import ActivityDraft
from webcrm_sync.core.filing import FieldLimits, draft_activity
from webcrm_sync.core.matching import MatchedBy, Target
from webcrm_sync.core.message import Message, Party


def draft(
    message: Message, text: str = "Hello", *, limits: FieldLimits | None = None
) -> ActivityDraft:
    target = Target(1, 7, MatchedBy.CONTACT)
    room = limits or FieldLimits()
    return draft_activity(message, text, target, key="k", action="in", user_id=3, limits=room)


def test_the_activity_says_who_wrote_what_to_whom() -> None:
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


def test_a_mail_to_300_people_keeps_room_for_its_text() -> None:
    many = tuple(Party(f"p{n}@x.example") for n in range(300))
    head = draft(mail(to=many)).memo.splitlines()[1]
    assert head.startswith("To: p0@x.example, p1@x.example, ")
    assert head.endswith("p29@x.example and 270 more")
    assert draft(mail(to=many[:31])).memo.splitlines()[1].endswith(" and 1 more")
    assert "more" not in draft(mail(to=many[:30])).memo


def test_subject_and_memo_stay_within_webcrms_lengths() -> None:
    made = draft(
        mail(subject="word " * 50), "word " * 999, limits=FieldLimits(subject=50, memo=100)
    )
    assert len(made.subject) <= 50
    assert len(made.memo) <= 100


def test_organisation_0_is_none() -> None:
    target = Target(0, None, MatchedBy.NONE)
    made = draft_activity(
        mail(), "", target, key="k", action="a", user_id=None, limits=FieldLimits()
    )
    assert (made.organisation_id, made.person_id) == (None, None)


def test_an_activity_of_a_mail_without_a_sender_names_its_recipients() -> None:
    made = draft(mail(sender=None))
    assert made.memo == "To: Seller <seller@ours.example>\n\nHello"
