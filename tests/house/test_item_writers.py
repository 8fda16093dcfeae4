"""Only `store/items/` writes the rows of items, and only `transitions` their states."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "server" / "webcrm_sync"
ITEMS = PACKAGE / "store" / "items"
#: Migrations change the rows of the version before them.
SOURCES = sorted(p for p in PACKAGE.rglob("*.py") if "versions" not in p.parts)
TABLES = "webcrm_sync.store.schema.tables"
WRITERS = {"update", "insert", "delete", "bulk_insert"}
SQL = re.compile(r"\b(?:UPDATE|INSERT\s+INTO|DELETE\s+FROM)\s+item\b", re.IGNORECASE)


def writes_to_item(source: str) -> Iterator[tuple[int, ast.AST]]:
    """The statements that write rows of items: as SQLAlchemy calls, and as SQL in a text."""
    tree = ast.parse(source)
    tables = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == TABLES
        for alias in node.names
        if alias.name == "item"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if SQL.search(node.value):
                yield node.lineno, node
        elif isinstance(node, ast.Call) and _is_write(node, tables):
            yield node.lineno, node


def _is_write(call: ast.Call, tables: set[str]) -> bool:
    function, first = call.func, call.args[0] if call.args else None
    name = getattr(function, "id", getattr(function, "attr", None))
    if getattr(getattr(function, "value", None), "id", None) in tables:  # item.update()
        return name in WRITERS
    is_item = isinstance(first, ast.Name) and first.id in tables
    is_item |= isinstance(first, ast.Attribute) and first.attr == "item"  # tables.item
    return name in WRITERS and is_item


@pytest.mark.parametrize(
    "source",
    [
        f"from {TABLES} import item\nupdate(item).values(state='found')",
        f"from {TABLES} import item as copies\nsql.update(copies)",
        f"from {TABLES} import item\nitem.update()",
        "update(tables.item)",
        "text('UPDATE item SET state = 1')",
        "f'delete from item where {x}'",
    ],
)
def test_every_form_of_a_write_is_noticed(source: str) -> None:
    assert len(list(writes_to_item(source))) == 1


def test_only_the_items_package_writes_items() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in SOURCES
        if path.parent != ITEMS
        for line, _ in writes_to_item(path.read_text("utf-8"))
    ]
    assert found == []


def _sets_state(source: str) -> Iterator[int]:
    """Lines that name the column `state` among values to be written."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "values":
            yield from (node.lineno for keyword in node.keywords if keyword.arg == "state")
        if isinstance(node, ast.Dict):
            keys = (k.value for k in node.keys if isinstance(k, ast.Constant))
            yield from (node.lineno for key in keys if key == "state")


def test_only_transitions_set_a_state() -> None:
    found = {p.name for p in ITEMS.glob("*.py") if list(_sets_state(p.read_text("utf-8")))}
    assert found == {"transitions.py"}
