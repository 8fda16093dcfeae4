"""How attachments are classified, by Graph's list and by the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.attachments import (
    MEGABYTE,
    PICTURE_MISSING,
    AttachmentPlan,
    DocumentPlan,
    Protection,
    classify,
    name_attachments,
    normalize_content_id,
)
from webcrm_sync.core.message import Attachment, AttachmentKind

LARGEST = 25 * MEGABYTE


def a_file(name: str, content_type: str, **facts: object) -> Attachment:
    """An attachment as Graph lists it, but for these facts."""
    told: dict[str, object] = {
        "graph_id": "a",
        "name": name,
        "size": 100,
        "is_inline": False,
        "content_type": content_type,
        "kind": AttachmentKind.FILE,
    }
    return Attachment(**(told | facts))  # type: ignore[arg-type]  # the caller names real fields


def sorted_out(*listed: Attachment, cids: tuple[str, ...] = ()) -> AttachmentPlan:
    """What becomes of them where the text shows these content ids."""
    return classify(listed, cids=cids, largest=LARGEST)


@pytest.mark.parametrize("is_inline", [True, False])
@pytest.mark.parametrize(
    ("name", "content_type", "is_part"),
    [
        ("logo.png", "image/png", True),
        ("logo.png", "IMAGE/PNG; name=logo.png", True),
        *(
            (f"logo.{ending}", "application/octet-stream", True)
            for ending in ["bmp", "gif", "heic", "jpeg", "jpg", "png", "svg", "tif", "webp"]
        ),
        ("plan.pdf", "application/pdf", False),
        ("plan.pdf", "application/octet-stream", False),
        ("sound.wav", "audio/wav", False),
    ],
)
def test_picture_that_the_text_shows_belongs_to_it_whatever_its_flag(
    name: str, content_type: str, is_part: bool, is_inline: bool
) -> None:
    one = a_file(name, content_type, is_inline=is_inline, content_id="<LOGO@1>")
    assert (sorted_out(one, cids=("logo@1",)).files == ()) is is_part


@pytest.mark.parametrize("is_inline", [True, False])
@pytest.mark.parametrize("cid", ["", "photo@1"])
def test_picture_that_the_text_does_not_show_was_attached_by_a_person(
    is_inline: bool, cid: str
) -> None:
    photo = a_file("quay.jpg", "image/jpeg", is_inline=is_inline, content_id=cid)
    assert [f.name for f in sorted_out(photo, cids=("other@1",)).files] == ["quay.jpg"]


def test_pdf_flagged_inline_by_apple_mail_is_a_document() -> None:
    pdf = a_file("invoice.pdf", "application/pdf", is_inline=True, content_id="x")
    assert [f.name for f in sorted_out(pdf, cids=("x",)).files] == ["invoice.pdf"]


def test_file_without_type_and_extension_is_classified_by_its_flag() -> None:
    nameless = a_file("ATT00001", "application/octet-stream", content_id="x")
    assert sorted_out(nameless, cids=("x",)).files
    shown = a_file("ATT00001", "application/octet-stream", content_id="x", is_inline=True)
    assert not sorted_out(shown, cids=("x",)).files


@pytest.mark.parametrize("written", ["<Logo@1>", "logo@1", " logo%401 ", "LOGO@1"])
def test_content_ids_are_compared_in_one_form(written: str) -> None:
    assert normalize_content_id(written) == "logo@1"


def test_larger_file_is_left_out_with_its_size() -> None:
    fits = a_file("fits.zip", "application/zip", size=LARGEST)
    large = a_file("report.zip", "application/zip", size=52 * MEGABYTE)
    found = sorted_out(fits, large)
    assert [f.left_out for f in found.files] == ["", "52 MB, more than 25 MB"]
    assert found.lines(has_text=True) == ("Left out: report.zip (52 MB, more than 25 MB)",)


def test_sizes_are_rounded_to_a_tenth_of_a_megabyte() -> None:
    assert MEGABYTE == 2**20
    large = a_file("a.zip", "application/zip", size=int(52.34 * MEGABYTE))
    (left,) = classify([large], cids=(), largest=int(2.56 * MEGABYTE)).files
    assert left.left_out == "52.3 MB, more than 2.6 MB"


def test_file_just_over_the_limit_reads_as_larger_than_it() -> None:
    (left,) = sorted_out(a_file("a.zip", "application/zip", size=LARGEST + 1)).files
    assert left.left_out == "25.1 MB, more than 25 MB"


def test_link_to_a_cloud_file_is_a_line_and_no_document() -> None:
    link = a_file("Plan", "", kind=AttachmentKind.REFERENCE, size=0)
    found = sorted_out(link)
    assert found.files == ()
    assert found.lines(has_text=True) == ("Linked file: Plan",)
    shown = a_file("Plan.png", "image/png", kind=AttachmentKind.REFERENCE, content_id="x")
    assert sorted_out(shown, cids=("x",)).links == ("Plan.png",)


def test_attached_mail_becomes_a_file_that_mail_clients_open() -> None:
    mails = [a_file("Re: Offer", "", kind=AttachmentKind.ITEM) for _ in range(2)]
    assert [f.name for f in sorted_out(*mails).files] == ["Re Offer.eml", "Re Offer (2).eml"]


def test_position_counts_every_attachment_of_the_mail() -> None:
    logo = a_file("a.png", "image/png", content_id="x")
    found = sorted_out(logo, a_file("a.png", "image/png"), cids=("x",))
    assert [(f.position, f.name) for f in found.files] == [(2, "a (2).png")]


def test_signed_mail_is_filed_complete_and_its_signature_is_not() -> None:
    whole = a_file("smime.p7m", "multipart/signed", size=9)
    assert [f.name for f in sorted_out(whole).files] == ["signed mail.eml"]
    pdf = a_file("a.pdf", "application/pdf")
    for signature in (
        a_file("smime.p7s", "application/pkcs7-signature"),
        a_file("signature.bin", "application/x-pkcs7-signature"),
        a_file("SMIME.P7S", "application/octet-stream"),
    ):
        assert [f.name for f in sorted_out(signature, pdf).files] == ["a.pdf"]
    other = a_file("smime.p7s", "application/pdf")
    assert [f.name for f in sorted_out(other).files] == ["smime.p7s"]
    assert sorted_out(whole).lines(has_text=True) == ()


@pytest.mark.parametrize(
    "kind", ["application/pkcs7-mime", "application/x-pkcs7-mime", "application/octet-stream"]
)
def test_encrypted_mail_says_so_and_its_content_is_filed(kind: str) -> None:
    sealed = a_file("smime.p7m", f"{kind}; smime-type=enveloped-data")
    found = sorted_out(sealed)
    assert [f.name for f in found.files] == ["smime.p7m"]
    assert found.lines(has_text=False) == (Protection.ENCRYPTED.value,)
    assert found.lines(has_text=True) == ()


def test_attached_signed_invoice_is_a_file_like_any_other() -> None:
    invoice = a_file("invoice.xml.p7m", "application/pkcs7-mime")
    assert sorted_out(invoice).lines(has_text=False) == ()
    assert len(sorted_out(invoice).files) == 1


def test_rights_protected_mail_is_no_file_and_says_so() -> None:
    for bound in (
        a_file("message.rpmsg", "application/x-microsoft-rpmsg-message"),
        a_file("other.bin", "application/x-microsoft-rpmsg-message"),
        a_file("Message.rpmsg", "application/octet-stream"),
    ):
        found = sorted_out(bound)
        assert found.files == ()
        assert found.lines(has_text=True) == (Protection.RIGHTS_PROTECTED.value,)


def test_attachments_without_a_name_are_named_by_their_position() -> None:
    names = name_attachments([a_file("", "text/plain"), a_file("", "text/plain")])
    assert names == ("attachment-1", "attachment-2")


@pytest.mark.parametrize("line", [PICTURE_MISSING, *(one.value for one in Protection)])
def test_each_line_about_what_cannot_be_read_is_a_sentence(line: str) -> None:
    assert line[0].isupper()
    assert line.endswith(".")


def test_an_empty_plan_has_no_lines() -> None:
    assert AttachmentPlan().lines(has_text=False) == ()
    document = DocumentPlan(1, "a.pdf", 100)
    assert not document.is_reported
    assert not document.may_repeat


attachments = st.builds(
    a_file,
    st.sampled_from(["a.png", "smime.p7m", "message.rpmsg", "", "../x", "b.pdf"]),
    st.sampled_from(["image/png", "", "multipart/signed", "application/pkcs7-mime"]),
    kind=st.sampled_from(AttachmentKind),
    is_inline=st.booleans(),
    content_id=st.sampled_from(["", "x", "y"]),
    size=st.integers(0, 2 * LARGEST),
)


@given(st.lists(attachments, max_size=8))
def test_every_file_has_its_own_name_and_position(listed: list[Attachment]) -> None:
    files = sorted_out(*listed, cids=("x",)).files
    assert len({f.name.casefold() for f in files}) == len(files)
    assert [f.position for f in files] == sorted({f.position for f in files})
    assert all(f.size == listed[f.position - 1].size for f in files)
    assert all(bool(f.left_out) is (f.size > LARGEST) for f in files)
