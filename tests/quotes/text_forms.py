"""How programs quote an older mail in plain text. Each form returns a body and its new text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from quotes.mail import Parts

_RULE = "_" * 32
Form = Callable[[Parts], tuple[str, str]]


def quoted(text: str, mark: str = "> ") -> str:
    """The text with a mark before each line."""
    return "\n".join((mark + line).rstrip() for line in text.split("\n"))


def _above(program: str) -> Form:
    return lambda p: (f"{p.top}\n\n{p.line(program)}\n\n{quoted(p.old)}\n", p.new)


def _bare(program: str) -> Form:
    return lambda p: (f"{p.top}\n\n{p.line(program)}\n\n{p.old}\n", p.new)


def _wrapped(p: Parts) -> tuple[str, str]:
    line = textwrap.fill(p.line("gmail"), 62, break_long_words=False, break_on_hyphens=False)
    return f"{p.top}\n\n{line}\n\n{quoted(p.old)}\n", p.new


def _outlook(p: Parts) -> tuple[str, str]:
    header = p.block("bare", "sent", "to", "copy", "subject", "file")
    return f"{p.top}\n\n{header}\n\n{p.old}\n", p.new


def _outlook_rule(p: Parts) -> tuple[str, str]:
    header = p.block("from", "sent", "to", "subject")
    return f"{p.top}\n\n-----{p.words['original'][0]}-----\n{header}\n\n{p.old}\n", p.new


def _outlook_quoted(p: Parts) -> tuple[str, str]:
    header = p.block("from", "sent", "to", "subject")
    return f"{p.top}\n\n{quoted(header)}\n>\n{quoted(p.old)}\n", p.new


def _outlook_web(p: Parts) -> tuple[str, str]:
    header = p.block("from", "sent", "to", "copy", "subject")
    return f"{p.top}\n{_RULE}\n{header}\n\n{p.old}\n", p.new


def _outlook_bold(p: Parts) -> tuple[str, str]:
    header = p.block("from", "sent", "to", "subject", mark="*{}:* ")
    return f"{p.top}\n\n{header}\n\n{p.old}\n", p.new


def _outlook_phone(p: Parts) -> tuple[str, str]:
    header = p.block("from", "sent", "to", "subject")
    return f"{p.top}\n\n{p.words['outlook_phone']}\n{_RULE}\n{header}\n\n{p.old}\n", p.new


def _outlook_mac(p: Parts) -> tuple[str, str]:
    header = p.block("from", "date", "to", "subject")
    return f"{p.top}\n\n{header}\n\n{p.old}\n", p.new


def _iphone(p: Parts) -> tuple[str, str]:
    below = quoted(f"{p.line('apple')}\n\n{p.old}")
    return f"{p.top}\n\n{p.words['phone']}\n\n{below}\n", p.new


def _android(p: Parts) -> tuple[str, str]:
    header = p.block("from", "date", "to", "subject")
    return f"{p.top}\n\n-------- {p.words['original'][1]} --------\n{header}\n{p.old}\n", p.new


def _iso(p: Parts) -> tuple[str, str]:
    line = f"2026-02-03 10:12 GMT+01:00 {p.name} <{p.address}>:"
    return f"{p.top}\n\n{line}\n\n{quoted(p.old)}\n", p.new


def _notes(p: Parts) -> tuple[str, str]:
    header = p.block("from", "to", "copy", "date", "subject", mark="{}:\t")
    return f"{p.top}\n\n\n\n{header}\n\n\n\n{p.old}\n", p.new


def _gmx(p: Parts) -> tuple[str, str]:
    header = p.block("sent", "from", "to", "subject")
    return f"{p.top}\n \n\n{header}\n\n{p.old}\n", p.new


def _tickets(p: Parts) -> tuple[str, str]:
    below = f"{p.words['above_this_line']}\n\n[Ticket 4711] Halle\n\n{p.old}"
    return f"{p.top}\n\n{below}\n", p.new


def _chain(p: Parts) -> tuple[str, str]:
    first = p.block("bare", "sent", "to", "subject")
    return (
        f"{p.top}\n\n{p.line('gmail')}\n\n{quoted(p.old)}\n>\n"
        f"{quoted(first)}\n>\n{quoted(p.older)}\n",
        p.new,
    )


def _below(program: str) -> Form:
    return lambda p: (f"{p.line(program)}\n{quoted(p.old)}\n\n{p.top}\n", p.new)


def _between(p: Parts) -> tuple[str, str]:
    asked = [quoted(question) for question in p.words["questions"]]
    pairs = zip(asked, p.words["answers"], strict=True)
    new = "\n\n".join(f"{question}\n\n{answer}" for question, answer in pairs)
    return f"{p.line('thunderbird')}\n{new}\n\n{quoted(p.older)}\n", new


FORMS: dict[str, Form] = {
    "gmail": _above("gmail"),
    "apple": _above("apple"),
    "thunderbird": _above("thunderbird"),
    "k9": _above("k9"),
    "yahoo": _bare("yahoo"),
    "mac": _bare("mac"),
    "gmail-wrapped": _wrapped,
    "outlook": _outlook,
    "outlook-rule": _outlook_rule,
    "outlook-quoted": _outlook_quoted,
    "outlook-web": _outlook_web,
    "outlook-bold": _outlook_bold,
    "outlook-phone": _outlook_phone,
    "outlook-mac": _outlook_mac,
    "iphone": _iphone,
    "android": _android,
    "iso": _iso,
    "notes": _notes,
    "gmx": _gmx,
    "tickets": _tickets,
    "chain": _chain,
    "below": _below("gmail"),
    "below-thunderbird": _below("thunderbird"),
    "between": _between,
}
