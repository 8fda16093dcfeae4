"""The product and libraries that cut quoted mails.

A library that knows HTML gets the HTML body, the others the text that the product makes of it. The
product also converts results in HTML, so that the score depends on words alone.
"""

from __future__ import annotations

import json
import subprocess
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from quotes.cases import Case
from webcrm_sync.core.along import TextPart
from webcrm_sync.core.mail_text.body_text import read_body, read_mail_body

_HERE = Path(__file__).parent
#: The Makefile installs the npm libraries here.
_NODE = Path("build/bench-quotes")


@dataclass(frozen=True, slots=True)
class Left:
    """The rest of a mail after the cut, and the time."""

    text: str
    ms: float


Reader = Callable[[list[Case]], list[Left]]


def _reader(read: Callable[[Case], str]) -> Reader:
    def run(cases: list[Case]) -> list[Left]:
        left = []
        for case in cases:
            begun = time.perf_counter()
            text = read(case)
            left.append(Left(text, (time.perf_counter() - begun) * 1000))
        return left

    return run


def product() -> Reader:
    """The product with `NEW_TEXT_ONLY`."""
    return _reader(
        lambda case: (
            read_mail_body(
                case.subject, case.body, is_html=case.is_html, part=TextPart.NEW_OR_ALL
            ).text
        )
    )


def talon() -> Reader:
    """Mailgun's talon: its rules for text and HTML, without machine learning."""
    import talon as library
    from talon import quotations

    library.quotations.register_xpath_extensions()

    def read(case: Case) -> str:
        if case.is_html:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about names like `o:p`, which lxml does not know
                return _html_to_text(quotations.extract_from_html(case.body))
        return str(quotations.extract_from_plain(case.body))

    return _reader(read)


def mail_parser_reply() -> Reader:
    """mail-parser-reply: the first reply that it finds, in our users' languages."""
    from mailparser_reply import EmailReplyParser

    parser = EmailReplyParser(languages=["en", "de", "da", "sv", "nl"])
    return _reader(lambda case: str(parser.parse_reply(text=_text(case))))


def quotequail() -> Reader:
    """quotequail: the parts that it would show."""
    import quotequail as library

    def read(case: Case) -> str:
        if case.is_html:
            return _html_to_text("".join(x for shown, x in library.quote_html(case.body) if shown))
        return "\n".join(x for shown, x in library.quote(case.body) if shown)

    return _reader(read)


def of_npm(name: str) -> Callable[[], Reader]:
    """A library of npm, in a Node process."""

    def run(cases: list[Case]) -> list[Left]:
        mails = [{"text": _text(x), "html": x.body if x.is_html else None} for x in cases]
        child = subprocess.run(
            ["node", _HERE / "npm_libraries.mjs", _NODE.resolve()],
            input=json.dumps(mails),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        left = [Left(**x) for x in json.loads(child.stdout)[name]]
        is_html = name == "planer"
        return [
            Left(_html_to_text(x.text), x.ms) if is_html and case.is_html else x
            for x, case in zip(left, cases, strict=True)
        ]

    return lambda: run


def _text(case: Case) -> str:
    return read_body(case.body, is_html=case.is_html).text


def _html_to_text(html: str) -> str:
    return read_body(html, is_html=True).text


#: The rows of the table. Each function creates a reader and imports its library.
READERS: dict[str, Callable[[], Reader]] = {
    "the product": product,
    "talon": talon,
    "planer": of_npm("planer"),
    "email-reply-parser": of_npm("email-reply-parser"),
    "mail-parser-reply": mail_parser_reply,
    "quotequail": quotequail,
}
