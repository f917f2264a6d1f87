"""How many threads work, and that those who wait sleep."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from scenes import threads

ROOT = Path(__file__).parents[2]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@pytest.mark.parametrize(
    ("files", "count"),
    [
        pytest.param({}, CORES, id="no-group"),
        pytest.param({"cpu.max": "max 100000\n"}, CORES, id="no-quota"),
        pytest.param({"cpu.max": "100000 100000\n"}, 1, id="one-core"),
        pytest.param({"cpu.max": "20000 100000\n"}, 1, id="a-fifth-of-a-core"),
        pytest.param({"cpu.max": "99900000 100000\n"}, CORES, id="more-than-there-are"),
        pytest.param({"cpu.max": "nonsense"}, CORES, id="nonsense"),
        pytest.param({"cpu.max": "100000 0\n"}, CORES, id="no-period"),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1, id="old"
        ),
        pytest.param(
            {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
            CORES,
            id="old-no",
        ),
    ],
)
def test_cores_are_those_that_may_be_used(files, count, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert threads.core_count(tmp_path) == count


@pytest.mark.parametrize(
    ("said", "count"),
    [("3", 3), ("2,4", 2), (" 1 ", 1), ("", None), ("0", None), ("-1", None), ("many", None)],
)
def test_a_number_that_was_said_counts(said, count):
    wanted = threads.core_count() if count is None else count
    assert threads.thread_count({"OMP_NUM_THREADS": said}) == wanted


def in_a_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_", "KMP_"))}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, env={**kept, **environment},
        capture_output=True, text=True, check=True,
    )  # fmt: skip


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNU's OpenMP")
def test_threads_sleep_while_they_wait_and_children_are_left_alone():
    ran = in_a_process(
        """
        import os
        from scenes.threads import load_torch
        torch = load_torch()
        assert not [name for name in os.environ if name.startswith(("OMP_W", "GOMP_", "KMP_"))]
        torch.set_num_threads(2)
        assert load_torch() is torch and torch.get_num_threads() == 2
        """,
        OMP_DISPLAY_ENV="TRUE",
    )
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in ran.stderr


def test_what_was_said_of_waiting_stays():
    ran = in_a_process(
        """
        from scenes.threads import load_torch
        print(load_torch().get_num_threads())
        """,
        OMP_DISPLAY_ENV="TRUE", OMP_WAIT_POLICY="ACTIVE", OMP_NUM_THREADS="3",
    )  # fmt: skip
    assert ran.stdout == "3\n"
    assert "PASSIVE" not in ran.stderr


def test_sessions_of_onnx_do_not_spin(monkeypatch):
    onnxruntime = pytest.importorskip("onnxruntime")
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    options = threads.onnx_options(onnxruntime.SessionOptions())
    assert options.intra_op_num_threads == 5
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
