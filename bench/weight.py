"""How much identity/ weighs: lines, and numbers that a person chose, folder by folder.

    python -m bench.weight [FOLDER]

A constant is a name in capitals that a module gives a number to, alone or in a table, whatever it
is for; what a user can set (`settings.py`) is counted beside it, and what was learnt
(`decisions.json`) is none.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1] / "identity"


def constants_of(source: str) -> list[str]:
    """Return the names in capitals that a module gives numbers to.

    Example:
        >>> constants_of('_A, B = 0.5, 2; NAME = "x"; _TABLE: dict = {"a": 1}; made = 3')
        ['_A', 'B', '_TABLE']
    """
    names: list[str] = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        if not any(_is_number(part) for part in ast.walk(node.value)):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            found = [part.id for part in ast.walk(target) if isinstance(part, ast.Name)]
            names += [name for name in found if name.isupper()]
    return names


def settings_of(source: str) -> int:
    """Return how many settings a module has, each with its meaning and range."""
    return sum(
        isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setting"
        for node in ast.walk(ast.parse(source))
    )


def _is_number(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    )


def main(folder: Path = ROOT) -> None:
    """Print a table."""
    lines, constants, settings = Counter[str](), Counter[str](), Counter[str]()
    for file in sorted(folder.rglob("*.py")):
        part = file.relative_to(folder).parts[0].removesuffix(".py")
        source = file.read_text(encoding="utf-8")
        lines[part] += len(source.splitlines())
        constants[part] += len(constants_of(source))
        settings[part] += settings_of(source)
    print("| | lines | constants | settings |\n|---|---|---|---|")
    for part in lines:
        print(f"| {part} | {lines[part]} | {constants[part]} | {settings[part]} |")
    print(f"| **all** | {lines.total()} | {constants.total()} | {settings.total()} |")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
