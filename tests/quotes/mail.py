"""The parts of one mail, chosen from the words of a language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PEOPLE = [
    ("Eva Holm", "eva.holm@kunde.example"),
    ("Holm, Eva (Indkøb)", "eva@kunde.example"),
    ("Jörg Müller-Lüdenscheidt", "j.mueller@nordwind-halle.example"),
    ("kunde@kunde.example", "kunde@kunde.example"),
    ("Åse Ødegård", "aase@byg-og-bo.example"),
]


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that a form combines. `words`: all words of the language."""

    words: Mapping[str, Any]
    new: str
    old: str
    older: str
    signature: str
    name: str
    address: str
    long_date: str

    @classmethod
    def of(cls, words: Mapping[str, Any], name: str, number: int) -> Parts:
        """The parts for the case with this name, the same each time."""
        chance = hashlib.sha256(f"parts {name}".encode()).digest()
        person, address = _PEOPLE[chance[0] % len(_PEOPLE)]
        old = words["old"]
        return cls(
            words,
            new=words["new"][chance[1] % len(words["new"])],
            old=old[chance[2] % len(old)],
            older=old[(chance[2] + 1) % len(old)],
            signature=words["signature"][chance[3] % 3] if number % 2 else "",
            name=person,
            address=address,
            long_date=words["long_dates"][chance[4] % len(words["long_dates"])],
        )

    @property
    def top(self) -> str:
        """The new text with the signature below it."""
        return f"{self.new}\n\n{self.signature}".rstrip()

    def line(self, program: str) -> str:
        """The line that a program writes above a quoted mail."""
        written: str = self.words["wrote"][program]
        return written.format(name=self.name, address=self.address)

    def block(self, *keys: str, mark: str = "{}: ") -> str:
        """Header fields of the quoted mail, one per line. `mark`: the form of a field's name."""
        values = {
            "from": f"{self.name} <{self.address}>",
            "bare": self.name,
            "sent": self.long_date,
            "date": self.long_date,
            "to": "Bo Berg <bo@nordwind.example>; Ida Lund <ida@nordwind.example>",
            "copy": "lager@nordwind.example",
            "subject": "RE: Halle 40 x 20",
            "file": "tilbud.pdf; tegning 3.dwg",
        }
        fields = self.words["fields"]
        names = {**fields, "bare": fields["from"]}
        return "\n".join(mark.format(names[key]) + values[key] for key in keys)
