"""Where a source file can be changed, and how: one operator or one statement at a time, in functions only.

What a user is told is left as it is (messages, warnings, logging, exceptions, and the conditions of nothing but these),
and so is what Python does not execute as code: docstrings and annotations.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

_TELLS = re.compile(
    r"rank_zero_\w+|_?log(ger)?\.\w+|logging\.\w+|warnings\.\w+|print|_log_api_usage_once|\w*(warn|deprecat)\w*", re.I
)
_NOT_CODE = {"annotation", "returns", "decorator_list", "args", "type_params", "msg"}
_OPPOSITE: dict[type, type] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Site:
    """One possible change. `change` makes it, in the tree it was found in; `line` is where it takes effect.

    `statement` is the number of the line on which the innermost statement around it begins.
    """

    kind: str
    function: str
    line: int
    statement: int
    before: str
    change: Callable[[], str]


class Slot:
    """A place in the tree that holds a node, so that another can be put there."""

    def __init__(self, parent: ast.AST, name: str, index: int | None):
        self.parent, self.name, self.index = parent, name, index

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node


def sites(tree: ast.Module) -> Iterator[Site]:
    """Every possible change, in the order of the source."""
    for slot, node in _children(tree):
        yield from _Walk("", node).visit(slot, node)


def mutated(source: str, ordinal: int, filename: str) -> tuple[str, CodeType]:
    """The source with the change of that ordinal number: the statement as it reads then, and the compiled module."""
    tree = ast.parse(source, filename)
    for number, site in enumerate(sites(tree)):
        if number == ordinal:
            after = site.change()
            return after, compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
    raise IndexError(f"{filename}: there are {number + 1} possible changes, none with the number {ordinal}")


class _Walk:
    """Goes through the tree, with the function and the statement in which it is."""

    def __init__(self, function: str, statement: ast.AST):
        self.function, self.statement = function, statement

    def visit(self, slot: Slot, node: ast.AST) -> Iterator[Site]:
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            inner = f"{self.function}.{node.name}".lstrip(".")
            if isinstance(node, ast.ClassDef) and not self.function.endswith("()"):
                yield from self._inside(node, inner)
            else:
                yield from self._inside(node, inner.replace("()", "") + "()")
            return
        if isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr)) or _tells(node):
            return
        if isinstance(node, ast.stmt):
            self.statement = node
        if self.function.endswith("()"):
            yield from self._changes(slot, node)
        yield from self._inside(node, self.function)

    def _inside(self, node: ast.AST, function: str) -> Iterator[Site]:
        for slot, child in _children(node):
            yield from _Walk(function, self.statement).visit(slot, child)

    def _changes(self, slot: Slot, node: ast.AST) -> Iterator[Site]:
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and not _only_tells(node):
            yield from self._negated(Slot(node, "test", None), node.test)
        if isinstance(node, ast.comprehension):
            for index, test in enumerate(node.ifs):
                yield from self._negated(Slot(node, "ifs", index), test)
        if isinstance(node, ast.Compare):
            yield from self._compared(node)
        if isinstance(node, ast.BoolOp):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield self._site("and/or", node, lambda: setattr(node, "op", other))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield self._site("not dropped", node, lambda: slot.put(node.operand))
        if isinstance(node, ast.Constant):
            yield from self._constant(slot, node)
        if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
            yield self._site("returns None", node, lambda: slot.put(_instead(node, ast.Return(ast.Constant(None)))))
        if _calls(node):
            yield self._site("call dropped", node, lambda: slot.put(_instead(node)))
            yield from self._swapped(slot, node)

    def _site(self, kind: str, node: ast.AST, change: Callable[[], None]) -> Site:
        statement = self.statement

        def make() -> str:
            change()
            return {"call dropped": "pass", "returns None": "return None"}.get(kind) or header(statement)

        return Site(kind, self.function[:-2], _line(node, statement), _line(statement), header(statement), make)

    def _negated(self, slot: Slot, test: ast.expr) -> Iterator[Site]:
        """Not where dropping its `not` or its comparison's opposite is the same change."""
        opposite = isinstance(test, ast.Compare) and len(test.ops) == 1 and not isinstance(test.ops[0], _ORDERED)
        if opposite or isinstance(test, (ast.UnaryOp, ast.Constant)):
            return
        yield self._site("negated", test, lambda: slot.put(ast.UnaryOp(ast.Not(), test)))

    def _compared(self, node: ast.Compare) -> Iterator[Site]:
        for index, operator in enumerate(node.ops):
            slot, other = Slot(node, "ops", index), _OPPOSITE[type(operator)]()
            yield self._site("comparison", node, partial(slot.put, other))

    def _constant(self, slot: Slot, node: ast.Constant) -> Iterator[Site]:
        others: list[int | float]
        if isinstance(node.value, bool):
            others = [not node.value]
        elif isinstance(node.value, (int, float)):
            others = [node.value + 1, node.value - 1]
        else:
            return
        for other in others:
            yield self._site("constant", node, partial(slot.put, ast.Constant(other)))

    def _swapped(self, slot: Slot, node: ast.AST) -> Iterator[Site]:
        block, index = getattr(slot.parent, slot.name), slot.index or 0
        following = block[index + 1] if index + 1 < len(block) else node
        if not _calls(following) or ast.dump(following) == ast.dump(node):
            return

        def change() -> str:
            block[index : index + 2] = following, node
            return f"{header(following)}; {header(node)}"

        before = f"{header(node)}; {header(following)}"
        yield Site("calls swapped", self.function[:-2], _line(node), _line(node), before, change)


def header(statement: ast.AST) -> str:
    """The statement on one line; of one that contains others, its first."""
    shown = statement
    if hasattr(statement, "body") and isinstance(statement, ast.stmt):
        fields = {**dict(ast.iter_fields(statement)), "body": [ast.Pass()], "orelse": [], "finalbody": []}
        shown = type(statement)(**{name: fields[name] for name in statement._fields})
    return ast.unparse(ast.fix_missing_locations(shown)).strip().splitlines()[0]


def _children(node: ast.AST) -> Iterator[tuple[Slot, ast.AST]]:
    for name, value in list(ast.iter_fields(node)):
        if name in _NOT_CODE and isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda, ast.AnnAssign, ast.arg)):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield Slot(node, name, index), child


def _line(node: ast.AST, otherwise: ast.AST | None = None) -> int:
    return int(getattr(node, "lineno", 0) or getattr(otherwise, "lineno", 0))


def _calls(node: ast.AST) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _tells(node)


def _tells(node: ast.AST) -> bool:
    """Whether it is a statement that only tells the user something."""
    if not isinstance(node, ast.Expr):
        return False
    if not isinstance(node.value, ast.Call):
        return isinstance(node.value, ast.Constant)
    name = ast.unparse(node.value.func)
    return bool(_TELLS.fullmatch(name) or _TELLS.fullmatch(name.rpartition(".")[2]))


def _only_tells(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and not node.orelse and all(map(_tells, node.body))


def _instead(statement: ast.stmt, *others: ast.stmt) -> ast.stmt:
    """Keep the statement where it is never executed, so that the function closes over the same names as before."""
    never = ast.If(ast.Constant(False), [statement], [])
    whole = ast.If(ast.Constant(True), [never, *others], []) if others else never
    return ast.copy_location(whole, statement)
