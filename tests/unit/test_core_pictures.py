"""Pictures that a mail shows: which are the message, which are decoration, which are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.attachments import (
    MEGABYTE,
    PICTURE_MISSING,
    REPEATED,
    AttachmentPlan,
    classify,
    leave_out_repeated,
)
from webcrm_sync.core.mail_text.body_text import BodyText, read_body
from webcrm_sync.core.mail_text.html_limits import DATA_LEFT_OUT
from webcrm_sync.core.mail_text.pictures import PictureCollector
from webcrm_sync.core.message import Attachment, AttachmentKind
from webcrm_sync.core.pictures import LARGEST_LOGO, NO_PICTURES, PictureFacts

LARGE, SMALL, DOT = 54_321, 4_321, 300
PNG = "image/png"


def picture(cid: str, size: int = LARGE, name: str = "image001.png", kind: str = PNG) -> Attachment:
    """A picture as Graph lists it."""
    return Attachment(cid, name, size, True, kind, AttachmentKind.FILE, cid)


def read(html: str) -> BodyText:
    """What is read of a body."""
    return read_body(html, is_html=True)


def sorted_out(html: str, *listed: Attachment, largest: int = 25 * MEGABYTE) -> AttachmentPlan:
    """What becomes of these attachments of a mail with this body."""
    body = read(html)
    return classify(listed, cids=body.cids, pictures=body.pictures, largest=largest)


def kept(html: str, *listed: Attachment) -> list[str]:
    """The content ids of the pictures that become Documents."""
    return [listed[f.position - 1].content_id for f in sorted_out(html, *listed).files]


IMG = "<img src='cid:a'>"


@pytest.mark.parametrize(
    "html",
    [
        f"<p>See this error:</p>{IMG}",
        f"{IMG}<p>Sent from my phone</p>",
        f"<div class=WordSection1><p class=MsoNormal>Hi<o:p></o:p></p><p>{IMG}</p></div>",
        f"<table><tr><td>Price list</td><td>{IMG}</td></tr></table>",
        f"<p>Kind regards</p><a href='https://x.example'>{IMG}</a>",
        f"<blockquote>On Monday<br>{IMG}</blockquote>",
        "<p>Look</p><img alt='Screenshot of a table' src='CID:A'>",
        "<p>Look</p><img width='640' height='10' src=' cid:a '>",
        "<p>Look</p><img style='width:100%;max-height:1px' src='cid:a'>",
        "<p>Look</p><!--[if gte vml 1]><v:shape><v:imagedata src='cid:a'/></v:shape><![endif]-->"
        "<![if !vml]><img src='cid:a'><![endif]>",
        "<p>Look</p><v:shape><v:imagedata src='cid:a'></v:imagedata></v:shape>",
        "<p>Look</p><table background='cid:a'><tr><td><img src='cid:a'></td></tr></table>",
        f"<p style='background:url(cid:b)'>Look</p>{IMG}",
    ],
)
def test_large_picture_beside_words_is_a_document(html: str) -> None:
    assert kept(html, picture("a")) == ["a"]
    assert kept(html, picture("a", SMALL)) == []


@pytest.mark.parametrize(
    "html",
    [
        "<body background='cid:a'>Words</body>",
        "<table background=cid:a><tr><td>Words</td></tr></table>",
        "<div style='background:url(cid:a)'>Words</div>",
        "<div style=\"background-image: url('cid:a')\">Words</div>",
        "<p style='background: #fff url(\"cid:a\") no-repeat'>Words</p>",
        "<v:rect><v:fill type='frame' src='cid:a'></v:fill></v:rect>Words",
        "<v:background><v:fill src='cid:a'/></v:background>Words",
        "Words<img src='cid:a' style='display:none'>",
        "Words<img src='cid:a' hidden>",
        "Words<div hidden><p>On a phone</p><p><b><img src='cid:a'></b></p></div>",
        "Words<div style='display:none'><img src='cid:a'></div>",
        "<style>.phone { display: none }</style>Words<img class=phone src='cid:a'>",
        "Words<div style='max-height:0;overflow:hidden'><div><img src='cid:a'></div></div>",
        "Words<img src='cid:a' width='1' height='1'>",
        "Words<img src='cid:a' width=1px>",
        "Words<img src='cid:a' style='height: 1px; width: 1px'>",
        "Words<img src='cid:a' style='height:0!important'>",
    ],
)
def test_decorative_picture_is_no_document_whatever_its_size(html: str) -> None:
    assert kept(html, picture("a")) == []
    assert kept(html.replace("Words", ""), picture("a")) == []


@pytest.mark.parametrize(
    "html",
    [
        IMG,
        f"<p>{IMG}</p>",
        f"<p>&nbsp;</p><div>\u200b</div>{IMG}<br>",
        f"<a href='https://x.example/offer'>{IMG}</a>",
        "<img src='cid:a' alt='A picture that shows text. Automatically generated'>",
        "<img src='cid:a' alt='image.png'>",
        f"<p>--</p>{IMG}<p>___</p>",
        f"<html><head><title>Mail</title><style>p {{}}</style></head><body>{IMG}</body></html>",
        f"<div style='display:none'>Preview of it</div>{IMG}",
        f"<p style='font-size:0'>Preview of it</p>{IMG}",
        f"<ul><li>{IMG}</li></ul>",
        f"<table><tr><td>{IMG}</td></tr></table>",
    ],
)
def test_pictures_of_a_mail_without_words_are_documents_whatever_their_size(html: str) -> None:
    assert read(html).pictures.are_alone
    assert kept(html, picture("a", SMALL)) == ["a"]
    assert kept(html, picture("a", DOT)) == []
    assert sorted_out(html, picture("a", SMALL)).lines(has_text=False) == ()


@pytest.mark.parametrize(
    ("size", "is_kept"),
    [
        *((0, False), (DOT, False), (1000, False), (SMALL, False), (LARGEST_LOGO - 1, False)),
        *((LARGEST_LOGO, False), (LARGEST_LOGO + 1, True), (25_000, True), (LARGE, True)),
        *((MEGABYTE, True), (25 * MEGABYTE, True)),
    ],
)
def test_size_distinguishes_a_logo_from_a_pasted_picture(size: int, is_kept: bool) -> None:
    assert bool(kept(f"Words {IMG}", picture("a", size))) is is_kept


@pytest.mark.parametrize(
    ("name", "kind", "is_kept"),
    [
        *(("image001.png", "image/png", True), ("photo.jpg", "IMAGE/JPEG; name=photo.jpg", True)),
        *(("a.gif", "image/gif", True), ("drawing.svg", "image/svg+xml", True)),
        *(("a.heic", "application/octet-stream", True), ("a.bmp", "", True)),
        *(("ATT00001", "application/octet-stream", True), ("ATT00001", "image/png", True)),
    ],
)
def test_every_type_of_picture_becomes_a_document(name: str, kind: str, is_kept: bool) -> None:
    found = sorted_out(f"Words {IMG}", picture("a", name=name, kind=kind))
    assert [f.name for f in found.files] == [name]
    assert found.files[0].may_repeat is is_kept


def test_picture_over_the_limit_is_left_out_with_a_line() -> None:
    for html in (IMG, f"Words {IMG}"):
        found = sorted_out(html, picture("a", 3 * MEGABYTE), largest=2 * MEGABYTE)
        assert found.lines(has_text=True) == ("Left out: image001.png (3 MB, more than 2 MB)",)


DATA = f"<img src='data:image/png;base64,{'A' * 40_000}'>"
SMALL_DATA = f"<img src='data:image/png;base64,{'A' * 4_000}'>"
REMOTE = "<img src='https://x.example/a.png'>"


@pytest.mark.parametrize(
    "html",
    [
        *(REMOTE, SMALL_DATA, DATA, f"Words {DATA}", f"<p>Words</p><div>{DATA}{DATA}</div>"),
        "<img src='//x.example/a.png'>",
        "<img src=' HTTP://x.example/a.png'>",
        f"<a href='https://x.example'>{REMOTE}</a>",
        "<img src='https://x.example/a.png' alt='Picture'>",
        f"<p>&nbsp;</p>{REMOTE}",
        "<img src='cid:lost@1'>",
        "<img src='cid:a'><img src='cid:lost@1'>",
        f"{REMOTE}<img src='https://x.example/open.gif' width=1 height=1>",
        "<input type=image src='https://x.example/a.png'>",
        f"Words <img src='data:image/png;base64,{'A' * 4_000_000}'>",
        f"Words <img src='DATA:image/jpeg;base64,{'A' * 40_000}'>",
    ],
)
def test_picture_that_is_not_attached_is_reported_missing(html: str) -> None:
    listed = [picture("a", DOT)] if "cid:a" in html else []
    found = sorted_out(html, *listed)
    assert found.lines(has_text=False) == (PICTURE_MISSING,)
    assert found.files == ()


@pytest.mark.parametrize(
    "html",
    [
        *("", "Words", "<p>&nbsp;</p>", f"Words {REMOTE}", f"Words {SMALL_DATA}"),
        *("Words <img src='cid:lost@1'>", f"{IMG}{REMOTE}", f"{IMG}<img src='cid:lost'>"),
        "<img src='https://x.example/open.gif' width=1 height=1>",
        "<img src='https://x.example/open.gif' width=0>",
        "<img src='https://x.example/open.gif' style='width:1px;height:1px'>",
        "<img src='https://x.example/open.gif' style='display:none'>",
        "<div style='background:url(https://x.example/a.png)'></div>",
        f"<div style='background:url(data:image/png;base64,{'A' * 40_000})'>Words</div>",
        f"Words <img hidden src='data:image/png;base64,{'A' * 40_000}'>",
        "<script src='https://x.example/a.js'></script>",
        "<iframe src='https://x.example/'></iframe>",
        f"Words <embed src='data:application/pdf;base64,{'A' * 40_000}'>",
    ],
)
def test_nothing_is_reported_when_no_picture_is_missing(html: str) -> None:
    assert sorted_out(html, picture("a", SMALL)).lines(has_text=True) == ()


def test_nothing_is_reported_when_the_only_picture_is_attached_and_decorative() -> None:
    pixel = "<img src='cid:a' width=1 height=1>"
    assert sorted_out(pixel, picture("a", DOT)).lines(has_text=True) == ()


@pytest.mark.parametrize("html", [REMOTE, "<img src='cid:lost@1'>", "<p></p><img src='cid:x'>"])
def test_attached_picture_that_the_text_does_not_show_is_not_missing(html: str) -> None:
    found = sorted_out(html, picture("other", SMALL))
    assert found.lines(has_text=False) == ()
    assert [f.name for f in found.files] == ["image001.png"]


def test_body_of_plain_text_shows_no_pictures() -> None:
    assert read_body(f"{IMG}{DATA}", is_html=False).pictures == PictureFacts()


@pytest.mark.parametrize(
    ("filed", "is_repeated"),
    [
        *((("image001.png", LARGE), True), (("image007.png", LARGE), True)),
        *((("logo.PNG", LARGE), True), (("image001 (2).png", LARGE), True)),
        *((("image001.png", LARGE + 1), False), (("image001.png", LARGE - 1), False)),
        *((("image001.png", 0), False), (("image001.jpg", LARGE), False)),
        *((("image001", LARGE), False), (("plan.pdf", LARGE), False)),
    ],
)
def test_picture_of_the_same_size_and_type_is_the_same(
    filed: tuple[str, int], is_repeated: bool
) -> None:
    found = leave_out_repeated(sorted_out(f"Words {IMG}", picture("a")), [filed])
    assert [f.left_out for f in found.files] == [REPEATED if is_repeated else ""]
    assert found.lines(has_text=True) == ()


@pytest.mark.parametrize("one", ["photo.jpg", "photo.jpeg", "PHOTO.JPEG"])
def test_two_extensions_of_one_type_are_equal(one: str) -> None:
    found = sorted_out(f"Words {IMG}", picture("a", name=one, kind="image/jpeg"))
    assert leave_out_repeated(found, [("x.jpg", LARGE)]).files[0].left_out == REPEATED


def test_picture_that_a_long_conversation_shows_often_is_filed_once() -> None:
    listed = [picture(f"p{n}", LARGE + n % 2, f"image00{n}.png") for n in range(6)]
    html = "Words" + "".join(f"<img src='cid:p{n}'>" for n in range(6))
    found = leave_out_repeated(sorted_out(html, *listed), [])
    assert [f.position for f in found.files if not f.left_out] == [1, 2]
    assert [f.position for f in found.files] == [1, 2, 3, 4, 5, 6]


def test_only_pictures_of_the_text_count_as_repeated() -> None:
    attached = picture("other", name="image001.png")
    assert (
        not leave_out_repeated(sorted_out("Words", attached), [("image001.png", LARGE)])
        .files[0]
        .left_out
    )
    alone = sorted_out(IMG, picture("a"))
    assert not leave_out_repeated(alone, [("image001.png", LARGE)]).files[0].left_out


def test_left_out_line_of_a_picture_does_not_depend_on_what_is_filed() -> None:
    found = sorted_out(f"Words {IMG}", picture("a", 3 * MEGABYTE), largest=2 * MEGABYTE)
    again = leave_out_repeated(found, [("image001.png", 3 * MEGABYTE)])
    assert again == found


facts = st.builds(
    PictureFacts, st.lists(st.text()).map(tuple), st.booleans(), st.booleans(), st.booleans()
)


@given(facts)
def test_facts_survive_json(known: PictureFacts) -> None:
    assert PictureFacts.from_json(known.as_json()) == known


def test_facts_of_an_earlier_version_are_none() -> None:
    assert PictureFacts.from_json(None) == PictureFacts()


sizes = st.sampled_from([0, DOT, SMALL, LARGEST_LOGO, LARGEST_LOGO + 1, LARGE])


@given(st.lists(st.tuples(sizes, st.sampled_from("abc")), max_size=6), st.booleans())
def test_deciding_twice_gives_the_same_result(
    shown: list[tuple[int, str]], has_words: bool
) -> None:
    html = ("Words" if has_words else "") + "<img src='cid:a'><img src='cid:b'>"
    listed = [picture(cid, size) for size, cid in shown]
    once = leave_out_repeated(sorted_out(html, *listed), [])
    assert leave_out_repeated(once, []) == once
    assert leave_out_repeated(sorted_out(html, *listed), []) == once


def test_a_text_without_pictures_has_no_facts_about_them() -> None:
    assert NO_PICTURES.as_json() == {
        "decoration": (),
        "are_alone": False,
        "has_unattached": False,
        "has_pasted": False,
    }


def collected(tag: str, **attributes: str) -> PictureCollector:
    """The pictures of one element that is seen."""
    collector = PictureCollector()
    collector.visit(tag, {**attributes}, is_seen=True)
    return collector


@pytest.mark.parametrize("source", ["http://x.example/a", "https://x.example/a", "//x.example/a"])
@pytest.mark.parametrize(
    ("tag", "is_picture"),
    [("img", True), ("input", True), ("v:imagedata", True), ("script", False), ("v:fill", False)],
)
def test_elements_that_show_a_picture_from_elsewhere(
    tag: str, is_picture: bool, source: str
) -> None:
    assert collected(tag, src=source).has_unattached is is_picture
    assert not collected(tag, src=source).has_pasted


@pytest.mark.parametrize(
    ("tag", "is_shown"), [("img", True), ("v:fill", False), ("v:background", False)]
)
def test_backgrounds_show_nothing(tag: str, is_shown: bool) -> None:
    found = collected(tag, src="cid:a")
    assert (found.cids, found.shown) == ({"a"}, {"a"} if is_shown else set())
    assert not found.has_unattached


def test_a_background_from_elsewhere_is_no_attachment() -> None:
    assert collected("table", background="https://x.example/a.png").cids == set()
    assert collected("table", style="background:url(https://x.example/a)").cids == set()
    assert collected("table", style="background:url(CID:b),url('cid:a')").cids == {"a", "b"}


#: An address of this length holds more bytes in base64 than the largest logo has.
LETTERS = LARGEST_LOGO * 4 // 3 + 1


@pytest.mark.parametrize(
    ("source", "is_pasted"),
    [
        ("data:".ljust(LETTERS, "A"), True),
        ("data:".ljust(LETTERS - 1, "A"), False),
        ("https://x.example/".ljust(LETTERS, "A"), False),
        (DATA_LEFT_OUT, True),
    ],
)
def test_a_picture_in_the_html_is_pasted_if_it_is_larger_than_a_logo(
    source: str, is_pasted: bool
) -> None:
    found = collected("img", src=source)
    assert (found.has_unattached, found.has_pasted) == (True, is_pasted)
    found.visit("img", {"src": "data:A"}, is_seen=True)
    assert found.has_pasted is is_pasted


@pytest.mark.parametrize(
    ("size", "is_pixel"),
    [
        *(({"width": "1"}, True), ({"height": "0"}, True), ({"width": " 1px "}, True)),
        *(({"width": "10"}, False), ({"height": "1%"}, False), ({"width": ""}, False)),
        *(({"style": "width: 1px"}, True), ({"style": "height:0 !important"}, True)),
        *(({"style": "max-width:1px"}, False), ({"style": "width:10px"}, False)),
        *(({"style": "color:red"}, False), ({"width": "9", "height": "1"}, True)),
    ],
)
def test_a_picture_of_one_pixel_is_not_shown(size: dict[str, str], is_pixel: bool) -> None:
    assert collected("img", src="cid:a", **size).shown == (set() if is_pixel else {"a"})
