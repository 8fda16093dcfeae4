"""What a `style` attribute says about the text of its element."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest

from webcrm_sync.core.mail_text.style import PLAIN, Style, parse_style


def facts(text: str) -> dict[str, object]:
    """The facts that the style mentions."""
    return {name: value for name, value in asdict(parse_style(text)).items() if value}


def test_a_style_that_mentions_nothing_is_plain() -> None:
    assert not any(getattr(PLAIN, field.name) for field in fields(Style))
    assert parse_style("color:red; background:none") is PLAIN
    assert parse_style("width:12px") == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "display:none",
        "DISPLAY: None !important",
        "display:none; color:red",
        "visibility:hidden",
        "visibility:collapse",
        "opacity:0",
        "opacity:0.00",
        *(
            f"overflow:hidden; {size}:0px"
            for size in ("max-height", "height", "max-width", "width")
        ),
    ],
)
def test_a_hidden_element(text: str) -> None:
    assert facts(text)["is_hidden"]


@pytest.mark.parametrize(
    "text",
    [
        "display:inline",
        "visibility:visible",
        "opacity:0.5",
        "opacity:",
        "opacity:.",
        "height:0",  # its text overflows it
        "overflow:hidden; height:10px",
        "overflow:auto; height:0",
    ],
)
def test_an_element_that_is_seen(text: str) -> None:
    assert "is_hidden" not in facts(text)


@pytest.mark.parametrize("size", ["0", "0px", "0.0em", ".0pt", "+0", "-0%", "00"])
def test_text_without_a_size(size: str) -> None:
    assert facts(f"font-size:{size}") == {"is_sizeless": True}


@pytest.mark.parametrize("size", ["1px", "10pt", "0.5em", "small", "0 px"])
def test_text_with_a_size(size: str) -> None:
    assert parse_style(f"font-size:{size}").is_sizeless is False
    assert parse_style("font-family:Arial; width:1px").is_sizeless is None


@pytest.mark.parametrize(
    ("display", "is_block", "is_box"),
    [
        *(
            (one, True, False)
            for one in ("block", "flex", "grid", "table", "list-item", "flow-root", "table-row")
        ),
        *((one, False, False) for one in ("inline", "contents")),
        *(
            (one, None, True)
            for one in ("inline-block", "inline-flex", "inline-table", "inline-grid")
        ),
        ("table-cell", None, False),
    ],
)
def test_the_kinds_of_boxes(display: str, is_block: bool | None, is_box: bool) -> None:
    style = parse_style(f"display:{display}")
    assert (style.is_block, style.is_inline_box) == (is_block, is_box)


def test_a_box_that_floats_to_the_right_is_no_first_letter() -> None:
    assert facts("float:right") == {"is_inline_box": True}
    assert facts("float:left") == {}


@pytest.mark.parametrize("space", ["pre", "pre-wrap", "pre-line", "break-spaces"])
def test_text_whose_lines_are_kept(space: str) -> None:
    assert facts(f"white-space:{space}") == {"is_preserved": True}
    assert parse_style("white-space:normal").is_preserved is False
    assert PLAIN.is_preserved is None


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("vertical-align:super", {"is_superscript": True}),
        ("text-decoration:red line-through", {"is_struck": True}),
        ("text-decoration-line:line-through", {"is_struck": True}),
        ("font-family:Wingdings", {"is_wingdings": True}),
        ("mso-list:Ignore", {"is_marker": True}),
        ("mso-list:l0 level1 lfo1", {}),
        ("border:none", {"is_borderless": True}),
        ("border:0px solid", {"is_borderless": True}),
        ("border:1px solid", {}),
    ],
)
def test_single_facts(text: str, fact: dict[str, object]) -> None:
    assert facts(text) == fact


@pytest.mark.parametrize("colour", ["blue", "#0000FF", "#800000"])
def test_the_line_that_marks_a_quote(colour: str) -> None:
    assert facts(f"border-left:solid {colour} 1.5pt") == {"is_quote": True}
    assert facts("border-left:solid green 1.5pt") == {}


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        *((one, "a") for one in ("lower-alpha", "lower-latin")),
        *((one, "A") for one in ("upper-alpha", "upper-latin")),
        *(("lower-roman", "i"), ("upper-roman", "I"), ("none", "none"), ("disc", "")),
    ],
)
def test_the_kinds_of_lists(kind: str, right: str) -> None:
    assert parse_style(f"list-style-type:{kind}").list_kind == right
    assert parse_style(f"list-style:{kind} inside").list_kind == right


@pytest.mark.parametrize(
    ("text", "has_none"),
    [
        ("margin:0", True),
        ("margin:0 auto", True),  # above and below
        ("margin:0cm 0cm 1pt 4pt", True),
        ("margin:1em 0", False),
        ("margin-top:0; margin-bottom:0", True),
        ("margin-top:0", False),
        ("margin-bottom:0", False),
        ("margin:1em; margin-top:0; margin-bottom:0pt", True),
        ("margin:", False),
        ("margin-left:0", False),
    ],
)
def test_a_paragraph_without_a_margin(text: str, has_none: bool) -> None:
    assert parse_style(text).has_no_margin is has_none


def test_the_end_of_an_endless_style_is_not_read() -> None:
    assert facts("color:red;" * 390 + "display:none")["is_hidden"]
    assert facts("color:red;" * 400 + "display:none") == {}
