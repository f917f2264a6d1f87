"""What is freed among things that stay goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest

from castcheck.support import memory
from castcheck.support.memory import trim_heap

KIB_PER_MIB = 1024


def held_mib() -> float:
    line = next(
        row for row in Path("/proc/self/status").read_text().splitlines() if "RssAnon" in row
    )
    return int(line.split()[1]) / KIB_PER_MIB


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_gaps_between_what_stays_are_given_back() -> None:
    # 64 KiB each: the library takes them from the same ground as small things.
    pieces = [np.ones(65536, np.uint8) for _ in range(4000)]
    kept = pieces[::8]
    full = held_mib()
    del pieces
    assert trim_heap()
    assert full - held_mib() > 150
    assert sum(int(piece[0]) for piece in kept) == len(kept)


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_trim", lambda: None)
    assert not trim_heap()
