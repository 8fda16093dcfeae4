"""The functions at which tests plant an error, named as `module:function`, exist."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from re import compile as pattern

TESTS = Path(__file__).parents[1]
PLACE = pattern(r"((?:core|engine|graph|net|store|web|webcrm)(?:\.[a-z_]+)+):([A-Za-z_.]*)")


def places() -> set[tuple[str, str]]:
    """Module and function of each place in the tests; the function is empty for a whole module."""
    return {
        (found[1], found[2])
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if (found := PLACE.fullmatch(node.value))
    }


def is_there(module: str, function: str) -> bool:
    """True when the module exists and has the function."""
    try:
        found: object = import_module(f"webcrm_sync.{module}")
        for name in function.split(".") if function else ():
            found = getattr(found, name)
    except (ModuleNotFoundError, AttributeError):
        return False
    return True


def test_every_planted_place_exists() -> None:
    assert len(places()) > 30
    assert {f"{m}:{f}" for m, f in places() if not is_there(m, f)} == set()


def test_a_missing_place_is_reported() -> None:
    assert not is_there("engine.gone.too", "read")
    assert not is_there("engine.pane.undo", "gone")
    assert is_there("engine.pane.undo", "undo")
