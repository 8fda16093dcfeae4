"""Which copies are one mail, going by their heads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import CUSTOMER, NOON, SELLER, mail
from webcrm_sync.core.message import (
    PRIVATE,
    Attachment,
    AttachmentKind,
    Fingerprint,
    Party,
    actual_sender,
)
from webcrm_sync.core.same_mail import is_same_mail

addresses = st.sampled_from(["a@x.example", "b@x.example", "/o=x/cn=a", ""])
prints = st.builds(
    Fingerprint,
    sender=addresses,
    subject=st.sampled_from(["", "offer", "[external] offer", "invoice"]),
    sent_at=st.none() | st.integers(0, 300).map(lambda s: NOON + timedelta(seconds=s)),
    recipients=st.frozensets(addresses.filter(lambda a: "@" in a)),
)
FINGERPRINT = Fingerprint.of(mail())


@given(prints)
def test_a_copy_is_the_same_mail_as_itself(one: Fingerprint) -> None:
    assert is_same_mail(one, one)


@given(prints, prints)
def test_which_copy_came_first_makes_no_difference(one: Fingerprint, other: Fingerprint) -> None:
    assert is_same_mail(one, other) == is_same_mail(other, one)


@pytest.mark.parametrize(
    "copy",
    [
        mail(subject="[EXTERNAL] Offer"),
        mail(subject="  offer "),
        mail(sent_at=NOON + timedelta(seconds=61)),
        mail(sent_at=None),
        mail(sender=Party("/o=exchange/cn=buyer")),
        mail(sender=Party(CUSTOMER.address, "Shown otherwise")),
        mail(to=(SELLER, Party("second@ours.example"))),
        mail(to=()),
        mail(bcc=(Party("hidden@ours.example"),)),
        mail(graph_id="g2", change_key="v9", folder_id="f2", categories=("Mine",), body="other"),
    ],
    ids=lambda m: f"{m.subject}/{m.sent_at}/{m.sender}",
)
def test_copies_changed_by_servers_in_transit_are_one_mail(copy: object) -> None:
    assert is_same_mail(FINGERPRINT, Fingerprint.of(copy))  # type: ignore[arg-type]  # a Message


@pytest.mark.parametrize(
    "other",
    [
        {"sender": Party("another@customer.example")},
        {"subject": "Invoice"},
        {"subject": ""},
        {"sent_at": NOON + timedelta(minutes=3)},
        {"to": (Party("third@other.example"),)},
    ],
    ids=str,
)
def test_a_reused_message_id_with_another_content_is_another_mail(
    other: dict[str, object],
) -> None:
    assert not is_same_mail(FINGERPRINT, Fingerprint.of(mail(**other)))


def test_the_digest_never_changes_between_versions() -> None:
    """Keys in webCRM contain it: if this test fails, the code is wrong."""
    assert FINGERPRINT.digest() == "8161d0a33146a47dc8711408cc8c7053"
    bare = Fingerprint.of(mail(sender=None, sent_at=None, to=()))
    assert bare.digest() == "214cd55dfb56275a9a09887f4ef1bf33"


def test_the_digest_depends_on_every_fact_and_on_no_order() -> None:
    others = [
        replace(FINGERPRINT, sender="x@y.example"),
        replace(FINGERPRINT, subject="x"),
        replace(FINGERPRINT, sent_at=None),
        replace(FINGERPRINT, recipients=frozenset()),
    ]
    assert len({p.digest() for p in [FINGERPRINT, *others]}) == 5
    both = mail(to=(SELLER, CUSTOMER)), mail(to=(CUSTOMER, SELLER))
    assert len({Fingerprint.of(m).digest() for m in both}) == 1


def test_a_person_is_shown_by_name_and_address() -> None:
    assert str(Party("a@x.example", "Ann")) == "Ann <a@x.example>"
    assert str(Party("a@x.example", "A@x.example")) == "a@x.example"
    assert str(Party("a@x.example")) == "a@x.example"
    assert Party("/o=x/cn=a").domain == ""
    assert Party('"odd@name"@x.example').domain == "x.example"


def test_a_download_may_be_larger_than_outlook_says_only_for_its_own_items() -> None:
    file = Attachment("g", "a.pdf", 1_000, False, "application/pdf", AttachmentKind.FILE)
    item = replace(file, kind=AttachmentKind.ITEM)
    assert file.max_content_size == 1_000
    assert item.max_content_size == 2 * 1_000 + 256 * 1024


def test_an_address_keeps_its_letters_where_folding_its_case_changes_them() -> None:
    strasse = Party.of(" Eva@Straße.example ", " Eva ")
    assert strasse == Party("eva@strasse.example", "Eva", written="eva@straße.example")
    assert strasse.folded == "eva@xn--strae-oqa.example"
    assert Party.of("EVA@x.example") == Party("eva@x.example", name="", written="")


EVA, LEGACY = Party("eva@x.example", "Eva"), Party("/o=x/cn=eva", "EVA")
BO = Party("bo@x.example", "Bo")


@pytest.mark.parametrize(
    ("author", "actual", "right"),
    [
        (EVA, BO, BO),
        (EVA, EVA, None),
        (EVA, None, None),
        (None, BO, None),
        (EVA, LEGACY, None),  # one person by both addresses
        (LEGACY, EVA, None),
        (EVA, Party("/o=x/cn=eva"), None),
        (EVA, Party("/o=x/cn=bo", "Bo"), Party("/o=x/cn=bo", "Bo")),
        (LEGACY, BO, BO),
        (LEGACY, Party("/o=x/cn=other", "Eva"), Party("/o=x/cn=other", "Eva")),
    ],
)
def test_a_mail_was_sent_on_behalf_if_author_and_sender_are_two_persons(
    author: Party | None, actual: Party | None, right: Party | None
) -> None:
    assert actual_sender(author, actual) == right


def test_a_mail_is_normal_and_an_attachment_is_no_picture_by_default() -> None:
    assert mail().sensitivity == 0
    assert (
        Attachment("g", "a.pdf", 1, False, "application/pdf", AttachmentKind.FILE).content_id == ""
    )


def test_private_and_confidential_mails_are_not_meant_for_everybody() -> None:
    normal, personal, private, confidential = range(4)
    assert {private, confidential} == PRIVATE
    assert not {normal, personal} & PRIVATE
