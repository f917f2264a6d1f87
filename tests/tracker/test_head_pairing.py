"""Heads of another network, for detectors of people that know none."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from tests.tracker.worlds import batch_of, noise
from tracker.detections import Detections
from tracker.head_pairing import HeadPairedDetector, needs_heads
from tracker.yolo import YoloDetector

PAIR = [20, 10, 140, 90]
LEFT, RIGHT = [40, 12, 60, 36], [100, 12, 120, 36]


class Scripted:
    """Finds the same boxes in every picture, and remembers which pictures it was shown."""

    name, sha256, batch_size = "scripted.pt", "0" * 64, 8
    class_names, passing_classes = {0: "person", 15: "cat"}, frozenset({15})

    def __init__(self, rows, class_id=0):
        self.rows, self.class_id, self.shown = np.array(rows, np.float32), class_id, []

    def detect(self, batch):
        self.shown += batch.index.tolist()
        table = self.rows.reshape(-1, 5)
        return Detections.concat(
            [
                Detections(
                    np.full(len(table), frame, np.int64), table[:, :4], table[:, 4],
                    np.full(len(table), self.class_id, np.int32),
                )
                for frame in batch.index
            ]
        )  # fmt: skip


@pytest.mark.parametrize(
    ("people", "heads", "asked", "boxes_each"),
    [
        # One box around two people who touch.
        ([[*PAIR, 0.8]], [[*LEFT, 0.9], [*RIGHT, 0.9]], True, 2),
        ([[*PAIR, 0.8]], [], True, 1),
        # Somebody without a box.
        ([], [[*LEFT, 0.9]], True, 1),
        ([], [], True, 0),
        # Small people apart are left as they are, whatever heads there would be.
        ([[5, 5, 15, 35, 0.8], [100, 5, 110, 35, 0.8]], [[60, 50, 90, 80, 0.9]], False, 2),
        # A doubtful head says nothing.
        ([[*PAIR, 0.8]], [[*LEFT, 0.3], [*RIGHT, 0.3]], True, 1),
    ],
)
def test_bodies_are_matched_with_the_heads_of_another(people, heads, asked, boxes_each):
    one, two = Scripted(people), Scripted(heads, 2)
    found = paired(one, two).detect(batch_of(noise(3)))
    assert two.shown == ([0, 1, 2] if asked else [])
    assert np.bincount(found.frame, minlength=3).tolist() == [boxes_each] * 3
    assert set(found.class_id.tolist()) <= {0}


def paired(people: object, heads: object) -> HeadPairedDetector:
    return HeadPairedDetector(cast("YoloDetector", people), cast("YoloDetector", heads))


def test_no_pictures_no_boxes():
    pair = paired(Scripted([[*PAIR, 0.8]]), Scripted([], 2))
    assert len(pair.detect(batch_of(noise(3)[:0]))) == 0


def test_it_is_called_what_the_detector_of_people_is_and_names_the_heads():
    pair = paired(Scripted([]), Scripted([], 2))
    assert (pair.name, pair.passing_classes) == ("scripted.pt", frozenset({15}))
    assert pair.heads_from == {"name": "scripted.pt", "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("boxes", "wanted"),
    [
        pytest.param([], True, id="nobody"),
        pytest.param([[0, 0, 10, 30]], False, id="one, small"),
        pytest.param([[0, 0, 60, 60]], True, id="one, large"),
        pytest.param([[0, 0, 60, 60], [70, 0, 80, 30]], False, id="apart"),
        pytest.param([[0, 0, 60, 60], [50, 0, 80, 60]], False, id="touching"),
        pytest.param([[0, 0, 60, 60], [10, 0, 70, 60]], True, id="doubles"),
        pytest.param([[0, 0, 60, 60], [40, 10, 62, 30]], True, id="a piece"),
        pytest.param([[40, 10, 62, 30], [0, 0, 60, 60]], False, id="a surer one in front"),
    ],
)
def test_heads_are_asked_for_where_they_may_change_something(boxes, wanted):
    table = np.array(boxes, np.float32).reshape(-1, 4)
    score = np.linspace(0.9, 0.5, len(table), dtype=np.float32)
    found = Detections(np.zeros(len(table), np.int64), table, score, np.zeros(len(table), np.int32))
    assert needs_heads(found, width_px=100, height_px=100) == wanted
