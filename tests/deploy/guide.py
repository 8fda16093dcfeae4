"""Reads what `docs/deploy.md` asks an administrator to type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from support.distributions import ROOT

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands (`sh`) or settings (`ini`), and its section."""

    section: str
    language: str
    text: str


def read_guide() -> list[Block]:
    """The blocks of the guide, in its order."""
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(text)]
    blocks = []
    for found in _BLOCK.finditer(text):
        section = [title for start, title in headings if start < found.start()][-1]
        blocks.append(Block(section, found[1], found[2]))
    return blocks
