"""The same on a GPU as on the CPU; what runs there in half precision, to the third digit.

`bench/gpu.sh` runs these first. Without a GPU they are skipped, and nothing is known.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from castcheck.config import Config
from castcheck.models.load import load_models
from identity.appearance.looks import LooksReader
from identity.settings import LooksSettings
from scenes.source import open_source
from scenes.upload import moved_there, uploaded
from tests.tracker.worlds import batch_of
from tracker.boxes import iou
from tracker.device_pixels import letterboxed
from tracker.letterbox import Letterbox

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here"),
]
SAMPLE = Path("sample_videos/street_clean.mp4")


@pytest.fixture(scope="module")
def pictures():
    with open_source(SAMPLE) as source:
        return next(iter(source.batches(8))).rgb


def models(device, *, half):
    run = {"detector": "bundled", "embedder": "bundled", "device": device, "half": half}
    return load_models(Config.from_dict({"run": run}))


def test_a_letterbox(pictures):
    letterbox = Letterbox.fit(pictures.shape[2], pictures.shape[1], longer_px=448)
    here = letterboxed(uploaded(pictures, "cpu"), letterbox)
    there = letterboxed(uploaded(pictures, "cuda"), letterbox).cpu()
    assert (here - there).abs().max() <= 1


@pytest.mark.parametrize("half", [False, True])
def test_boxes(pictures, half):
    found = [
        models(device, half=half).detector_for(SAMPLE).detect(batch_of(pictures))
        for device in ("cpu", "cuda")
    ]
    for frame in range(len(pictures)):
        here, there = (f.take(np.flatnonzero((f.frame == frame) & (f.score >= 0.4))) for f in found)
        assert len(here)
        overlap = iou(here.xyxy, found[1].xyxy[found[1].frame == frame])
        assert (overlap.max(axis=1) >= 0.95).all()
        assert abs(len(here) - len(there)) <= 1  # one may stand at the threshold


@pytest.mark.parametrize("half", [False, True])
def test_looks_and_colours(pictures, half):
    """Of pictures that are uploaded, cut out and read there, as in a check."""
    here, there = (models(device, half=half) for device in ("cpu", "cuda"))
    batch = batch_of(pictures)
    (moved,) = moved_there([batch], "cuda", small_px=((48, 27),))
    found = here.detector_for(SAMPLE).detect(batch)
    settings = LooksSettings()
    one = LooksReader(here.embedder, settings, fps=24, faces=here.faces).read(batch, found)
    two = LooksReader(there.embedder, settings, fps=24, faces=there.faces).read(moved, found)
    for cue, rows in one.vectors.items():
        seen = ~np.isnan(rows[:, 0])
        assert seen.any(), cue
        assert (seen == ~np.isnan(two.vectors[cue][:, 0])).all() or (
            half and cue in ("hair", "face")
        )
        both = seen & ~np.isnan(two.vectors[cue][:, 0])
        a, b = (v.vectors[cue][both].astype(np.float32) for v in (one, two))
        assert ((a * b).sum(axis=1) >= 0.995 * (a * a).sum(axis=1)).all(), cue
    for row in range(len(batch)):
        wanted, small = (b.small(row, (48, 27)).astype(int) for b in (batch, moved))
        assert np.abs(wanted - small).max() <= 1
