"""What the benches read of a clip and its truth."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bench.detector import measure
from bench.labelled import real_pictures, studio_pictures
from tests.castcheck.support import write_clip
from tracker.detections import Detections


class Perfect:
    """Says the one box that is there."""

    def detect(self, batch):
        return Detections(
            batch.index,
            np.array([[4, 4, 24, 44]], np.float32),
            np.ones(1, np.float32),
            np.zeros(1, np.int32),
        )


def studio(folder, boxes, visible):
    write_clip(folder / "a_clean.mp4", frames=len(boxes))
    track = {"frames": list(range(len(boxes))), "boxes": boxes, "visible": visible}
    truth = {"frames": len(boxes), "people": [{"person": "ida", "tracks": [track]}]}
    (folder / "a_clean.truth.json").write_text(json.dumps(truth))
    return list(studio_pictures(folder, step_frames=2, limit=9))


@pytest.mark.parametrize(
    ("box", "visible", "people", "ignored"),
    [
        pytest.param([4, 4, 24, 44], 1.0, 1, 0, id="in view"),
        pytest.param([4, 4, 24, 44], 0.1, 0, 1, id="hidden"),
        pytest.param([4, 4, 24, 14], 1.0, 0, 1, id="tiny"),
        pytest.param(None, 0.0, 0, 0, id="gone"),
    ],
)
def test_rendered_clips(box, visible, people, ignored, tmp_path):
    pictures = studio(tmp_path, [box] * 4, [visible] * 4)
    assert [p.frame for p in pictures] == [0, 2]
    assert {(len(p.boxes), len(p.ignored)) for p in pictures} == {(people, ignored)}


def test_a_detector_that_is_right_gets_full_marks(tmp_path):
    detector: Any = Perfect()
    row = measure(detector, studio(tmp_path, [[4, 4, 24, 44]] * 4, [1.0] * 4))
    assert (row["f1"], row["recall_at_p90"], row["people"]) == (1.0, 1.0, 2)


def test_labelled_clips(tmp_path):
    (tmp_path / "clips").mkdir()
    write_clip(tmp_path / "clips" / "x_01.mp4", frames=6)
    boxes = [
        {"frame": 1, "box": [4, 4, 24, 44], "who": "A", "view": "full"},
        {"frame": 4, "box": [4, 4, 24, 44], "who": "A", "view": "half"},
        {"frame": 4, "box": [30, 4, 40, 44], "who": "-", "view": "-"},
    ]
    label = {"cuts": [3], "boxes": boxes, "missed": [{"frame": 4, "who": "B"}]}
    (tmp_path / "labels.json").write_text(json.dumps({"x_01": label}))
    one, two = real_pictures(tmp_path)
    assert (one.frame, len(one.boxes), len(one.ignored), one.missed) == (1, 1, 0, 0)
    assert (two.frame, len(two.boxes), len(two.ignored), two.missed) == (4, 1, 1, 1)
    assert [one.facts[0]["shot"], two.facts[0]["shot"]] == [0, 1]


@pytest.mark.parametrize(
    ("who", "second", "people"),
    [
        pytest.param("A", [4, 4, 24, 45], 1, id="the same box of the same character"),
        pytest.param("B", [4, 4, 24, 45], 2, id="of another"),
        pytest.param("A", [4, 4, 24, 24], 2, id="of a part of him"),
    ],
)
def test_nobody_is_there_twice(who, second, people, tmp_path):
    boxes = [
        {"frame": 1, "box": [4, 4, 24, 44], "who": "A", "view": "full"},
        {"frame": 1, "box": second, "who": who, "view": "full"},
    ]
    (tmp_path / "labels.json").write_text(json.dumps({"x_01": {"cuts": [], "boxes": boxes}}))
    (one,) = real_pictures(tmp_path, pixels=False)
    assert (len(one.boxes), len(one.facts), one.rgb.size) == (people, people, 0)
