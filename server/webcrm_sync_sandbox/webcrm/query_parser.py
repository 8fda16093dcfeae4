"""A small parser of the scripts that `/Queries` is known to accept; it refuses everything else.

    SELECT * | name, name  FROM table  [WHERE tests]  [ORDER BY name [ASC|DESC]]
    tests: name = value, name >= value, joined by AND and OR, in parentheses

Source: the scripts in GitHub webCRMdotcom/ErpIntegrations and dreamdata-io/tap-webcrm. JOIN was
observed too; the product does not use it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<word>\w+)|(?P<sign>>=|[=(),*]))"
)
_KEYWORDS = frozenset({"SELECT", "FROM", "WHERE", "ORDER", "BY", "AND", "OR", "ASC", "DESC"})


class ScriptError(ValueError):
    """webCRM is not known to accept this script."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison of a field with a literal. `operator`: = or >=."""

    field: str
    operator: str
    value: str | int


@dataclass(frozen=True, slots=True)
class Joined:
    """Several tests, all of which (AND) or one of which (OR) must hold."""

    word: str
    parts: tuple[Condition, ...]


Condition = Test | Joined


@dataclass(frozen=True, slots=True)
class Script:
    """A parsed script. `columns` empty = all; `order` empty = none. Names as written."""

    columns: tuple[str, ...]
    table: str
    where: Condition | None
    order: str
    is_descending: bool


def parse(text: str) -> Script:
    """The parsed script. Raises ScriptError for everything outside the known grammar."""
    return _Parser(text).script()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if not token or not token.lastgroup:
            raise ScriptError(f"Incorrect syntax at position {at}")
        found.append(_Token(token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return [*found, _Token("end", "")]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def script(self) -> Script:
        self._expect("SELECT")
        columns = self._columns()
        self._expect("FROM")
        table = self._name()
        where = self._either() if self._took("WHERE") else None
        order, is_descending = self._order()
        if self._tokens[self._at].kind != "end":
            raise self._wrong()
        return Script(columns, table, where, order, is_descending)

    def _columns(self) -> tuple[str, ...]:
        if self._took("*"):
            return ()
        columns = [self._name()]
        while self._took(","):
            columns.append(self._name())
        return tuple(columns)

    def _order(self) -> tuple[str, bool]:
        if not self._took("ORDER"):
            return "", False
        self._expect("BY")
        name = self._name()
        is_descending = self._took("DESC")
        if not is_descending:
            self._took("ASC")
        return name, is_descending

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._took("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Joined("OR", tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._took("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Joined("AND", tuple(parts))

    def _one(self) -> Condition:
        if self._took("("):
            inner = self._either()
            self._expect(")")
            return inner
        field = self._name()
        operator = next((sign for sign in (">=", "=") if self._took(sign)), "")
        if not operator:
            raise self._wrong()
        return Test(field, operator, self._value())

    def _value(self) -> str | int:
        token = self._tokens[self._at]
        if token.kind not in {"text", "number"}:
            raise self._wrong()
        self._at += 1
        return int(token.value) if token.kind == "number" else token.value[1:-1].replace("''", "'")

    def _name(self) -> str:
        token = self._tokens[self._at]
        if token.kind != "word" or token.value.upper() in _KEYWORDS:
            raise self._wrong()
        self._at += 1
        return token.value

    def _took(self, text: str) -> bool:
        token = self._tokens[self._at]
        if token.kind in {"word", "sign"} and token.value.upper() == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._took(text):
            raise self._wrong()

    def _wrong(self) -> ScriptError:
        return ScriptError(f"Incorrect syntax near '{self._tokens[self._at].value}'")
