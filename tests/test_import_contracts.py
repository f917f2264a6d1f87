"""Imports point one way, in no circle, and engines stay in adapters; and the checks notice."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("castcheck", "identity", "tracker", "scenes")
DEVELOPERS = ("bench", "studio", "tools", "training")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(script), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The four packages, where something can be planted."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_contracts_hold(copy):
    result = lint(copy)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("scenes/planted.py", "import castcheck", "one-way flow BROKEN"),
        ("tracker/planted.py", "from identity import findings", "one-way flow BROKEN"),
        ("castcheck/batch/planted.py", "from castcheck.runs import compare", "of castcheck BROKEN"),
        ("castcheck/facts/planted.py", "from castcheck import labels", "of castcheck BROKEN"),
        ("identity/evidence/planted.py", "import identity.judge", "folders of identity BROKEN"),
        ("castcheck/planted.py", "import torch", "vendor code stays in adapters BROKEN"),
        ("identity/planted.py", "import av", "vendor code stays in adapters BROKEN"),
    ],
)
def test_a_planted_import_breaks_them(file, line, contract, copy):
    (copy / file).write_text(f"{line}\n")
    result = lint(copy)
    assert result.returncode == 1
    assert contract in result.stdout


def circles(imports: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of files that import each other in a circle, also for types alone."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = imports[waiting.pop()] - seen
            seen |= new
            waiting += new
        return seen

    behind = {name: reached(name) for name in imports}
    found = {
        frozenset(other for other in behind[name] if name in behind[other])
        for name in imports
        if name in behind[name]
    }
    return [set(circle) for circle in found]


@pytest.mark.parametrize(
    ("imports", "expect"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"a": set()}, [], id="one file"),
        pytest.param({"a": {"b", "c"}, "b": {"c"}, "c": set()}, [], id="two ways to one file"),
        pytest.param({"a": {"b"}, "b": {"c"}, "c": {"b"}}, [{"b", "c"}], id="a circle behind a"),
    ],
)
def test_a_circle_is_seen(imports, expect):
    assert circles(imports) == expect


@pytest.fixture(scope="module")
def imports():
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}


def test_no_file_imports_itself_by_way_of_others(imports):
    assert len(imports) > 150
    assert circles(imports) == []


def folders(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the imports between folders; a file that lies in none stands for itself."""

    def folder(name: str) -> str:
        return ".".join(name.split(".")[:2])

    found: dict[str, set[str]] = {}
    for name, imported in imports.items():
        found.setdefault(folder(name), set()).update({folder(o) for o in imported} - {folder(name)})
    return found


@pytest.mark.parametrize(
    ("imports", "expect"),
    [
        pytest.param({"p.a.x": {"p.a.y"}, "p.a.y": set()}, [], id="within a folder"),
        pytest.param({"p.a.x": {"p.b.x"}, "p.b.y": {"p.c"}, "p.c": set()}, [], id="in order"),
        pytest.param(
            {"p.a.x": {"p.b.x"}, "p.b.y": {"p.c"}, "p.c": {"p.a.z"}},
            [{"p.a", "p.b", "p.c"}],
            id="files in order, folders in a circle",
        ),
    ],
)
def test_a_circle_of_folders_is_seen(imports, expect):
    every = set(imports).union(*imports.values())
    assert circles(folders({name: imports.get(name, set()) for name in every})) == expect


def imports_of(folder: Path) -> set[str]:
    """Return the packages that the files below a folder import, also for types alone."""
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
    return found


def test_the_packages_for_developers_import_each_other_one_way_and_nothing_installed_imports_them():
    packages = {*PACKAGES, *DEVELOPERS}
    found = {name: (imports_of(ROOT / name) & packages) - {name} for name in sorted(packages)}
    assert "castcheck" in found["bench"]
    assert circles(found) == []
    assert not set().union(*(found[name] for name in PACKAGES)) & set(DEVELOPERS)


def test_no_folder_imports_itself_by_way_of_others(imports):
    found = folders(imports)
    assert len(found) > 80
    assert circles(found) == []
