"""The bench for a GPU, on machines that have none: it says so, and makes nothing up."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.gpu import BusyMeter, same, table

ROOT = Path(__file__).parents[2]
SWAP = ("swap", "critical", 38, 39, ("char-01", "char-02"), 0.91)


@pytest.mark.parametrize(
    ("cpu", "gpu", "alike"),
    [
        pytest.param([], [], True, id="nothing"),
        pytest.param([SWAP], [SWAP], True, id="the same"),
        pytest.param([SWAP], [(*SWAP[:-1], 0.913)], True, id="third digit"),
        pytest.param([SWAP], [(*SWAP[:-1], 0.93)], False, id="second digit"),
        pytest.param([SWAP], [], False, id="one less"),
        pytest.param([SWAP], [SWAP, SWAP], False, id="one more"),
        pytest.param([SWAP], [("swap", "critical", 39, *SWAP[3:])], False, id="a frame later"),
    ],
)
def test_findings_agree_but_for_the_third_digit(cpu, gpu, alike):
    assert same(cpu, gpu) is alike


def test_what_was_not_measured_is_a_dash():
    figures = {"frames_per_s": 48.0, "clips_per_hour": 900.0, "busy": None, "gpu_mb": None}
    known = {**figures, "busy": 0.84, "gpu_mb": 812.3}
    text = table([("CPU", figures, ""), ("GPU", known, "3 of 3 clips")]).markdown()
    assert "| CPU | 48.0 | 2.0 | - | - | 900 |  |" in text.splitlines()
    assert "| GPU | 48.0 | 2.0 | 84% | 812 | 900 | 3 of 3 clips |" in text.splitlines()


@pytest.mark.parametrize(
    ("says", "shares"),
    [
        pytest.param("80\\n100\\n", [0.8, 1.0], id="a driver that answers"),
        pytest.param("[N/A]\\n40\\n", [0.4], id="a card that does not always say"),
        pytest.param("", [], id="a driver that is silent"),
        pytest.param(None, [], id="no driver"),
    ],
)
def test_how_busy_a_gpu_is_comes_from_its_driver(says, shares, tmp_path, monkeypatch):
    if says is not None:
        driver = tmp_path / "nvidia-smi"
        driver.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/asked\nprintf "{says}"\n')
        driver.chmod(0o755)
    monkeypatch.setenv(
        "PATH", str(tmp_path) + ":/usr/bin:/bin" if says is not None else str(tmp_path)
    )
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,4")
    with BusyMeter() as meter:
        until = time.monotonic() + 20
        while len(meter.shares) < len(shares) and time.monotonic() < until:
            time.sleep(0.02)
    assert meter.shares == shares
    if shares:
        assert (tmp_path / "asked").read_text().startswith("-i 3 --query-gpu=utilization.gpu")


@pytest.mark.slow
def test_without_a_gpu_nothing_is_measured(tmp_path):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    ran = subprocess.run(
        ["/bin/sh", str(ROOT / "bench" / "gpu.sh"), "bundled", str(tmp_path)],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "nothing measured" in ran.stderr
