"""A fingerprint of the code that a result rests on, so that a kept result is never a stale one."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

ROOT = Path(__file__).parent.parent
PACKAGES = ("castcheck", "identity", "tracker", "scenes", "bench")
_KEY_CHARS = 16


def code_key(
    entries: Sequence[str],
    *,
    without: Collection[str] = (),
    data: bool = False,
    root: Path = ROOT,
) -> str:
    """Return a hash of the modules `entries` and of all modules of ours that they import.

    Comments, docstrings and layout do not count, so that a change of words costs nothing.

    Args:
        entries: Module names, such as "castcheck.observe".
        without: Modules left out, and what only they import: settings whose *values* are part of
            the caller's key anyway.
        data: Whether files beside the modules that are no code (tables, weights) count as well.
        root: Folder of the packages.

    Raises:
        FileNotFoundError: An entry is no module.
    """
    digest = hashlib.sha256()
    modules = sorted(modules_behind(entries, without=without, root=root))
    for name in modules:
        digest.update(f"{name}\n{_meaning(_file_of(name, root))}\n".encode())
    for folder in sorted({_file_of(name, root).parent for name in modules}) if data else ():
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.suffix != ".py":
                digest.update(
                    f"{file.name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}".encode()
                )
    return digest.hexdigest()[:_KEY_CHARS]


def modules_behind(
    entries: Sequence[str], *, without: Collection[str] = (), root: Path = ROOT
) -> set[str]:
    """Return the names of `entries` and of every module of ours behind their imports.

    Imports for the type checker alone are not followed; imports inside functions are.
    """
    for name in entries:
        if not _file_of(name, root).exists():
            raise FileNotFoundError(f"{name}: no such module under {root}")
    waiting, found = list(entries), set[str]()
    while waiting:
        name = waiting.pop()
        if name in found or name in without:
            continue
        found.add(name)
        waiting += _imports(_file_of(name, root), root)
    return found


def _file_of(name: str, root: Path) -> Path:
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@lru_cache(maxsize=512)
def _tree(file: Path, _stamp: int) -> ast.Module:
    return ast.parse(file.read_bytes(), filename=str(file))


def _read(file: Path) -> ast.Module:
    return _tree(file, file.stat().st_mtime_ns)


def _imports(file: Path, root: Path) -> list[str]:
    names = []
    for node in _run_time_nodes(_read(file)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in inner if _file_of(name, root).exists()]
            # From a package, only the modules that are named: its `__init__` re-exports the rest.
            names += modules if len(modules) == len(inner) else [node.module, *modules]
    ours = [name for name in names if name.split(".")[0] in PACKAGES]
    return [name for name in ours if _file_of(name, root).exists()]


def _run_time_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those under `if TYPE_CHECKING:`."""
    yield node
    for child in ast.iter_child_nodes(node):
        guarded = isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"
        if not guarded:
            yield from _run_time_nodes(child)


@lru_cache(maxsize=512)
def _meaning_at(file: Path, stamp: int) -> str:
    tree = ast.parse(ast.unparse(_tree(file, stamp)))  # a copy, since docstrings are taken out
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
            and isinstance(body[0].value.value, str)
        ):
            node.body = body[1:]
    return ast.dump(tree)


def _meaning(file: Path) -> str:
    """Return the code of a file without comments, docstrings and layout."""
    return _meaning_at(file, file.stat().st_mtime_ns)
