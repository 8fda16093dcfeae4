"""What goes along of a mail: not a byte more than was chosen, and how the Activity says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.builders import email
from webcrm_sync.core.along import (
    EVERYTHING,
    Along,
    TextPart,
    choice_line,
    normalize_file_name,
    read_left_out,
    widen,
)
from webcrm_sync.core.attachments import (
    NOT_CHOSEN,
    DocumentPlan,
    FileChoice,
    add_asked_for,
    classify,
    may_be_shown,
)
from webcrm_sync.core.filing import FieldLimits, draft_activity
from webcrm_sync.core.mail_text.body_text import read_mail_body
from webcrm_sync.core.matching import MatchedBy, Target
from webcrm_sync.core.message import Attachment, AttachmentKind

NAMES = st.sampled_from(["a.pdf", "A.pdf", "Å.pdf", "b.docx", "c.png", "smime.p7m", ""])
TYPES = st.sampled_from(["application/pdf", "image/png", "multipart/signed", ""])
CIDS = st.sampled_from(["", "one@1", "two@1", "three@1"])
attachments = st.builds(
    Attachment,
    graph_id=st.just("g"),
    name=NAMES,
    size=st.sampled_from([1, 30_000, 9_000_000]),
    is_inline=st.booleans(),
    content_type=TYPES,
    kind=st.sampled_from(AttachmentKind),
    content_id=CIDS,
)
alongs = st.builds(
    Along,
    st.sampled_from(TextPart),
    st.none() | st.lists(NAMES, max_size=3).map(lambda n: tuple(sorted(set(n)))),
    is_chosen=st.booleans(),
)


def is_picture_of(one: Attachment, cids: frozenset[str] | None) -> bool:
    """True for a picture that a text with these content ids shows."""
    is_picture = one.kind is AttachmentKind.FILE and one.content_type == "image/png"
    return is_picture and bool(one.content_id) and (cids is None or one.content_id in cids)


@given(st.lists(attachments, max_size=6), alongs, st.sets(CIDS), st.none() | st.frozensets(CIDS))
def test_no_file_is_planned_that_was_not_chosen(
    listed: list[Attachment],
    along: Along,
    cids: set[str],
    left_out: frozenset[str] | None,
) -> None:
    kept = cids - {""} - (left_out or frozenset())
    plan = classify(listed, cids=kept, largest=1_000_000, choice=FileChoice(along, left_out))
    shown = "\n".join(plan.lines(has_text=True))
    for file in plan.files:
        one = listed[file.position - 1]
        is_of_text = one.content_id in kept and one.kind is AttachmentKind.FILE
        if file.left_out == NOT_CHOSEN:
            assert (file.name, file.size) == ("", 0)
            assert not along.is_all
        elif not is_of_text:
            assert along.has_file(one.name)
            assert along.is_all or not is_picture_of(one, left_out)
    if along.files == ():
        assert all(listed[f.position - 1].content_id in kept for f in plan.files if f.name)
        assert "Linked file" not in shown


def test_everything_plans_as_before() -> None:
    pdf = Attachment("g", "a.pdf", 5, False, "application/pdf", AttachmentKind.FILE)
    plan = classify([pdf], cids=(), largest=10)
    assert plan.files == (DocumentPlan(1, "a.pdf", 5),)
    assert plan.not_chosen == 0


WORDS = st.text("abc xyz\n>:", max_size=60)


@given(WORDS, WORDS, WORDS, st.booleans())
def test_no_word_of_an_earlier_mail_goes_along_with_the_new_text(
    new: str, earlier: str, below: str, is_html: bool
) -> None:
    header = "On 3 Feb 2026 at 10:12, Eva wrote:"
    quoted = "".join(f"> SECRET{line}\n" for line in earlier.split("\n"))
    body = f"{new}\n\n{header}\n{quoted}"
    if is_html:
        quote = f"<blockquote>SECRET {below}</blockquote>"
        body = f"<p>{new}</p><div class='gmail_quote'>{header}{quote}</div>"
    for part in (TextPart.NEW, TextPart.NONE):
        assert "SECRET" not in read_mail_body("Fwd: x", body, is_html=is_html, part=part).text
    assert read_mail_body("x", body, is_html=is_html, part=TextPart.NONE).text == ""


@given(alongs, alongs)
def test_asking_again_adds_and_never_takes_away(filed: Along, asked: Along) -> None:
    wider = widen(filed, asked)
    for part in (filed, asked):
        assert all(wider.has_file(name) for name in part.files or ())
        assert wider.files is None or part.files is not None
    assert widen(wider, asked) == wider
    assert wider.text in {filed.text, asked.text}


@pytest.mark.parametrize(
    ("filed", "asked", "wider"),
    [
        (TextPart.NONE, TextPart.NEW, TextPart.NEW),
        (TextPart.NEW_OR_ALL, TextPart.NEW, TextPart.NEW_OR_ALL),
        (TextPart.WHOLE, TextPart.NONE, TextPart.WHOLE),
    ],
)
def test_the_larger_part_of_the_text_stays(
    filed: TextPart, asked: TextPart, wider: TextPart
) -> None:
    assert widen(Along(filed, ()), Along(asked, ())) == Along(wider, ())


@pytest.mark.parametrize(
    ("is_filed_chosen", "is_asked_chosen", "is_chosen"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_parts_that_a_person_chose_stay_chosen(
    is_filed_chosen: bool, is_asked_chosen: bool, is_chosen: bool
) -> None:
    filed = Along(TextPart.NEW, (), is_chosen=is_filed_chosen)
    asked = Along(TextPart.NEW, (), is_chosen=is_asked_chosen)
    assert widen(filed, asked).is_chosen is is_chosen


def test_without_a_choice_the_settings_decide() -> None:
    assert not Along().is_chosen
    assert Along.chosen(TextPart.WHOLE, None).is_chosen


@given(alongs)
def test_a_choice_is_stored_and_read_back(along: Along) -> None:
    assert Along.from_json(along.as_json()) == along


def test_a_name_is_one_name_however_its_accents_are_written() -> None:
    chosen = Along.chosen(TextPart.NONE, ["Ma\u030aned.pdf ", "x\0.pdf"])
    assert chosen.files == ("M\u00e5ned.pdf", "x.pdf")
    assert chosen.has_file("M\u00e5ned.pdf")
    assert not chosen.has_file("m\u00e5ned.pdf")
    assert normalize_file_name(" a ") == "a"


@pytest.mark.parametrize(
    ("text", "is_cut", "count", "line"),
    [
        (TextPart.WHOLE, False, 0, ""),
        (TextPart.NEW_OR_ALL, True, 0, ""),
        (TextPart.NEW, False, 0, ""),
        (TextPart.NEW, True, 0, "Left out by choice: earlier mails in the text."),
        (TextPart.WHOLE, False, 1, "Left out by choice: 1 attachment."),
        (TextPart.NONE, True, 2, "Left out by choice: the text, 2 attachments."),
    ],
)
def test_the_activity_says_what_was_left_out(
    text: TextPart, is_cut: bool, count: int, line: str
) -> None:
    assert choice_line(text, is_text_cut=is_cut, attachments=count) == line


@given(
    st.sampled_from([TextPart.WHOLE, TextPart.NEW, TextPart.NONE]),
    st.integers(0, 12),
    st.text(max_size=40),
)
def test_the_choice_is_read_back_from_the_activity(text: TextPart, count: int, body: str) -> None:
    line = choice_line(text, is_text_cut=True, attachments=count)
    draft = draft_activity(
        email(),
        body,
        Target(1, None, MatchedBy.CONTACT),
        key="k",
        action="E-mail in",
        user_id=None,
        limits=FieldLimits(),
        lines=[line] if line else [],
    )
    read = read_left_out(draft.memo.replace("\n", "\r\n"), ["a.pdf"])
    if not line:
        assert read is None
    else:
        assert read == Along.chosen(text, ["a.pdf"] if count else None)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_text_that_looks_like_the_line_says_nothing(line_end: str) -> None:
    lines = ["From: Eva", "To: Bo", "", "Left out by choice: the text."]
    assert read_left_out(line_end.join(lines), []) is None


def test_files_that_are_asked_for_afterwards_take_free_positions() -> None:
    files = [DocumentPlan(1, "a", 5), DocumentPlan(2, "b", 6), DocumentPlan(3, "", 0, NOT_CHOSEN)]
    assert add_asked_for(files, {}) == tuple(files)
    assert add_asked_for(files, {1: "a"}) == (files[1], files[2])
    # Read back from webCRM: another position.
    assert add_asked_for(files, {1: "b"}) == (DocumentPlan(2, "a", 5), files[2])
    assert add_asked_for(files[2:], {3: "x"}) == ()


def test_only_a_picture_with_an_unknown_id_may_be_shown_elsewhere() -> None:
    picture = Attachment("g", "a.png", 5, True, "image/png", AttachmentKind.FILE, "one@1")
    pdf = Attachment("g", "a.pdf", 5, True, "application/pdf", AttachmentKind.FILE, "two@1")
    assert may_be_shown([pdf, picture], ())
    assert not may_be_shown([pdf, picture], ["one@1"])
    assert EVERYTHING.is_all
