"""The attributes by which mail programs mark quoted mails, in the programs' own spelling."""

from __future__ import annotations

import unicodedata

import pytest

from webcrm_sync.core.mail_text.quote_marks import (
    ATTRIBUTIONS,
    QUOTE_BLOCKS,
    QUOTE_CONTAINERS,
    QUOTE_MARK,
    QUOTE_STARTS,
    marks_of,
)

STARTS = [
    ("id", "appendonsend"),
    ("id", "divRplyFwdMsg"),
    ("id", "x_x_divRplyFwdMsg"),
    ("id", "mail-editor-reference-message-container"),
    ("class", "ms-outlook-mobile-reference-message skipProofing"),
    ("id", "OLK_SRC_BODY_SECTION"),
    ("name", "_MailOriginal"),
    ("id", "stopSpelling"),
    ("id", "replySplit"),
    ("data-marker", "__DIVIDER__"),
    ("style", "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"),
    ("style", "border: none; border-top: solid #B5C4DF 1.0pt"),
    ("style", "border-top: 1pt solid rgb(225, 225, 225); padding: 3pt 0cm 0cm"),
    ("style", "border-top: 1pt solid rgb(181, 196, 223)"),
]
SENTENCES = [
    ("class", "moz-cite-prefix"),
    ("class", "gmail_attr"),
    ("class", "gmail_quote_attribution"),
    ("class", "airmail_on"),
    ("id", "reply-intro"),
    ("id", "x_reply-intro"),
]
CONTAINERS = [("class", "gmail_quote gmail_quote_container"), ("data-marker", "__QUOTED_TEXT__")]
BLOCKS = [("type", "cite"), ("id", "isReplyContent")]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        *((QUOTE_STARTS, *mark) for mark in STARTS),
        *((ATTRIBUTIONS, *mark) for mark in SENTENCES),
        *((QUOTE_CONTAINERS, *mark) for mark in CONTAINERS),
        *((QUOTE_BLOCKS, *mark) for mark in BLOCKS),
    ],
)
def test_a_mark_of_a_program_is_known(
    kind: frozenset[tuple[str, str]], name: str, value: str
) -> None:
    assert kind & marks_of({name: value})


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"id": None, "class": "", "style": None},
        {"style": "border-top: solid #e1e1e1 2.0pt"},
        {"title": "cite"},
    ],
)
def test_an_element_without_a_mark_has_none(attributes: dict[str, str | None]) -> None:
    assert marks_of(attributes) == frozenset()


def test_the_mark_of_a_quote_is_a_private_character() -> None:
    assert unicodedata.category(QUOTE_MARK) == "Co"
