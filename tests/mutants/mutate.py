"""Small changes to a module's code, each of which a test should notice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_OPPOSITES = [
    *[(ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq)],
    *[(ast.Is, ast.IsNot), (ast.In, ast.NotIn)],
    *[(ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv), (ast.BitOr, ast.BitAnd)],
]
_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Div: ast.Mult,
    **dict(_OPPOSITES),
    **{other: one for one, other in _OPPOSITES},
}
_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """A changed module. `before` and `after`: the changed expression."""

    line: int
    before: str
    after: str
    tree: ast.Module


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    original = ast.parse(source)
    skipped = _docstrings_and_annotations(original)
    for index, node in enumerate(ast.walk(original)):
        for number in range(_count_changes(node) if id(node) not in skipped else 0):
            tree = copy.deepcopy(original)
            changed = next(n for i, n in enumerate(ast.walk(tree)) if i == index)
            _change(changed, number)
            ast.fix_missing_locations(tree)
            line = getattr(node, "lineno", 0)
            yield Mutant(line, ast.unparse(node), ast.unparse(changed), tree)


def _docstrings_and_annotations(tree: ast.Module) -> set[int]:
    skipped: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.append(node)
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            skipped.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            skipped += [*node.decorator_list, *filter(None, [node.returns])]
        elif isinstance(node, ast.ClassDef):
            skipped += node.decorator_list
    return {id(inner) for node in skipped for inner in ast.walk(node)}


def _count_changes(node: ast.AST) -> int:
    match node:
        case ast.Compare():
            return len(node.ops)
        case ast.BinOp() | ast.AugAssign():
            return type(node.op) in _OPERATORS
        case ast.Call(func=ast.Name(id=name)):
            return name in _FUNCTIONS
        case ast.Constant():
            return isinstance(node.value, bool | int | str)
    return isinstance(node, ast.BoolOp | ast.IfExp | ast.Continue | ast.Break) or _is_not(node)


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _change(node: ast.AST, number: int) -> None:
    match node:
        case ast.Compare():
            node.ops[number] = _OPERATORS[type(node.ops[number])]()  # type: ignore[call-overload]  # same kind
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.BinOp() | ast.AugAssign():
            node.op = _OPERATORS[type(node.op)]()  # type: ignore[assignment]  # same kind
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
        case ast.Call(func=ast.Name() as function):
            function.id = _FUNCTIONS[function.id]
        case ast.Constant():
            _change_constant(node)
        case _:
            node.__class__ = ast.Break if isinstance(node, ast.Continue) else ast.Continue


def _change_constant(node: ast.Constant) -> None:
    match node.value:
        case bool():
            node.value = not node.value
        case int():
            node.value += 1
        case str():
            node.value += "XX"
