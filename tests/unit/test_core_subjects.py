"""Tags that gateways add to subjects, and different subjects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webcrm_sync.core.subjects import subjects_agree

subjects = st.lists(
    st.sampled_from(["re:", "[external]", "offer", "[1]", "(2)", "sec", "*", ":", "extern:", "17"])
).map(" ".join)


@given(subjects, subjects)
def test_which_copy_came_first_makes_no_difference(one: str, other: str) -> None:
    assert subjects_agree(one, other) == subjects_agree(other, one)
    assert subjects_agree(one, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("re: x", "re: [external] x"),
        ("x", "x [sec=official]"),
        ("x", "x [sec=official:sensitive]"),
        ("x", "extern: x"),
        ("re: x", "re: extern: x"),
        ("re: x", "re: external e-mail: x"),
        ("x", "*** spam *** x"),
        ("sv: x", "sv: *spam* x"),
        ("x", "{spam?} x"),
        ("re: x", "re: {disarmed} x"),
        ("re: x", "re:[ext]x"),
        ("re: x", "[ext]re: x"),
        ("re: x", "re: (external) x"),
        ("re: x", "re: <extern> x"),
        ("re: x", "re: ##spam## x"),
        ("x", "x - external"),
        ("x", "x (sec: unclassified)"),
        ("re: x y", "re: [dev] x y"),
        ("", "[external]"),
        ("[external] x", "x [sec=official]"),
        ("[external] re: x", "re: extern: x"),
        ("aw: x", "aw: [extern] [suspected spam] x"),
        ("x", "quarantine x"),
        ("re: ticket 5: x", "re: [external] ticket 5: x"),
        ("re: x", "re: external sender - x"),
        ("x", "x - external e-mail"),
        ("x", "x | extern"),
        ("re: x", "re: ekstern e-post: x"),
        ("re: x", "re: ⚠ x"),
        ("re: x", "re: external x"),
        ("re: x", "re: 【外部】x"),
        ("x", "x【外部メール】"),
        ("x", "x - external email"),
        ("x", "x - possible spam"),
        ("x", "x - external message"),
        ("x", "x - mail from external"),
        ("[dk] x", "x [dk]"),
        ("re: x", "re: ［外部］x"),
        ("re: x", "re: 〔社外〕 x"),
    ],
)
def test_a_tag_does_not_make_another_subject(one: str, other: str) -> None:
    assert subjects_agree(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "y"),
        ("x", ""),
        ("offer", "invoice"),
        ("page [1]", "page [2]"),
        ("[1] page", "[2] page"),
        ("[external] page [1]", "page [2] [sec=official]"),
        ("page (1)", "page (2)"),
        ("page 【1】", "page 【2】"),
        ("backup (failed)", "backup"),
        ("scan", "scan 2"),
        ("17", "117"),
        ("x", ":ax"),
        ("internal temperature", "external temperature"),
        ("server: up", "server: down"),
        ("internal temperature: up", "external temperature: up"),
        ("kitchen: open", "cellar: open"),
        ("re: x: y", "re: x"),
        ("*high* alarm", "*low* alarm"),
    ],
)
def test_other_words_make_another_subject(one: str, other: str) -> None:
    assert not subjects_agree(one, other)


@pytest.mark.parametrize("part", ["[", "*", "#", "(", "a:", "[x", "* ", "<"])
def test_a_long_subject_takes_no_longer(part: str) -> None:
    long = part * 20_000
    assert not subjects_agree(long + "x", long + "y")
