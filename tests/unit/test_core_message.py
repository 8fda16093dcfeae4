"""Which copies are one mail, going by their heads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import CUSTOMER, NOON, SELLER, mail
from webcrm_sync.core.message import Attachment, AttachmentKind, Fingerprint, Party
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
    """It is part of keys that stand in webCRM: when this fails, the code is wrong."""
    assert FINGERPRINT.digest() == "8161d0a33146a47dc8711408cc8c7053"


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
