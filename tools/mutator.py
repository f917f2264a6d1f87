"""The small faults that `make mutants` puts into code: which a file offers, and how one is made."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: Relative to the root.
        line: Where.
        number: Which of the changes of that file.
        what: The change in words.
    """

    file: str
    line: int
    number: int
    what: str


_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NAMES = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "argmin": "argmax",
    "argmax": "argmin",
}


class Mutator(ast.NodeTransformer):
    """Counts the changes a file offers, and makes one of them.

    Args:
        wanted: The number of the change to make; -1 = none, count only.
    """

    def __init__(self, wanted: int = -1) -> None:
        self.wanted = wanted
        self.found: list[tuple[int, str]] = []

    def _here(self, node: Any, what: str) -> bool:
        self.found.append((node.lineno, what))
        return len(self.found) - 1 == self.wanted

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Turn a comparison."""
        self.generic_visit(node)
        for k, operator in enumerate(node.ops):
            other = _COMPARE[type(operator)]
            if self._here(node, f"{type(operator).__name__} -> {other.__name__}"):
                node.ops[k] = other()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Flip a sign."""
        self.generic_visit(node)
        other = _BINARY.get(type(node.op))
        of_text = isinstance(node.left, (ast.JoinedStr, ast.List)) or (
            isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        )
        if (
            other is not None
            and not of_text
            and self._here(node, f"{type(node.op).__name__} -> {other.__name__}")
        ):
            node.op = other()
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Take `or` for `and`."""
        self.generic_visit(node)
        other: type[ast.boolop] = ast.Or if isinstance(node.op, ast.And) else ast.And
        if self._here(node, f"{type(node.op).__name__} -> {other.__name__}"):
            node.op = other()
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """Leave out a `not`, a minus or an inversion."""
        self.generic_visit(node)
        if isinstance(node.op, (ast.Not, ast.USub, ast.Invert)) and self._here(
            node, f"without {type(node.op).__name__}"
        ):
            return node.operand
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Move a number by a fifth, or by one; turn True and False."""
        value = node.value
        if isinstance(value, bool):
            if self._here(node, f"{value} -> {not value}"):
                return ast.copy_location(ast.Constant(not value), node)
        elif isinstance(value, (int, float)):
            other = value + 1 if isinstance(value, int) else value * 1.2 or 0.2
            if self._here(node, f"{value} -> {other:g}"):
                return ast.copy_location(ast.Constant(other), node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Take `max` for `min`."""
        other = _NAMES.get(node.id)
        if other is not None and self._here(node, f"{node.id} -> {other}"):
            return ast.copy_location(ast.Name(other, node.ctx), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """The same for methods of arrays."""
        self.generic_visit(node)
        other = _NAMES.get(node.attr)
        if other is not None and self._here(node, f".{node.attr} -> .{other}"):
            node.attr = other
        return node

    # What follows decides nothing: types, and what is checked by type checkers alone.

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Leave annotations alone."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """Leave annotations alone."""
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Leave annotations and decorators alone."""
        node.args = self.visit(node.args)
        node.body = [self.visit(one) for one in node.body]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Leave what `zip` is told to check alone."""
        keywords = [one for one in node.keywords if one.arg == "strict"]
        node.keywords = [one for one in node.keywords if one.arg != "strict"]
        self.generic_visit(node)
        node.keywords += keywords
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """Leave what is imported for types alone."""
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Leave decorators alone."""
        node.body = [self.visit(one) for one in node.body]
        return node


def mutants_of(path: Path, *, root: Path = ROOT) -> list[Mutant]:
    """Return all mutants of a file."""
    counter = Mutator()
    counter.visit(ast.parse(path.read_text(encoding="utf-8")))
    name = path.relative_to(root).as_posix()
    return [Mutant(name, line, k, what) for k, (line, what) in enumerate(counter.found)]


def mutated(source: str, number: int) -> ast.Module:
    """Return the tree of a source with one change in it."""
    tree = ast.parse(source)
    changed: ast.Module = Mutator(number).visit(tree)
    return ast.fix_missing_locations(changed)
