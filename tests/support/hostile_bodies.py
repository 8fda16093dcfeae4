"""Hostile HTML bodies of up to 10 MB, deeply nested, repetitive or huge.

`BODIES` maps a name to a function that creates the body, so that a large body exists only on
request. Each body except the framesets begins with OPENING as a separate paragraph, so that a test
can check whether anything was read. The number in a name says what grows. Nesting bodies have about
500 kB, those called small at most 50,000 characters.

A comment names the rule of HTML parsing at which a body aims (WHATWG HTML, section 13.2).
"""

from __future__ import annotations

from collections.abc import Callable

OPENING = "Dear Ann, the crane comes on Monday."

MB = 1_000_000
_NESTING = 500_000
_LINE = 10 * MB

_FORMATS = (
    *("b", "i", "u", "s", "em", "tt", "big", "code", "font", "nobr", "small", "strike"),
    *("strong", "a"),
)


def _body(*pieces: str) -> str:
    return "".join((f"<p>{OPENING}</p>", *pieces))


def _filled(piece: str, size: int) -> str:
    """The repeated piece, with about `size` characters."""
    return piece * (size // len(piece))


def _nested(opening: str, closing: str, size: int = _NESTING) -> Callable[[], str]:
    times = size // len(opening + closing)
    return lambda: _body(opening * times, "word", closing * times)


def _repeated(piece: str, size: int = _LINE) -> Callable[[], str]:
    return lambda: _body(_filled(piece, size))


def _numbered(piece: str, times: int, before: str = "", behind: str = "") -> Callable[[], str]:
    """A piece with `%d` in it, once per number."""
    return lambda: _body(before, *(piece % number for number in range(times)), behind)


def _unclosed_twice(first: str, then: str, times: int) -> Callable[[], str]:
    """`times` of the first, never closed, and then as many of the other."""
    return lambda: _body(first * times, then * times, "word")


_NESTED = {
    "nested-div": _nested("<div>", "</div>"),
    "nested-div-unclosed": _nested("<div>", ""),
    "nested-div-with-words": _nested("<div>Dear Ann ", " yours</div>"),
    "nested-table": _nested("<table><tr><td>", "</td></tr></table>"),
    "nested-table-with-words": _nested(
        "<table><tr><td>aa<br>bb</td><td>", "</td><td>cc</td></tr></table>"
    ),
    "nested-table-border": _nested("<table border=1><tr><td>a<td>", "<td>b</table>", 60_000),
    "nested-ul": _nested("<ul><li>", "</li></ul>"),
    "nested-ol-with-words": _nested("<ol start=7><li>roof", "</li></ol>"),
    "nested-blockquote": _nested("<blockquote>", "</blockquote>"),
    "nested-blockquote-with-words": _nested("<blockquote>aa<br>bb", "cc</blockquote>"),
    "nested-span": _nested("<span>", "</span>"),
    "nested-font": _nested("<font color=red>", "</font>"),
    "nested-b": _nested("<b>", "</b>"),
    "nested-sup": _nested("<sup>1", "</sup>"),
    "nested-a": _nested("<a href='https://kunde.example'>x", "</a>"),
    "nested-custom": _nested("<x-y>", "</x-y>"),
    "nested-dl": _nested("<dl><dd>", "</dd></dl>"),
    "nested-fieldset": _nested("<fieldset><legend>a</legend>", "</fieldset>"),
    "nested-button": _nested("<button>", "</button>"),
    "nested-select": _nested("<select><option>", "</option></select>"),
    "nested-svg": _nested("<svg><g><foreignObject>", "</foreignObject></g></svg>"),
    "nested-math": _nested("<math><mi><svg>", "</svg></mi></math>"),
    "nested-template": _nested("<template>", "</template>"),
    "nested-frameset": lambda: _filled("<frameset><frame src=x>", _NESTING),
    # These end where a like one begins only inside <ruby> and <select>; elsewhere they nest.
    "nested-rt": _nested("<rt>a", ""),
    "nested-optgroup": _nested("<optgroup>a", ""),
    "nested-conditional": _nested("<!--[if mso]><table><tr><td><![endif]-->", "<!--[if !mso]-->"),
}

_TABLES = {
    "table-wide-huge-cells": lambda: _body(
        "<table>", ("<tr>" + ("<td>" + "word " * 4000) * 40) * 8, "</table>"
    ),
    "table-huge-cell-many-rows": lambda: _body(
        "<table><tr><td>", "word " * 40_000, "<td>x", "<tr><td>a<td>b" * 14_000, "</table>"
    ),
    "table-rows-100000": lambda: _body("<table>", "<tr><td>a</td><td>b</td></tr>" * 100_000),
    "table-columns-100000": lambda: _body("<table><tr>", "<td>a</td>" * 100_000),
    "table-spans-1000000": lambda: _body(
        "<table border=1>", "<tr><td rowspan=1000000 colspan=1000000>a" * 2000, "</table>"
    ),
    "table-width": lambda: _body(
        "<table width=999999999999><tr>", f"<td width={'9' * 5000} align=right>a" * 300
    ),
    # Words between the rows are moved in front of the table, one by one ("foster parenting").
    "table-foster": lambda: _body("<table>", "<tr>word<b>word</b>" * 50_000, "</table>"),
}

_TAGS = {
    "attributes-25000": _numbered("a%d=1 ", 25_000, "<p ", ">Dear Ann"),
    "attributes-200000": _numbered("a%d=1 ", 200_000, "<p ", ">Dear Ann"),
    # Both signs are letters of a name, or of a value in quotes.
    "attributes-with-less": _numbered("a%d<=1 ", 100_000, "<p ", ">Dear Ann"),
    "attributes-with-greater": _numbered("a%d='>' ", 50_000, "<p ", ">Dear Ann"),
    "attributes-equal-200000": lambda: _body("<p ", "a=1 " * 200_000, ">Dear Ann"),
    # The attributes of each further <body> are added to those of the first.
    "attributes-of-many-bodies": _numbered("<body a%d=1>", 50_000),
    "attribute-5mb": lambda: _body("<p title='", "a" * 5 * MB, "'>Dear Ann"),
    "attribute-unterminated": lambda: _body("<p title='", "<p>Dear Ann</p>" * 300_000),
    "cids-in-one-attribute": lambda: _body("<img src='", "cid:" * 500_000, "'>"),
    "cids-in-one-style": _numbered("url(cid:p%d@x),", 100_000, "<p style='background:", "'>a"),
    "cids-of-pictures": _numbered("<img src='cid:p%d@x'>", 100_000),
    "style-urls-100000": _numbered("background:url(x%d);", 100_000, "<p style='", "'>Dear Ann"),
    "style-hidden-100000": lambda: _body("<div style='", "display:none;" * 100_000, "'>a</div>"),
    "style-brackets": lambda: _body("<p style='", "a(" * MB, "'>Dear Ann"),
    "style-sheet": _numbered(".a%d{color:red}", 200_000, "<style>", "</style>"),
    "classes-200000": _numbered("c%d ", 200_000, "<p class='", "'>Dear Ann"),
    "picture-5mb": lambda: _body("<img src='data:image/png;base64,", "QUJD" * 1_250_000, "'>"),
    "link-5mb": lambda: _body("<a href='https://x.example/", "a%20" * 1_250_000, "'>plan</a>"),
    "links-100000": _numbered("<a href='https://x.example/%d'>p</a>", 100_000),
    "tag-name-5mb": lambda: _body("<", "a" * 5 * MB, ">Dear Ann"),
    "list-start": lambda: _body("<ol start=999999999999>", "<li>roof" * 50_000, "</ol>"),
    "list-start-digits": lambda: _body(f"<ol start={'9' * MB}>", "<li>roof", "</ol>"),
    "list-roman": lambda: _body("<ol type=i start=-2147483648>", "<li>roof" * 50_000),
}

_MARKUP = {
    "entities-named": _repeated("&auml;&nbsp;", 5 * MB),
    "entities-numbered": _repeated("&#x1F600;", 5 * MB),
    "entities-unterminated": _repeated("&amp&lt&notit", 5 * MB),
    "entity-name-5mb": lambda: _body("&", "a" * 5 * MB),
    "entity-number-5mb": lambda: _body("&#", "9" * 5 * MB, ";"),
    "ampersands": _repeated("&"),
    "comment-unterminated": lambda: _body("<!-- ", "word " * MB),
    "comments": _repeated("<!--", 5 * MB),
    "comments-closed": _repeated("<!---->", 5 * MB),
    "comment-dashes": lambda: _body("<!", "-" * 5 * MB, ">Dear Ann"),
    "cdata-unterminated": lambda: _body("<![CDATA[", "word " * MB),
    "conditions": _repeated("<![if !supportLists]>", 5 * MB),
    "conditions-in-comments": _repeated("<!--[if mso]>a<![endif]-->", 5 * MB),
    "instructions": _repeated("<?xml:namespace prefix=o />", 5 * MB),
    "script-unterminated": lambda: _body("<script>", "<!--<script>" * 400_000),
    "style-unterminated": lambda: _body("<style>", "</styl" * 800_000),
    "textarea-unterminated": lambda: _body("<textarea>", "</textare" * 500_000),
    "plaintext": lambda: _body("<plaintext>", "<b>word</b> " * 400_000),
    "documents-20000": _repeated("<html><head></head><body>word</body></html>", 860_000),
}

#: Texts that look like the end of an element but are none for a parser.
_DISGUISED = {
    "disguised-formats": lambda: _body(
        "<p>", *(f"<b id={number} x='</b>'>" for number in range(2000)), "<p>a" * 2000
    ),
    "disguised-by-values": _repeated("<div x='</div>'>", 960_000),
    "disguised-by-comments": _repeated("<div><!--</div>-->", 960_000),
    "disguised-by-scripts": _repeated("<div><script></div></script>", 960_000),
    "disguised-by-textareas": _repeated("<div><textarea></div></textarea>", 640_000),
    "disguised-by-titles": _repeated("<div><svg><title></div></title></svg>", 640_000),
    "disguised-by-foreign": _repeated("<svg><p/></svg><div></span>", 640_000),
    "disguised-by-cells": _repeated("<div><table><td></div></table>", 640_000),
    "disguised-by-slash": _repeated("<div/>", 480_000),
}


def _halves(first: str, then: str) -> Callable[[], str]:
    """Equal parts of the first, never closed, and of the other: about 50 kB."""
    return lambda: _body(_filled(first, 24_000), _filled(then, 24_000))


#: The worst bodies of an ordinary size.
_SMALL = {
    "small-rt": lambda: _body(_filled("<rt>", 49_000)),
    "small-optgroup": lambda: _body(_filled("<optgroup>", 49_000)),
    "small-options": lambda: _body("<select>", _filled("<option>", 49_000)),
    "small-div": lambda: _body(_filled("<div>", 49_000)),
    "small-disguised-div": lambda: _body(_filled("<div x='</div>'>", 49_000)),
    "small-attributes": _numbered("a%d ", 7000, "<p ", ">Dear Ann"),
    "small-attributes-with-less": _numbered("a%d< ", 6500, "<p ", ">Dear Ann"),
    "small-ends-of-nothing": _halves("<span>", "</i>"),
    "small-ends-of-paragraphs": _halves("<span>", "</p>"),
    "small-ends-of-custom": _halves("<x>", "</y>"),
    "small-items-under-spans": _halves("<span>", "<li>"),
    "small-misnested": _halves("<b><p>", "</b>"),
    "small-misnested-deep": _halves("<a><b><i><u><div>", "</a></b></i></u>"),
    "small-reopened": lambda: _body(
        "<p>", *(f"<b id={number}>" for number in range(900)), "<p>a" * 8000
    ),
    "small-reopened-24": lambda: _body(
        "<p>", *(f"<b id={number}>" for number in range(24)), "<p>a" * 12_000
    ),
    "small-reopened-all": lambda: _body(
        "<p>", *(f"<{name} id={n}>" for n in range(24) for name in _FORMATS), "<p>a" * 10_000
    ),
    "small-reopened-disguised": lambda: _body(
        "<p>", *(f"<b id={number} x='</b>'>" for number in range(1000)), "<p>a" * 6000
    ),
}

_FORMATTING = {
    # A wrong end of <b>, <i>, <a> ... rebuilds the tree around it ("adoption agency").
    "misnested-b-i": lambda: _body("<b><i>word</b></i>" * 10_000),
    "misnested-b-p": _unclosed_twice("<b><p>", "</b>", 10_000),
    "misnested-deep": _unclosed_twice("<a><b><i><u><div>", "</a></b></i></u>", 5000),
    # Each paragraph opens all formatting elements again that are open and differ: n times n.
    "reopened-font": lambda: _body(
        "<p>", *(f"<font size={number}>" for number in range(4000)), "<p>word" * 4000
    ),
    "reopened-font-12kb": lambda: _body(
        "<p>", *(f"<b id={number}>" for number in range(900)), "<p>a" * 900
    ),
    "reopened-24": lambda: _body(
        "<p>", *(f"<b id={number}>" for number in range(24)), "<p>a" * 100_000
    ),
    "a-in-a": lambda: _body("<a href=x>word" * 100_000),
    "p-unclosed-100000": lambda: _body("<p>word" * 100_000),
    "li-unclosed-100000": lambda: _body("<ul>", "<li>word" * 100_000),
    "options-100000": lambda: _body("<select>", "<option>word" * 100_000),
    "options-of-nothing": lambda: _body("<select>", "<option><p>" * 60_000),
    "options-in-groups": lambda: _body("<select>", "<optgroup><option>a" * 40_000),
    # Each of these ends looks through all elements that are open.
    "ends-of-nothing": _unclosed_twice("<span>", "</i>", 40_000),
    "ends-of-paragraphs": _unclosed_twice("<span>", "</p>", 20_000),
    "ends-of-custom": _unclosed_twice("<x>", "</y>", 60_000),
    "items-under-spans": _unclosed_twice("<span>", "<li>", 20_000),
    "headings-unclosed": lambda: _body("<h1>word<h2>" * 50_000),
}

_LINES = {
    "line-words": _repeated("word "),
    "line-one-word": _repeated("w"),
    "line-blanks": _repeated(" "),
    "line-tabs-in-pre": lambda: _body("<pre>", "\t" * _LINE, "</pre>"),
    "line-ends-in-pre": lambda: _body("<pre>", "\n" * _LINE, "</pre>"),
    "line-no-break-spaces": _repeated("\u00a0"),
    "line-greater": _repeated(">"),
    "line-greater-blank": _repeated("> "),
    "line-less": _repeated("<"),
    "line-ends-of-tags": _repeated("</"),
    "line-br": _repeated("<br>"),
    "line-nbsp": _repeated("&nbsp;"),
    "line-hr": _repeated("<hr>", 5 * MB),
    "line-brackets": _repeated("["),
    "line-addresses": _repeated("eva@kunde.example;", 5 * MB),
    "line-underscores": _repeated("_"),
    "line-headers": _repeated("<br>From: Eva<br>Sent: Monday", 5 * MB),
    "nulls": _repeated("\x00", 5 * MB),
    "controls": _repeated("\x01\x0b\x1b", 5 * MB),
    "surrogates": _repeated("\ud83d", 3 * MB),
    "zero-width": _repeated("\u200b\u200c\u200d\ufeff\u034f\u00ad", 3 * MB),
    "combining-marks": lambda: _body("a", "\u0301" * 3 * MB),
    "combining-marks-mixed": lambda: _body("a", "\u0301\u0323" * MB),
    "overrides": _repeated("\u202e\u2067word", 3 * MB),
    "emoji-joined": _repeated("\U0001f468\u200d", 3 * MB),
}

#: Name -> function that creates the body.
BODIES: dict[str, Callable[[], str]] = {
    **_NESTED,
    **_TABLES,
    **_TAGS,
    **_MARKUP,
    **_DISGUISED,
    **_FORMATTING,
    **_LINES,
    **_SMALL,
}
