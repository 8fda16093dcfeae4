"""Small changes to a module's code, each of which a test should notice."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

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
#: Methods that take a set of characters: one of them is left out.
_STRIPS = {"strip", "lstrip", "rstrip"}
#: A list or a table of more constants than this is data: a test that repeats it would be a copy.
#: One change shows that it is used.
_LONGEST_LIST = 10
#: A changed constant is shown with the expression around it if that is at most this long.
_LONGEST_CONTEXT = 80


@dataclass(frozen=True)
class Mutant:
    """A changed module. `change`: what changed and where, unique in the module, without lines."""

    line: int
    change: str
    code: CodeType


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module."""
    original = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(original))
    parents = {id(child): node for node in nodes for child in ast.iter_child_nodes(node)}
    skipped = {id(inner) for node in _unmeasurable(original) for inner in ast.walk(node)}
    seen: Counter[str] = Counter()
    for index, node in enumerate(nodes):
        for number in range(_count_changes(node) if id(node) not in skipped else 0):
            tree = copy.deepcopy(original)
            changed = list(ast.walk(tree))
            _change(changed[index], number)
            ast.fix_missing_locations(tree)
            shown = _shown(node, parents[id(node)]) if index else node
            after = ast.unparse(changed[nodes.index(shown)])
            change = f"{_scope(node, parents)}: {ast.unparse(shown)} -> {after}"
            seen[change] += 1
            again = f" ({seen[change]})" if seen[change] > 1 else ""
            yield Mutant(getattr(node, "lineno", 0), change + again, compile(tree, path, "exec"))


def _shown(node: ast.AST, parent: ast.AST) -> ast.AST:
    """The part of the code that shows the change: a constant alone says too little."""
    if not isinstance(node, ast.Constant):
        return node
    text = ast.unparse(parent)
    return parent if len(text) <= _LONGEST_CONTEXT and "\n" not in text else node


def _scope(node: ast.AST, parents: dict[int, ast.AST]) -> str:
    """The dotted name of the function, class or module constant around a node."""
    names: list[str] = []
    while parent := parents.get(id(node)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(parent, ast.Module) and isinstance(node, ast.Assign | ast.AnnAssign):
            names.append(
                ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            )
        node = parent
    return ".".join(reversed(names)) or "module"


def _unmeasurable(tree: ast.Module) -> Iterator[ast.AST]:
    """The code whose change no test can or need notice."""
    for node in ast.walk(tree):
        yield from _for_readers(node)
        if isinstance(node, ast.Set | ast.List | ast.Tuple) and len(node.elts) > _LONGEST_LIST:
            yield from node.elts[1:]
        if isinstance(node, ast.Dict) and len(node.values) > _LONGEST_LIST:
            yield from [*filter(None, node.keys[1:]), *node.values[1:]]
        if isinstance(node, ast.Call) and _is_strip(node):
            yield from node.args  # changed together with the call
    if not any(isinstance(node, ast.Attribute) and node.attr == "value" for node in ast.walk(tree)):
        yield from _enum_texts(tree)


def _for_readers(node: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, annotations, decorators and the sentences of errors."""
    match node:
        case ast.Raise(exc=ast.Call(args=sentences)):
            yield from sentences
        case ast.Expr(value=ast.Constant()):
            yield node
        case ast.arg() | ast.AnnAssign():
            yield from filter(None, [node.annotation])
        case ast.FunctionDef():
            yield from [*node.decorator_list, *filter(None, [node.returns])]
        case ast.ClassDef():
            yield from node.decorator_list


def _enum_texts(tree: ast.Module) -> Iterator[ast.AST]:
    """The texts of plain `Enum` members, which only tell the members apart unless `.value` is read.

    Those of a `StrEnum` are stored and compared.
    """
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and [ast.unparse(one) for one in node.bases] == ["Enum"]:
            members = (one.value for one in node.body if isinstance(one, ast.Assign))
            yield from (value for value in members if isinstance(value, ast.Constant))


def _count_changes(node: ast.AST) -> int:
    match node:
        case ast.Compare():
            return len(node.ops)
        case ast.BinOp() | ast.AugAssign():
            return type(node.op) in _OPERATORS
        case ast.Call():
            return _is_strip(node) or ast.unparse(node.func) in _FUNCTIONS
        case ast.Constant():
            return isinstance(node.value, bool | int | str)
    return isinstance(node, ast.BoolOp | ast.IfExp | ast.Continue | ast.Break) or _is_not(node)


def _is_strip(node: ast.Call) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=name), args=[ast.Constant(value=str())]):
            return name in _STRIPS
    return False


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
        case ast.Call():
            _change_call(node)
        case ast.Constant():
            _change_constant(node)
        case _:
            node.__class__ = ast.Break if isinstance(node, ast.Continue) else ast.Continue


def _change_call(node: ast.Call) -> None:
    match node:
        case ast.Call(func=ast.Name() as function):
            function.id = _FUNCTIONS[function.id]
        case ast.Call(args=[ast.Constant(value=str(characters)) as constant]):
            constant.value = characters[:-1]


def _change_constant(node: ast.Constant) -> None:
    match node.value:
        case bool():
            node.value = not node.value
        case int():
            node.value += 1
        case str():
            node.value += "XX"
