"""What is made of a clip before anything is judged: shots without seams."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from castcheck.config import Config
from castcheck.models.load import Models
from castcheck.observe import Observer
from scenes.frames import FrameBatch, VideoInfo
from scenes.shots import Cut
from tracker.replay import ReplayDetector

WIDTH, HEIGHT, FRAMES, AT = 320, 180, 24, 12
SOMEBODY = (140, 40, 200, 176)


class SaysCut:
    """A splitter that takes one picture for the first of a new shot."""

    lookback_frames = FRAMES

    def push(self, batch):
        return []

    def finish(self):
        return [Cut(AT)]


@pytest.mark.parametrize(
    ("other_set", "shots"),
    [
        pytest.param(False, [(0, FRAMES)], id="somebody appears: one shot"),
        pytest.param(True, [(0, AT), (AT, FRAMES)], id="so does another set: two shots"),
    ],
)
def test_a_cut_at_which_people_alone_change_is_none(other_set, shots, tmp_path):
    sets = np.random.default_rng(1).integers(60, 200, (2, 18, 32, 1), np.uint8)
    rgb = sets[[int(other_set and f >= AT) for f in range(FRAMES)]]
    rgb = rgb.repeat(10, axis=1).repeat(10, axis=2).repeat(3, axis=3)
    x1, y1, x2, y2 = SOMEBODY
    rgb[AT:, y1:y2, x1:x2] = 240
    boxes = tmp_path / "boxes.txt"
    boxes.write_text(
        "".join(f"{f + 1},-1,{x1},{y1},{x2 - x1},{y2 - y1},0.9\n" for f in range(AT, FRAMES))
    )
    detector, config = ReplayDetector(boxes), Config()
    observer = Observer(detector, Models(detector, None), config, fps=24)
    observer._splitter = SaysCut()  # type: ignore[assignment]
    times = tuple(Fraction(f, 24) for f in range(FRAMES))
    observer.push(FrameBatch(np.arange(FRAMES), times, rgb))
    info = VideoInfo(Path("drawn.mp4"), WIDTH, HEIGHT, Fraction(24), FRAMES, "h264")
    seen = observer.finish(info, config, end_s=Fraction(1), degradations=())
    assert [(s.start_frame, s.stop_frame) for s in seen.shots] == shots
    assert [t.shot_index for t in seen.tracklets] == [len(shots) - 1]
