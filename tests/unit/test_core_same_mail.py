"""One mail or two: changes in transit make no other mail, another content does, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import NOON, mail
from webcrm_sync.core.aliases import Aliases
from webcrm_sync.core.direction import Internals
from webcrm_sync.core.email_index import EmailIndex, KnownMail, NewCopy, find_file_only_differences
from webcrm_sync.core.identity import Stamp, content_hash_of, content_key, first_key, legacy_key
from webcrm_sync.core.message import Attachment, AttachmentKind, Fingerprint, Message, Party
from webcrm_sync.core.same_mail import File, Files, MailFeatures, list_files
from webcrm_sync.core.word_digest import WordDigest

KIM = "kim@ours.example"
OWNERS = dict.fromkeys((KIM, "kim.n@ours.example", "kim@ours.onmicrosoft.com"), KIM)
ALIASES = Aliases(OWNERS, Internals.of(frozenset(OWNERS), frozenset(), frozenset()))
SENTENCE = (
    "Dear all the order is ready and can be fetched in our house from next week on bring your"
    " papers and call before you come please"
)
WORDS = SENTENCE.split()
NOTICE = ["Caution", "this", "came", "from", "outside"]
MESSAGE_ID = "<1@customer.example>"


def facts(message: Message, files: Files | None = None, stamp: str | None = None) -> NewCopy:
    """The facts about a copy in the mailbox that is read."""
    words = WordDigest.of(message.body, is_html=message.body_is_html)
    features = MailFeatures(Fingerprint.of(message), words, bool(files), files)
    return NewCopy(message.message_id, features, stamp)


def keys_of(copies: list[NewCopy], known: list[KnownMail] | None = None) -> list[str]:
    index = EmailIndex.of(known or [], "tenant", ALIASES)
    mails = [index.find_or_add(copy) for copy in copies]
    return [m.key for m in mails]


def stored(copy: NewCopy, key: str, number: int = 1, **more: object) -> KnownMail:
    """A mail that is stored under this key."""
    known = KnownMail(key, copy.features, copy.message_id, number)
    return replace(known, **more)  # type: ignore[arg-type]  # the caller names real fields


senders = st.sampled_from([*OWNERS, "kim+crm@ours.example", "k.n@ours.example", "/o=x/cn=kim"])
tags = st.sampled_from(
    ["{}", "[EXTERNAL] {}", "{} [SEC=OFFICIAL]", "EXTERN: {}", "*** SPAM *** {}"]
)


@st.composite
def copies_on_their_way(draw: st.DrawFn) -> list[Message]:
    """Copies of one mail, each as some gateway left it."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=40))
    words += draw(st.lists(st.integers(1, 99).map(str), max_size=3))
    made = []
    for _ in range(draw(st.integers(2, 4))):
        front, back = draw(st.sampled_from([[], NOTICE])), draw(st.sampled_from([[], NOTICE]))
        body = draw(st.sampled_from([" ", "\r\n", "\t "])).join([*front, *words, *back])
        is_html = draw(st.booleans())
        made.append(
            mail(
                sender=Party(draw(senders)),
                to=(Party("bo@customer.example"),),
                subject=draw(tags).format("RE: Order"),
                sent_at=NOON + timedelta(seconds=draw(st.integers(0, 100))),
                body=f"<p>{body}</p><!-- {draw(st.integers())} -->" if is_html else body,
                body_is_html=is_html,
            )
        )
    return made


@given(copies_on_their_way(), st.randoms())
def test_copies_of_one_mail_match_in_any_order(copies: list[Message], by: object) -> None:
    by.shuffle(copies)  # type: ignore[attr-defined]  # a Random
    assert keys_of([facts(copy) for copy in copies]) == [MESSAGE_ID] * len(copies)


contents = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)


@given(st.lists(contents.map(" ".join), min_size=2, max_size=5), st.randoms())
def test_mails_with_different_contents_stay_apart_in_any_order(
    bodies: list[str], by: object
) -> None:
    """Bodies that are another's beginning with something added count as that one."""
    mails = [mail(body=f"Number {n}: {body}") for n, body in enumerate(bodies)]
    by.shuffle(mails)  # type: ignore[attr-defined]  # a Random
    first = keys_of([facts(one) for one in mails])
    assert len(set(first)) == len(mails)
    assert first[0] == MESSAGE_ID
    assert keys_of([facts(one) for one in mails * 2]) == first * 2
    for one, key in zip(mails[1:], first[1:], strict=True):
        fingerprint, words = Fingerprint.of(one), facts(one).features.words
        assert words is not None
        assert key == content_key(MESSAGE_ID, fingerprint, words=words.content)


ONE = facts(mail(body="The offer 1"))
TWO = facts(mail(body="The offer 2"))
THREE = facts(mail(body="The offer 3"))


def test_every_other_mail_has_its_own_key_in_any_order() -> None:
    (_, two, three), (_, also_three, also_two) = (
        keys_of([ONE, TWO, THREE]),
        keys_of([ONE, THREE, TWO]),
    )
    assert (two, three) == (also_two, also_three)


def test_the_key_of_another_mail_never_changes_between_versions() -> None:
    """Keys in webCRM are derived from it: if this test fails, the code is wrong."""
    assert keys_of([ONE, TWO])[1] == "<1@customer.example> content:mtqnrwjx445ueja45utmaqvej3"


def test_a_row_without_words_is_compared_by_its_header() -> None:
    known = stored(ONE, MESSAGE_ID)
    known.features = replace(known.features, words=None)
    assert keys_of([TWO], [known]) == [MESSAGE_ID]
    assert keys_of([facts(mail(subject="Invoice"))], [known]) != [MESSAGE_ID]


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("form", ["content", "earlier"])
def test_after_a_loss_the_stamps_name_the_keys_in_any_order(
    order: tuple[int, ...], form: str
) -> None:
    copies = [facts(mail(body=f"The offer {n}", subject=f"Offer {n}")) for n in range(3)]
    keys = keys_of(copies)
    if form == "earlier":
        keys = [MESSAGE_ID, *(legacy_key(MESSAGE_ID, c.features.fingerprint) for c in copies[1:])]
    stamped = [
        replace(c, stamp=str(Stamp.synced("tenant", k))) for c, k in zip(copies, keys, strict=True)
    ]
    assert keys_of([stamped[n] for n in order]) == [keys[n] for n in order]
    unstamped = [copies[n] for n in order]
    assert keys_of([*(stamped[n] for n in order), *unstamped]) == [keys[n] for n in order] * 2


def test_a_stamp_names_the_key_of_a_copy_with_added_text() -> None:
    key = keys_of([ONE, TWO])[1]
    stamp = str(Stamp.synced("tenant", key))
    touched = facts(mail(body="Caution: from outside. The offer 2", subject="[EXT] Offer"))
    assert keys_of([replace(touched, stamp=stamp)]) == [key]
    assert content_hash_of(key) == Stamp.synced("tenant", key).content_hash


def test_the_stamp_of_an_earlier_version_names_a_new_key_too() -> None:
    key = keys_of([ONE, TWO])[1]
    stamp = f"ms1-s-{Stamp.synced('tenant', key).value}"
    assert keys_of([replace(TWO, stamp=stamp)]) == [key]


@pytest.mark.parametrize("stamp", ["ms1-m-7", "ms1-s-" + "a" * 26, "none", ""])
def test_a_stamp_of_another_mail_names_no_key(stamp: str) -> None:
    assert keys_of([replace(ONE, stamp=stamp)]) == [MESSAGE_ID]


def test_mails_that_were_duplicated_before_are_not_merged() -> None:
    """Each copy goes to the row whose key it carries, and one without a stamp to the likest."""
    tagged = facts(mail(body="The offer 1", subject="RE: [EXTERNAL] x"))
    plain = facts(mail(body="The offer 1", subject="RE: x"))
    second = legacy_key(MESSAGE_ID, tagged.features.fingerprint)
    known = [stored(plain, MESSAGE_ID, 1), stored(tagged, second, 2)]
    for copy, key in ((tagged, MESSAGE_ID), (plain, second)):
        stamp = str(Stamp.synced("tenant", key))
        assert keys_of([replace(copy, stamp=stamp)], known) == [key]
    assert keys_of([tagged, plain], known) == [second, MESSAGE_ID]


def stamped(copy: NewCopy, key: str) -> NewCopy:
    return replace(copy, stamp=str(Stamp.synced("tenant", key)))


def test_a_mail_found_too_early_yields_the_key_to_the_copy_that_carries_it() -> None:
    """After a loss a mail that was never filed may be found before the first one with its key."""
    index = EmailIndex.of([stored(TWO, MESSAGE_ID)], "tenant", ALIASES)
    one = index.find_or_add(stamped(ONE, MESSAGE_ID))
    two = index.find_or_add(TWO)
    assert (one.key, two.key) == (MESSAGE_ID, keys_of([ONE, TWO])[1])
    assert index.renamed == [two]


def test_a_copy_without_a_stamp_takes_the_key_that_a_later_one_carries() -> None:
    key = keys_of([ONE, TWO])[1]
    index = EmailIndex.of([stored(TWO, MESSAGE_ID)], "tenant", ALIASES)
    assert index.find_or_add(stamped(TWO, key)).id == 1
    assert [m.key for m in index.renamed] == [key]
    assert index.find_or_add(stamped(ONE, MESSAGE_ID)).key == MESSAGE_ID


@pytest.mark.parametrize(
    "bound", [{"has_filings": True}, {"stamps": [str(Stamp.synced("tenant", MESSAGE_ID))]}]
)
def test_a_key_under_which_something_was_written_stays(bound: dict[str, object]) -> None:
    for copy in (stamped(ONE, MESSAGE_ID), stamped(TWO, keys_of([ONE, TWO])[1])):
        index = EmailIndex.of([stored(TWO, MESSAGE_ID, 1, **bound)], "tenant", ALIASES)
        index.find_or_add(copy)
        assert index.renamed == []


def test_mails_without_a_message_id_are_distinguished_too() -> None:
    one, two = (facts(mail(message_id=None, body=f"The offer {n}")) for n in (1, 2))
    first, second = keys_of([one, two])
    assert first == first_key(None, one.features.fingerprint)
    assert second in set(two.possible_keys()) - set(one.possible_keys())
    known = [stored(one, first, 1), stored(two, second, 2)]
    assert keys_of([two, one], known) == [second, first]


def test_a_message_id_equal_to_anothers_key_does_not_take_it() -> None:
    first, second = keys_of([ONE, TWO])
    known = [stored(ONE, first, 1), stored(TWO, second, 2)]
    odd = facts(mail(message_id=second, body="The offer 9"))
    assert keys_of([odd], known)[0] not in {first, second}


SCAN = mail(body="Your scan")
A, B = (File("a.pdf", 10),), (File("b.pdf", 10),)


@pytest.mark.parametrize(
    ("files", "mails"),
    [
        ([A, B], 2),
        ([A, A], 1),
        ([A, (File("a.pdf", 11),)], 2),
        ([(File("a.pdf", 10, "x"),), (File("a.pdf", 10, "y"),)], 2),
        ([A, A + B], 2),
        ([A, ()], 2),
        ([(), ()], 1),
        ([A, B, A, B, A], 2),
        ([A, B, A + B, ()], 4),
        ([None, A], 2),
        ([A, B + A, A + B], 3),
    ],
    ids=str,
)
def test_files_distinguish_mails_with_equal_words(files: list[Files | None], mails: int) -> None:
    assert len(set(keys_of([facts(SCAN, one) for one in files]))) == mails


def test_files_of_copies_in_other_mailboxes_are_not_compared() -> None:
    elsewhere = stored(facts(SCAN, A), MESSAGE_ID)
    elsewhere.features = replace(elsewhere.features, has_files=None, files=None)
    assert keys_of([facts(SCAN, B)], [elsewhere]) == [MESSAGE_ID]


def test_files_are_listed_only_for_copies_that_nothing_else_distinguishes() -> None:
    unseen = replace(facts(SCAN).features, has_files=True)
    scan = NewCopy(MESSAGE_ID, unseen)
    other = replace(
        facts(mail(body="Another text")), features=replace(TWO.features, has_files=True)
    )
    later = replace(
        scan,
        features=replace(
            unseen, fingerprint=Fingerprint.of(mail(sent_at=NOON + timedelta(hours=1)))
        ),
    )
    copies = {"1": scan, "2": scan, "3": other, "4": later, "5": facts(SCAN)}
    assert set(find_file_only_differences(copies, [], ALIASES)) == {"1", "2"}
    known = [
        stored(scan, MESSAGE_ID, graph_id="0"),
        stored(scan, MESSAGE_ID, graph_id=None),
        stored(other, "x", graph_id="9"),
    ]
    assert set(find_file_only_differences({"1": scan}, known, ALIASES)) == {"0", "1"}
    assert find_file_only_differences({"0": scan}, known, ALIASES) == {}


def test_pictures_that_a_text_shows_are_no_files() -> None:
    picture = Attachment("1", "logo.png", 9, True, "image/png", AttachmentKind.FILE)
    listed = [picture, replace(picture, name="b.pdf", content_type="application/pdf")]
    listed += [replace(picture, name="a.png", is_inline=False)]
    assert list_files(listed) == (File("a.png", 9), File("b.pdf", 9))
    assert list_files(listed, with_sizes=False) == (File("a.png", 0), File("b.pdf", 0))
    assert list_files(listed[1:2], contents={"1": "x"}) == (File("b.pdf", 9, "x"),)


def test_files_of_a_copy_without_known_words_distinguish_nothing() -> None:
    one = replace(ONE.features, words=None, has_files=True)
    two = replace(ONE.features, words=None, has_files=False)
    assert one.is_of_mail(two)
    assert not one.may_have_other_files(replace(two, has_files=True))
    assert not one.may_have_other_files(replace(ONE.features, has_files=True))


def test_files_that_nobody_has_listed_yet_tell_nothing_apart() -> None:
    unlisted = replace(facts(SCAN).features, has_files=True, files=None)
    assert unlisted.is_of_mail(facts(SCAN, A).features)
    assert facts(SCAN, A).features.is_of_mail(unlisted)


def test_a_mail_found_a_moment_ago_takes_the_key_that_a_stamp_names() -> None:
    key = keys_of([ONE, TWO])[1]
    stamped = replace(TWO, stamp=str(Stamp.synced("tenant", key)))
    assert keys_of([TWO, stamped]) == [key, key]


def test_a_stored_mail_takes_the_files_of_its_copy_in_this_mailbox() -> None:
    known = replace(stored(ONE, MESSAGE_ID), graph_id="g")
    known.set_files({"g": (File("a.pdf", 9),), "other": ()})
    assert known.features.files == (File("a.pdf", 9),)
    known.set_files({"other": ()})
    assert known.features.files is None
    elsewhere = stored(ONE, MESSAGE_ID)
    elsewhere.set_files({"g": ()})
    assert elsewhere.features.files is None


def test_copies_with_one_stamp_are_one_mail_though_their_text_differs() -> None:
    index = EmailIndex("tenant", ALIASES)
    first = index.find_or_add(stamped(ONE, MESSAGE_ID))
    assert index.find_or_add(stamped(TWO, MESSAGE_ID)) is first
    assert first.key == MESSAGE_ID


@pytest.mark.parametrize(("seconds", "right"), [(40, "early"), (80, "late"), (None, "early")])
def test_of_two_mails_that_a_copy_may_belong_to_the_nearest_in_time_gets_it(
    seconds: int | None, right: str
) -> None:
    known = [
        stored(facts(mail(sent_at=NOON + timedelta(seconds=at))), key)
        for at, key in ((0, "early"), (120, "late"))
    ]
    sent_at = None if seconds is None else NOON + timedelta(seconds=seconds)
    assert keys_of([facts(mail(sent_at=sent_at))], known) == [right]


COLLEAGUE = Party("anna@ours.example")
TENANT = (Party("buyer@customer.onmicrosoft.com"),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (mail(sender=Party(KIM)), mail(sender=COLLEAGUE)),
        (mail(to=(Party("buyer@customer.example"),)), mail(to=TENANT)),
    ],
    ids=["sender", "recipient"],
)
def test_equal_words_join_two_addresses_that_may_be_one_person(
    one: Message, other: Message
) -> None:
    internals = Internals.of(frozenset({KIM, COLLEAGUE.address}), frozenset(), frozenset())
    aliases = Aliases({}, internals)
    here, there = (facts(copy, A).features for copy in (one, other))
    assert here.is_of_mail(there, aliases)
    assert here.may_have_other_files(there, aliases)
    assert not replace(here, words=None).is_of_mail(there, aliases)


def test_equal_words_do_not_join_mails_with_different_subjects() -> None:
    offer, invoice = (facts(mail(subject=subject)) for subject in ("Offer", "Invoice"))
    assert len(set(keys_of([offer, invoice]))) == 2


def test_a_mail_can_take_the_key_that_it_has_beside_another_one() -> None:
    offer, invoice = (facts(mail(subject=subject)) for subject in ("Offer", "Invoice"))
    first, beside = keys_of([offer, invoice])
    assert stored(invoice, first).distinct_key() == beside


@pytest.mark.parametrize(("seconds", "mails"), [(119, 1), (120, 1), (121, 2)])
def test_dates_of_one_mail_differ_by_two_minutes_at_most(seconds: int, mails: int) -> None:
    later = facts(mail(sent_at=NOON + timedelta(seconds=seconds)))
    assert len(set(keys_of([facts(mail()), later]))) == mails
