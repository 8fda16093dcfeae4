"""The older mails that are quoted below a new one, found in plain text.

What HTML marks is cut in `core.markup`; here are the lines that mail programs write for people.
"""

from __future__ import annotations

import re

from mailparser_reply.parser import EmailMessage

_LANGUAGES = ["da", "de", "sv", "nl", "en"]  # Norwegian writes as Danish does
_HEADERS = EmailMessage(text="", languages=_LANGUAGES).HEADER_REGEX
#: What Gmail and Apple Mail write in Dutch, which the library does not know.
_DUTCH = re.compile(r"^(?:> ?)*Op .{1,120} (?:schreef .{1,100}|geschreven):$", re.MULTILINE)
#: The library's patterns take the square of a line's length; its lines of a header are short.
_LONGEST_HEADER = 250
#: Nobody writes more than this above what is quoted.
_LONGEST_ANSWER = 50_000
#: `-----Original Message-----` and its like, or a rule, right above the header.
_RULE = re.compile(r"(?:\n|^)[ \t]*(?:-{3,}[^\n]{0,60}-{3,}|[_-]{10,})\s*\Z")
#: Whoever answers between the lines of more quotes than this keeps the last ones.
_MOST_QUOTES = 20
_FORWARD = re.compile(r"\s*(?:fwd?|vs|vb|wg|doorst|tr|videresendt?|i)\s*:", re.IGNORECASE)


def is_forward(subject: str) -> bool:
    """True for the subject of a mail that passes another one on, in our users' languages.

    >>> is_forward("VS: Tilbud"), is_forward("SV: Tilbud")
    (True, False)
    """
    return _FORWARD.match(subject) is not None


def without_history(text: str) -> str:
    """The text without the mails quoted in it; the text itself where nothing new would be left.

    An answer written below a quoted mail stays.
    """
    left = text
    for _ in range(_MOST_QUOTES):
        if (found := _header(left)) is None:
            break
        start, end = found
        above = _RULE.sub("", left[:start]).rstrip()
        left = f"{above}\n\n{_below_quoted(left[end:])}".strip()
    return left or text


def _header(text: str) -> tuple[int, int] | None:
    """Where the first line about an older mail begins, and where it ends."""
    lines = text[:_LONGEST_ANSWER].split("\n")
    short = "\n".join(x if len(x) <= _LONGEST_HEADER else "x" * len(x) for x in lines)
    matches = [m for pattern in (_HEADERS, _DUTCH) if (m := pattern.search(short))]
    first = min(matches, key=lambda m: m.start(), default=None)
    return (first.start(), first.end()) if first else None


def _below_quoted(text: str) -> str:
    """What follows the quoted lines at the beginning of a text, "" when none are marked."""
    lines = text.strip("\n").split("\n")
    number = next((n for n, x in enumerate(lines) if x.strip() and x[:1] != ">"), len(lines))
    return "\n".join(lines[number:]) if number else ""
