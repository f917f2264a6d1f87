"""torchvision without torch's compiler, and the compiler as ever for who wants it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def in_a_process(code: str, *paths: Path) -> str:
    path = os.pathsep.join(map(str, (*paths, ROOT)))
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_the_compiler_is_not_loaded_and_can_be():
    in_a_process("""
        import sys
        from tracker.lean_torchvision import import_torchvision
        torchvision = import_torchvision()
        assert not [n for n in sys.modules if n.startswith(("torch._dynamo", "sympy"))]
        assert import_torchvision() is torchvision
        import torch
        two = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 11], [50, 50, 60, 60]])
        assert torchvision.ops.nms(two, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist() == [0, 2]
        assert torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), [two[:1]], 2).shape == (1, 1, 2, 2)
        from torchvision.ops import roi_align
        own = sys.modules["torchvision.ops.roi_align"].is_compile_supported("cpu")
        import torch._dynamo.utils
        assert hasattr(torch._dynamo, "optimize")
        assert own == torch._dynamo.utils.is_compile_supported("cpu")
    """)


@pytest.mark.parametrize("wants", ["from torch._dynamo.utils import counters", "0"])
def test_a_release_that_wants_more_gets_it(wants, tmp_path):
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(f"{wants}\nloaded = True\n")
    told = in_a_process(
        """
        import sys
        from tracker.lean_torchvision import import_torchvision
        print(import_torchvision().loaded, "torch._dynamo" in sys.modules)
        """,
        tmp_path,
    )
    assert told.split() == ["True", str(wants != "0")]
