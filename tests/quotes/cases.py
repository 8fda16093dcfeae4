"""Mails that quote older mails, with the new text of each: languages x programs x text and HTML.

The words are in the TOML files beside this file, the forms of the programs in `text_forms` and
`html_forms`. `is_tuned` marks the half that was used to write the rule.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quotes import html_forms, text_forms
from quotes.mail import Parts

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Case:
    """A mail and its new text.

    `signatures`: signatures below it. A result is right with none, some or all of them.
    """

    name: str
    body: str
    right: str
    subject: str = "Re: Halle"
    is_html: bool = False
    signatures: tuple[str, ...] = ()
    is_kept: bool = field(default=False, kw_only=True)

    @property
    def is_tuned(self) -> bool:
        """True for the half that was used to write the rule."""
        return hashlib.sha256(self.name.encode()).digest()[0] % 2 == 0

    @property
    def rights(self) -> list[str]:
        """The right results: from no signature to all of them."""
        counts = range(len(self.signatures) + 1)
        return ["\n\n".join([self.right, *self.signatures[:count]]) for count in counts]


def all_cases() -> list[Case]:
    """Every case in a fixed order."""
    return [*_built(), *_read("written"), *_read("kept")]


def _built() -> Iterator[Case]:
    for code, words in _toml("languages").items():
        for kind, forms in (("text", text_forms.FORMS), ("html", html_forms.FORMS)):
            for number, (program, form) in enumerate(forms.items()):
                name = f"{code}-{kind}-{program}"
                parts = Parts.of(words, name, number)
                body, right = form(parts)
                phone = words.get(
                    {"iphone": "phone", "outlook-phone": "outlook_phone"}.get(program)
                )
                signatures = tuple(x for x in (parts.signature, phone) if x)
                yield Case(name, body, right, is_html=kind == "html", signatures=signatures)


def _read(file: str) -> Iterator[Case]:
    for name, given in _toml(file).items():
        right = given.get("right", given["body"] if file == "kept" else "")
        yield Case(
            f"{file}-{name}",
            given["body"],
            right,
            given.get("subject", "Re: Halle"),
            given.get("is_html", False),
            is_kept=file == "kept",
        )


def _toml(file: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"{file}.toml").read_text("utf-8"))
