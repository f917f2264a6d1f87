"""What words for clothes go by: where the chest is, and that nothing is judged by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from identity.appearance.colour import colour_histogram
from identity.appearance.cues import chest
from identity.appearance.cues.crops import Crops
from identity.appearance.embedder import CrossCues
from identity.evidence.samples import COMPARED
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from identity.tracks.segments import make_segment
from scenes.shots import shots_from_cuts
from tests.identity.people import FPS, calibration, colour_of, looks, tracklet
from tracker.detections import Detections

SEEN, GONE = 0.9, 0.1


@pytest.mark.parametrize(
    ("head", "edges"),
    [
        pytest.param((0.3, 0.0, 0.7, 0.2), (26, 15, 42, 35), id="below it, as wide"),
        pytest.param((-0.2, 0.0, 0.4, 0.2), (26, 0, 42, 20), id="not beside the crop"),
        pytest.param((0.3, 0.4, 0.7, 0.8), (92, 15, 100, 35), id="cut below"),
        pytest.param((0.3, 0.9, 0.7, 1.4), (99, 15, 100, 35), id="never nothing"),
    ],
)
def test_where_the_chest_lies(head, edges):
    size = np.array([[100.0, 50.0]])
    found = np.stack(chest.chest_edges(size, np.array([head])), axis=1)
    assert found.tolist() == [list(edges)]


def crops_of(*, upper=SEEN, head=SEEN, head_box=(0.3, 0.0, 0.7, 0.2)):
    """Return one crop, a blue wall with somebody in red before it."""
    picture = np.full((100, 50, 3), (50, 90, 190), np.uint8)
    picture[20:60, 14:36] = (200, 35, 40)
    told = CrossCues(
        np.zeros((1, 2), np.float32),
        np.zeros((1, 3, 2), np.float32),
        np.array([[head, upper, GONE]], np.float32),
        np.array([head_box], np.float32),
        np.zeros(1, np.float32),
    )
    found = Detections(
        np.zeros(1, np.int64), np.array([[0, 0, 50, 100]], np.float32), np.ones(1, np.float32),
        np.zeros(1, np.int32),
    )  # fmt: skip
    return Crops(found, {0: picture}, [0], 200, 200, told.body, told)


@pytest.mark.parametrize(
    ("crops", "rows"),
    [
        pytest.param(crops_of(), [0], id="seen"),
        pytest.param(crops_of(upper=GONE), [], id="a face alone"),
        pytest.param(crops_of(head=GONE), [], id="no head to measure by"),
        pytest.param(crops_of(head_box=(0.1, 0.1, 0.9, 0.7)), [], id="a collar"),
    ],
)
def test_the_chest_is_measured_where_it_is_seen_and_without_the_wall(crops, rows):
    found, vectors = chest.measure(crops, "chest")
    assert found.tolist() == rows
    assert vectors.shape == (len(rows), 486)
    red = colour_histogram(np.full((4, 4, 3), (200, 35, 40), np.uint8))
    assert all(float(row @ red) > 0.99 for row in vectors)


def wearing(seen, who):
    """Return looks with a chest in every row that shows a body."""
    rows = np.full_like(seen.vectors["upper"], np.nan)
    rows[seen.seen("body")] = colour_of(who)
    return replace(seen, vectors={**seen.vectors, "chest": rows})


@pytest.mark.parametrize(
    ("faces", "share"), [pytest.param(None, 0.0, id="no face"), pytest.param("A", 1.0, id="a face")]
)
def test_a_segment_keeps_clothes_apart_from_looks(faces, share):
    frames = list(range(12))
    plain = looks(frames, ["A"] * 12, face=faces and [faces] * 12)
    own = tracklet(0, frames)
    assert make_segment(own, plain, 0, 12).clothes is None
    segment = make_segment(own, wearing(plain, "B"), 3, 12)
    assert "chest" not in segment.means
    assert segment.clothes is not None
    assert (segment.clothes.samples, segment.clothes.face_share) == (3, share)
    assert segment.clothes.colours == pytest.approx(colour_of("B"), abs=1e-3)


def test_nothing_is_judged_by_clothes():
    frames = list(range(48))
    people = [tracklet(0, frames), tracklet(1, frames, at=(400, 60))]
    plain = [looks(frames, ["A"] * 24 + ["B"] * 24), looks(frames, ["B"] * 24 + ["A"] * 24, seed=1)]
    dressed = [wearing(seen, who) for seen, who in zip(plain, "CD", strict=True)]
    shots = shots_from_cuts([], frame_count=48)

    def judged(seen):
        return judge_looks(
            people, seen, shots, np.ones((1, 1), np.float32), calibration(), ClusteringSettings(),
            FindingSettings(), fps=FPS,
        )  # fmt: skip

    one, two = judged(plain), judged(dressed)
    assert "chest" not in COMPARED
    assert [s.clothes is None for s in two.segments] == [False] * len(two.segments)
    assert one.cast.labels.tolist() == two.cast.labels.tolist()
    assert one.explained
    assert [repr(e) for e in one.explained] == [repr(e) for e in two.explained]
    assert one.consistency == two.consistency
