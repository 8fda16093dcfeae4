"""Keys and stamps: webCRM and Outlook hold them, so no version may change them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import mail
from webcrm_sync.core.identity import (
    Stamp,
    content_hash_of,
    content_key,
    file_hash,
    filing_key,
    find_filing_keys,
    first_key,
    first_key_of,
    free_filing_key,
    hash_bytes,
    is_filing_key,
    key_with_content,
    legacy_key,
    mirror_message_id,
    unread_key,
)
from webcrm_sync.core.message import Fingerprint
from webcrm_sync.core.same_mail import File
from webcrm_sync.core.word_digest import WordDigest

FINGERPRINT = Fingerprint.of(mail())
DIGEST = "8161d0a33146a47dc8711408cc8c7053"
WORDS = WordDigest.of("The offer for 3 halls is 17.500 kr.", is_html=False).content
FILES = (File("a.pdf", 10), File("b.pdf", 20, "ab"))
ID = "<1@x.example>"
ANOTHER = f"{ID} content:3a465jgjjhxcurouthym3rbqs3"


@pytest.mark.parametrize(
    ("key", "literal"),
    [
        (first_key(ID, FINGERPRINT), ID),
        (first_key(None, FINGERPRINT), f"digest:{DIGEST}"),
        (legacy_key(ID, FINGERPRINT), f"{ID} {DIGEST}"),
        (content_key(ID, FINGERPRINT), f"{ID} content:f7r52ruodyzht6dluo73zhv2t3"),
        (content_key(ID, FINGERPRINT, words=WORDS), f"{ID} content:hthr4n5gefqcmztr4m424x5yuw"),
        (content_key(ID, FINGERPRINT, words=WORDS, files=FILES), ANOTHER),
        (
            content_key(first_key(None, FINGERPRINT), FINGERPRINT, words=WORDS, files=FILES),
            f"digest:{DIGEST} content:3a465jgjjhxcurouthym3rbqs3",
        ),
        (
            unread_key(3, "AAMk="),
            "unread-b10b3ffda203ae8f586fa0f1e766478e6bc7148d0b95d572be1ded67a47dc1ff",
        ),
        (file_hash(b"scan"), "59ad1b2fc74287ded1bba7af67765d23ad4a49f1ae51902cc2ed3f8ebee96cfa"),
        (filing_key("tenant", ID, 42), "ms1-5upznywj5jviywfgzl3s6og2gp"),
        (filing_key("tenant", ID, 42, number=2), "ms1-qovopfvugoe72t6y7ylw2mljrw"),
        (filing_key("tenant", ID, 42, number=4), "ms1-dzm57y7y32hombhoyh6wh5fata"),
        (filing_key("tenant", ANOTHER, 42), "ms1-onrltjh64l6debbybi37377bue"),
        (str(Stamp.synced("tenant", ID)), "ms1-s-4vsn54vjzrjafk2emgmwasfiao"),
        (
            str(Stamp.synced("tenant", ANOTHER)),
            "ms1-s-64qlfftvom6qpuabtvsbhaoejj-3a465jgjjhxcurouthym3rbqs3",
        ),
        (str(Stamp.mirror(17)), "ms1-m-17"),
        (
            mirror_message_id("tenant", 17, "ours.example"),
            "<ms1-mka5inngi44e4bsigizq7hd7pk@ours.example>",
        ),
    ],
)
def test_no_key_and_no_stamp_changes_between_versions(key: str, literal: str) -> None:
    """webCRM and Outlook hold them: when this fails, the code is wrong.

    With other keys every mail would be filed again; copies with other stamps would be foreign.
    """
    assert key == literal


def test_the_key_is_the_message_id() -> None:
    assert first_key("<1@x.example>", FINGERPRINT) == "<1@x.example>"


def test_keys_of_earlier_versions_hold_the_digest_after_a_reused_message_id() -> None:
    invoice = Fingerprint.of(mail(subject="Invoice"))
    key = legacy_key("<1@x.example>", invoice)
    assert key == f"<1@x.example> {invoice.digest()}"
    assert key != legacy_key("<1@x.example>", FINGERPRINT)


@pytest.mark.parametrize("missing", [None, ""])
def test_without_a_message_id_the_digest_is_the_key(missing: str | None) -> None:
    assert first_key(missing, FINGERPRINT) == f"digest:{FINGERPRINT.digest()}"


def test_a_content_key_reveals_its_parts() -> None:
    assert content_hash_of(ANOTHER) == "3a465jgjjhxcurouthym3rbqs3"
    assert key_with_content(ID, content_hash_of(ANOTHER)) == ANOTHER
    assert content_hash_of(ID) == content_hash_of(f"{ID} {DIGEST}") == ""
    assert first_key_of(ANOTHER, ID) == ID
    assert first_key_of(f"digest:{DIGEST} content:x", None) == f"digest:{DIGEST}"


def test_words_and_each_fact_about_a_file_make_another_content_key() -> None:
    words = WordDigest.of("Something else", is_html=False).content
    files = [
        *[(), FILES, FILES[:1], (File("c.pdf", 10), FILES[1]), (File("a.pdf", 11), FILES[1])],
        (FILES[0], File("b.pdf", 20, "cd")),
    ]
    keys = {content_key(ID, FINGERPRINT, words=w, files=f) for w in (WORDS, words) for f in files}
    assert len(keys) == 2 * len(files)


def test_each_unreadable_copy_has_its_own_key() -> None:
    assert len({unread_key(1, "a"), unread_key(1, "b"), unread_key(2, "a")}) == 3


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
def test_foreign_values_of_the_key_field_are_no_keys(text: str) -> None:
    assert not is_filing_key(text)


def test_a_mail_that_is_filed_again_gets_the_next_free_key() -> None:
    keys = [filing_key("t", "m", 1, number=number) for number in (1, 2, 3)]
    assert [free_filing_key("t", "m", 1, taken=keys[:n]) for n in range(3)] == keys
    assert free_filing_key("t", "m", 1, taken=keys[1:]) == keys[0]


@given(st.text(min_size=1), st.integers(0, 10**9))
def test_a_key_is_found_by_its_mail_and_organisation(email_key: str, organisation_id: int) -> None:
    wanted, other = (filing_key("tenant", email_key, organisation_id + n) for n in (0, 1))
    keys = {hash_bytes(key): key for key in (wanted, other)}
    assert list(find_filing_keys(keys, "tenant", email_key, [organisation_id])) == [wanted]
    assert list(find_filing_keys(keys, "another", email_key, [organisation_id])) == []


def test_later_keys_of_a_mail_are_found_with_its_first_one_up_to_the_fourth() -> None:
    made = [filing_key("t", "m", place, number=n) for place in (1, 2) for n in range(1, 6)]
    keys = {hash_bytes(key): key for key in made}
    assert list(find_filing_keys(keys, "t", "m", [1])) == made[:4]
    assert list(find_filing_keys(keys, "t", "m", [2, 3])) == made[5:9]
    del keys[hash_bytes(made[0])]
    assert list(find_filing_keys(keys, "t", "m", [1])) == []


def test_the_bytes_of_a_key_are_those_of_its_hash() -> None:
    key = filing_key("tenant", "<1@x.example>", 42)
    assert hash_bytes(key).hex() == "ed1f96e2c9ea6a8c58a6caf72f38da33"


@given(st.text(), st.text())
def test_a_stamp_is_read_as_it_was_written(company: str, key: str) -> None:
    stamp = Stamp.synced(company, key)
    assert Stamp.parse(str(stamp)) == stamp


def test_a_stamp_with_a_content_hash_is_read_as_it_was_written() -> None:
    stamp = Stamp.synced("tenant", ANOTHER)
    assert Stamp.parse(str(stamp)) == stamp
    assert stamp.content_hash == "3a465jgjjhxcurouthym3rbqs3"


def test_a_stamp_is_valid_for_its_mail_and_company() -> None:
    stamp = Stamp.synced("tenant", ID)
    assert stamp.is_for("tenant", ID)
    assert not stamp.is_for("tenant", ANOTHER)
    assert not stamp.is_for("another", ID)
    assert not Stamp("m", stamp.value).is_for("tenant", ID)


@given(st.integers(1, 10**17))
def test_the_stamp_of_a_mirror_names_its_activity(activity_id: int) -> None:
    stamp = Stamp.parse(str(Stamp.mirror(activity_id)))
    assert stamp is not None
    assert (stamp.kind, int(stamp.value)) == ("m", activity_id)


@pytest.mark.parametrize(
    "text",
    [None, "", "-", "ms1-x-1", "ms1-m-", "ms1-m-abc", "ms1-m-" + "9" * 30, "ms1-m-٣", "ms1-s-a!"],
)
def test_a_foreign_value_is_no_stamp(text: str | None) -> None:
    assert Stamp.parse(text) is None
