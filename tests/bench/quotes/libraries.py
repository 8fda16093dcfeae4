"""What the product and the libraries leave of a mail that quotes another one.

A library that knows HTML gets a body of HTML, the others its text as the product lays it out.
What comes back as HTML is laid out by the product too, so that all are scored by words alone.
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
from webcrm_sync.core.mail_text.body_text import read_body, read_mail_body

_HERE = Path(__file__).parent
#: Where the Makefile installs the libraries of npm.
_NODE = Path("build/bench-quotes")


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a mail, and how long that took."""

    text: str
    ms: float


Reader = Callable[[list[Case]], list[Left]]


def _each(read: Callable[[Case], str]) -> Reader:
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
    return _each(
        lambda case: (
            read_mail_body(
                case.subject, case.body, is_html=case.is_html, is_new_text_only=True
            ).text
        )
    )


def talon() -> Reader:
    """Mailgun's talon: its rules for text and for HTML, without its learned ones."""
    import talon as library
    from talon import quotations

    library.quotations.register_xpath_extensions()

    def read(case: Case) -> str:
        if case.is_html:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of names like `o:p`, which lxml does not know
                return _of_html(quotations.extract_from_html(case.body))
        return str(quotations.extract_from_plain(case.body))

    return _each(read)


def mail_parser_reply() -> Reader:
    """The first reply that it finds, in our users' languages."""
    from mailparser_reply import EmailReplyParser

    parser = EmailReplyParser(languages=["en", "de", "da", "sv", "nl"])
    return _each(lambda case: str(parser.parse_reply(text=_text(case))))


def quotequail() -> Reader:
    """The parts that it would unfold."""
    import quotequail as library

    def read(case: Case) -> str:
        if case.is_html:
            return _of_html("".join(x for shown, x in library.quote_html(case.body) if shown))
        return "\n".join(x for shown, x in library.quote(case.body) if shown)

    return _each(read)


def of_npm(name: str) -> Callable[[], Reader]:
    """A library of npm, in a process of Node's."""

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
            Left(_of_html(x.text), x.ms) if is_html and case.is_html else x
            for x, case in zip(left, cases, strict=True)
        ]

    return lambda: run


def _text(case: Case) -> str:
    return read_body(case.body, is_html=case.is_html).text


def _of_html(html: str) -> str:
    return read_body(html, is_html=True).text


#: Rows of the table; each makes what reads, so that a library is imported where it is measured.
READERS: dict[str, Callable[[], Reader]] = {
    "the product": product,
    "talon": talon,
    "planer": of_npm("planer"),
    "email-reply-parser": of_npm("email-reply-parser"),
    "mail-parser-reply": mail_parser_reply,
    "quotequail": quotequail,
}
