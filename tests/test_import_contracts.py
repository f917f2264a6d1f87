"""Imports point one way and engines stay in their adapters; and the check of that notices."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("castcheck", "identity", "tracker", "scenes")


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
    """The four rooms, where something can be planted."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
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
        ("castcheck/planted.py", "import torch", "vendor code stays in adapters BROKEN"),
        ("identity/planted.py", "import av", "vendor code stays in adapters BROKEN"),
    ],
)
def test_a_planted_import_breaks_them(file, line, contract, copy):
    (copy / file).write_text(f"{line}\n")
    result = lint(copy)
    assert result.returncode == 1
    assert contract in result.stdout
