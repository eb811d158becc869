"""Small faults in our own code, one at a time: what a suite must notice.

What lives here: which places of a module can be changed, how, and the changed module.
What never does: running tests (``mutants.py``).
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    *(f"orchestration/ledger/{name}.py" for name in (
        "audit", "delivered", "facts", "leases", "outbox", "seals", "statements", "store",
    )),
    *(f"orchestration/activation/{name}.py" for name in (
        "approval", "backoff", "deliver", "gate", "guards", "payloads", "plan", "plan_file",
        "sealing", "sender", "settlement", "starting",
    )),
)  # fmt: skip
_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
# These say how much goes at once or how long somebody waits, not what is true.
_SIZES = ("_TOGETHER", "_LOOKED_UP", "_SECONDS", "_ROWS", "_MS")
# Another bound on what is read, or a check's name, changes no answer.
_BOUNDS = ("limit", "execution_options", "exec_driver_sql")
Change = Callable[[ast.AST], ast.AST | None]


@dataclass(frozen=True)
class Mutant:
    """The ``number``-th place of a file, changed; the same for ever for the same source."""

    file: str
    number: int
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.what}"


def all_mutants(file: str) -> list[Mutant]:
    """Every place of a file that can be changed."""
    places = _places(_parse(file))
    return [
        Mutant(file, number, getattr(node, "lineno", 0), what)
        for number, (node, what, _) in enumerate(places)
    ]


def drawn(count: int, seed: int) -> list[Mutant]:
    """Mutants of all modules, drawn without repetition."""
    every = [mutant for file in MODULES for mutant in all_mutants(file)]
    return random.Random(seed).sample(every, min(count, len(every)))


def mutated(mutant: Mutant) -> ast.Module:
    """The file's tree with the one change."""
    tree = _parse(mutant.file)
    node, _, change = list(_places(tree))[mutant.number]
    changed = change(copy.deepcopy(node))
    _Replace(node, changed).visit(tree)
    return ast.fix_missing_locations(tree)


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST | None) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST | None:
        if node is self._old:
            if self._new is not None:
                ast.copy_location(self._new, node)
            return self._new
        self.generic_visit(node)
        return node


def _parse(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def _places(tree: ast.Module) -> list[tuple[ast.AST, str, Change]]:
    found: list[tuple[ast.AST, str, Change]] = []
    for node in _code_of(tree):
        found.extend((node, what, change) for what, change in _changes(node))
    return found


def _code_of(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that are run and can be wrong: no annotations, texts, errors' words, or sizes."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        if name == "args" and isinstance(node, ast.Call) and _name(node.func) in _BOUNDS:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_words(child):
                continue
            yield child
            yield from _code_of(child)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else ""


def _is_words(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id.endswith(_SIZES) and node.targets[0].id != "SHRINK_ROWS"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id.endswith("Error")
    if isinstance(node, ast.Subscript):
        # The first of one is its last as well, and most rows that are read so have one column.
        return isinstance(node.slice, ast.Constant) and node.slice.value == 0
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom)


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _FLIPPED:
        new = _FLIPPED[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} becomes {new.__name__}", _flip
    elif isinstance(node, ast.BoolOp):
        yield "and becomes or" if isinstance(node.op, ast.And) else "or becomes and", _swap
    elif isinstance(node, ast.If | ast.While) and not _is_constant(node.test):
        yield "condition negated", _negate
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call dropped", lambda _: ast.Pass()
    elif isinstance(node, ast.Raise) and node.exc is not None:
        yield "raise dropped", lambda _: ast.Pass()
    elif isinstance(node, ast.Return) and node.value is not None and not _is_constant(node.value):
        yield "returns None", lambda _: ast.Return(ast.Constant(None))


def _constants(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    if isinstance(node.value, bool):
        yield f"{node.value} becomes {not node.value}", lambda n: ast.Constant(not _value(n))
    elif isinstance(node.value, int):
        yield f"{node.value} plus 1", lambda n: ast.Constant(_value(n) + 1)
        yield f"{node.value} minus 1", lambda n: ast.Constant(_value(n) - 1)


def _value(node: ast.AST) -> int:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    return node.value


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant)


def _flip(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Compare)
    node.ops[0] = _FLIPPED[type(node.ops[0])]()
    return node


def _swap(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def _negate(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If | ast.While)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return node
