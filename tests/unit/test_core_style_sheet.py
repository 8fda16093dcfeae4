"""Which elements a mail's style sheet hides."""

from __future__ import annotations

import pytest

from webcrm_sync.core.mail_text.style_sheet import StyleSheet


def sheet(*texts: str) -> StyleSheet:
    read = StyleSheet()
    for text in texts:
        read.read(text)
    return read


def test_a_sheet_that_hides_nothing_is_empty() -> None:
    assert sheet().is_empty
    assert sheet(".a {color:red}", "p {display:none}").is_empty  # no class and no id
    assert not sheet(".a {display:none}").is_empty


@pytest.mark.parametrize(
    "css",
    [
        ".phone {display:none}",
        ".PHONE {DISPLAY:NONE}",
        "div.phone {display:none !important}",
        "#phone {display:none}",
        ".other, .phone {display:none}",
        "p {color:red} .phone {display:none}",
        ".phone {visibility:hidden}",
        ".phone {opacity:0}",
        "/* .x { */ .phone {display:none}",
        "<!-- .phone {display:none} -->",
        "<!-- .x {color:red} --> .phone {display:none}",
        ".phone {display:block} .phone {display:none}",
        "} .phone {display:none}",
        "@media screen {.x {display:block}} .phone {display:none}",
    ],
)
def test_a_class_or_id_hides_its_elements(css: str) -> None:
    assert sheet(css).hides("div", "a Phone", "Phone")
    assert not sheet(css).hides("div", "a phones", "")


@pytest.mark.parametrize(
    "css",
    [
        "span.phone {display:none}",
        ".phone .x {display:none}",
        ".phone:hover {display:none}",
        ".phone {display:none} .phone {display:block}",
        ".phone {display:none} .phone {visibility:visible}",
        "@media print {.phone {display:none}}",
        "@media screen { @supports (a:b) {.phone {display:none}} }",
        " @font-face {display:none}",
        "@font-feature-values a, .phone {display:none}",
        "@media print {.x {color:red} .phone {display:none}}",
        "/* .phone {display:none} */",
        ".phone {color:none}",
        "x" * 200_000 + ".phone {display:none}",
    ],
    ids=lambda css: css[:40],
)
def test_other_rules_hide_nothing(css: str) -> None:
    assert not sheet(css).hides("div", "phone", "phone")


def test_a_rule_without_display_leaves_what_another_hides() -> None:
    assert sheet(".phone {display:none} .phone {color:red; opacity:1}").hides("div", "phone", "")


def test_a_class_is_no_id_and_a_name_of_an_element_counts() -> None:
    assert not sheet("#phone {display:none}").hides("div", "phone", "")
    assert not sheet(".phone {display:none}").hides("div", "", "phone")
    assert sheet("td.phone {display:none}").hides("td", "phone", "")
    assert not sheet("td.phone {display:none}").hides("div", "phone", "")
