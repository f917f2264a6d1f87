"""What is left of the answers of a detector: as the engine's suppression of overlapping boxes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.device_pixels import brought_back
from tracker.engine import engine_kept_quiet, import_nms
from tracker.graph_network import MAX_BOXES, strongest


def rows(*anchors: tuple[float, ...]) -> np.ndarray:
    return np.array(anchors, np.float32).reshape(len(anchors), -1)


A = (10, 10, 10, 10, 0.9, 0.0)
A_SHIFTED = (12, 10, 10, 10, 0.8, 0.0)  # overlaps A by two thirds
A_OTHER = (11, 10, 10, 10, 0.1, 0.7)
FAR = (50, 50, 10, 10, 0.5, 0.1)


@pytest.mark.parametrize(
    ("anchors", "classes", "scores"),
    [
        pytest.param(np.zeros((0, 6), np.float32), [0, 1], [], id="none"),
        pytest.param(rows(A), [0, 1], [0.9], id="one"),
        pytest.param(rows(A_SHIFTED, A), [0, 1], [0.9], id="two on top of each other"),
        pytest.param(rows(FAR, A), [0, 1], [0.9, 0.5], id="two apart, the surer first"),
        pytest.param(rows(A, A_OTHER), [0, 1], [0.9], id="two classes of one group"),
        pytest.param(rows(A, A_OTHER), [1], [0.7], id="surer, but of another group"),
        pytest.param(rows(A_OTHER), [0], [], id="surer to be of another class"),
        pytest.param(rows((10, 10, 10, 10, 0.25, 0)), [0], [], id="just as sure as the least"),
    ],
)
def test_who_is_left(anchors, classes, scores):
    left = strongest(anchors, classes, min_score=0.25, max_iou=0.5)
    assert left.shape == (len(scores), 6)
    assert left.dtype == np.float32
    assert left[:, 4].tolist() == pytest.approx(scores)


def test_no_more_than_so_many():
    anchors = np.array([[20 * i, 5, 10, 10, 0.9 - i * 1e-4] for i in range(MAX_BOXES + 5)])
    left = strongest(anchors.astype(np.float32), [0], min_score=0.1, max_iou=0.5)
    assert len(left) == MAX_BOXES
    assert left[-1, 4] > 0.8


with engine_kept_quiet():
    ENGINE = import_nms()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 60))
def test_the_same_as_the_engine(seed, count):
    rng = np.random.default_rng(seed)
    middle, size = rng.uniform(0, 100, (count, 2)), rng.uniform(5, 60, (count, 2))
    anchors = np.hstack([middle, size, rng.uniform(0, 1, (count, 3))]).astype(np.float32)
    wanted = brought_back(
        ENGINE(torch.from_numpy(anchors.T.copy())[None], 0.3, 0.5, classes=[0, 2], agnostic=True,
               max_det=MAX_BOXES, nc=3, max_time_img=1e6)
    )[0]  # fmt: skip
    left = strongest(anchors, [0, 2], min_score=0.3, max_iou=0.5)
    assert left == pytest.approx(wanted[:, :6], abs=1e-4)
