"""Judging in a process of its own, for the costs that only a fresh one shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from bench.speed_floor import Setup


def start_child(clip: Path, detector: Path, setup: Setup, **env: str) -> subprocess.Popen[str]:
    """Start a process that judges `clip`."""
    command = [sys.executable, "-m", "bench.speed", "--child", "--clip", str(clip)]
    command += ["--detector", str(detector), "--embedder", setup.embedder]
    return subprocess.Popen(  # noqa: S603
        [*command, "--device", setup.device],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )


def read_child(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a process printed."""
    text, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a run ended with {process.returncode}")
    cost: dict[str, Any] = json.loads(text)
    return cost


def run_child(setup: Setup, clip: Path | None = None) -> dict[str, Any]:
    """Return what judging a clip costs in a process of its own; its networks are loaded before."""
    return read_child(start_child(clip or setup.clip, setup.detector, setup))
