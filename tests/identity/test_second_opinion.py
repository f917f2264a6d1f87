"""What the bundled detector says of the boxes of another one, and what is made of it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from identity.appearance.cues.seconded import opinion_on
from identity.appearance.looks import Looks, LooksReader
from identity.evidence.learnt import learnt_evidence
from identity.evidence.someone import FEATURES_OF_OTHERS, someone_features, someone_log_odds
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings, LooksSettings
from identity.tracks.segments import make_segment
from scenes.frames import FrameBatch
from scenes.shots import shots_from_cuts
from tests.identity.people import FPS, calibration, looks, tracklet
from tracker.detections import Detections

LEFT, RIGHT, BETWEEN = (0, 0, 20, 60), (60, 0, 80, 60), (12, 0, 32, 60)


def found(*rows):
    """Return boxes, each as (frame, box, score)."""
    frame, xyxy, score = zip(*rows, strict=True) if rows else ((), (), ())
    table = np.array(xyxy, np.float32).reshape(-1, 4)
    kinds = np.zeros(len(rows), np.int32)
    return Detections(np.array(frame, np.int64), table, np.array(score, np.float32), kinds)


@pytest.mark.parametrize(
    ("second", "frames", "told"),
    [
        pytest.param([(0, LEFT, 0.6), (0, RIGHT, 0.3)], {0}, {0: 0.6, 1: 0.3}, id="both"),
        pytest.param([(0, RIGHT, 0.3)], {0}, {0: 0.0, 1: 0.3}, id="one of two"),
        pytest.param([(0, BETWEEN, 0.9)], {0}, {0: 0.0, 1: 0.0}, id="somewhere else"),
        pytest.param([(0, LEFT, 0.2), (0, LEFT, 0.7)], {0}, {0: 0.7, 1: 0.0}, id="the surer"),
        pytest.param([(1, LEFT, 0.6)], {0, 1}, {0: 0.0, 1: 0.0, 2: 0.6}, id="in its own picture"),
        pytest.param([], {0, 1}, {0: 0.0, 1: 0.0, 2: 0.0}, id="it finds nobody"),
        pytest.param([(0, LEFT, 0.6)], set(), {}, id="not asked"),
    ],
)
def test_an_opinion_is_the_score_of_the_same_box(second, frames, told):
    first = found((0, LEFT, 0.9), (0, RIGHT, 0.9), (1, LEFT, 0.9))
    rows, values = opinion_on(first, found(*second), frames)
    assert values.shape == (len(told), 1)
    assert dict(zip(rows.tolist(), values[:, 0].tolist(), strict=True)) == pytest.approx(told)


def test_nobody_is_asked_about_nobody():
    rows, values = opinion_on(found(), found((0, LEFT, 0.6)), {0})
    assert (rows.shape, values.shape) == ((0,), (0, 1))


class Second:
    """A detector that is as sure of one box everywhere."""

    name, sha256, heads_from, passing_classes = "second", None, None, frozenset[int]()

    def __init__(self):
        self.asked: list[int] = []

    def detect(self, batch):
        self.asked += batch.index.tolist()
        return found(*((frame, LEFT, 0.4) for frame in batch.index.tolist()))


@pytest.mark.parametrize(
    ("fps", "frames", "asked"),
    [
        pytest.param(8.0, range(8), [0, 4], id="twice a second"),
        pytest.param(1.0, range(3), [0, 1, 2], id="no more pictures than there are"),
        pytest.param(8.0, range(1, 4), [], id="none of these"),
        pytest.param(8.0, (), [], id="nobody is there"),
    ],
)
def test_it_is_asked_now_and_then_and_only_where_somebody_is(fps, frames, asked):
    second = Second()
    reader = LooksReader(None, LooksSettings(), fps=fps, second=second)
    times = tuple(Fraction(k) for k in range(9))
    batch = FrameBatch(np.arange(9), times, np.zeros((9, 90, 120, 3), np.uint8))
    told = reader.read(batch, found(*((frame, LEFT, 0.9) for frame in frames)))
    assert second.asked == asked
    rows = told.told("seconded").tolist()
    assert [list(frames)[row] for row in rows] == asked
    values = told.vectors["seconded"][rows, 0]
    assert values == pytest.approx([0.4] * len(rows), abs=1e-3)


def test_without_a_second_detector_nothing_is_told():
    reader = LooksReader(None, LooksSettings(), fps=8.0)
    batch = FrameBatch(np.arange(1), (Fraction(0),), np.zeros((1, 90, 120, 3), np.uint8))
    told = reader.read(batch, found((0, LEFT, 0.9)))
    assert "seconded" not in told.vectors
    assert told.told("seconded").tolist() == []


def segment(opinions, *, usable=True, score=0.9):
    """Return a segment of ten boxes with opinions of some rows."""
    frames = list(range(10))
    seen = looks(frames, ["A"] * 10)
    column = np.full((10, 1), np.nan, np.float16)
    for row, opinion in opinions.items():
        column[row] = opinion
    own = Looks({**seen.vectors, "seconded": column}, seen.covered, np.full(10, usable))
    return make_segment(tracklet(0, frames, score=score), own, 0, 8)


@pytest.mark.parametrize(
    ("opinions", "usable", "expect"),
    [
        pytest.param({0: 0.25, 3: 0.75, 7: 1.0}, True, 0.75, id="the median"),
        pytest.param({0: 0.25, 9: 1.0}, True, 0.25, id="of its own rows"),
        pytest.param({0: 0.25}, False, 0.25, id="of boxes that are too small to judge as well"),
        pytest.param({}, True, np.nan, id="none"),
        pytest.param({9: 1.0}, True, np.nan, id="none of its own"),
    ],
)
def test_a_segment_has_the_median_of_opinions(opinions, usable, expect):
    one = segment(opinions, usable=usable)
    assert one.seconded == pytest.approx(expect, nan_ok=True)
    assert "seconded" not in one.means  # it is nobody's look
    assert someone_features([one])["seconded"] == pytest.approx([expect - 0.5], nan_ok=True)


def test_whom_the_second_detector_doubts_is_less_likely_somebody():
    model = learnt_evidence().someone_of_others
    assert set(model.weights) == set(FEATURES_OF_OTHERS)
    doubted, unknown, sure = (
        float(someone_log_odds([segment(opinions)], model)[0])
        for opinions in ({0: 0.1}, {}, {0: 0.9})
    )
    assert doubted < unknown < sure
    assert someone_log_odds([], model).tolist() == []
    weighs = learnt_evidence().someone
    same = [someone_log_odds([segment(opinions)], weighs)[0] for opinions in ({0: 0.1}, {0: 0.9})]
    assert same[0] == same[1]


@pytest.mark.parametrize("weighed", [True, False])
def test_what_makes_a_character_is_asked_of_the_detector_at_hand(weighed):
    frames = list(range(24))
    judgement = judge_looks(
        [tracklet(0, frames)],
        [looks(frames, ["A"] * 24)],
        shots_from_cuts([], frame_count=24),
        np.ones((1, 1), np.float32),
        calibration(),
        ClusteringSettings(),
        FindingSettings(),
        fps=FPS,
        weighed_boxes=weighed,
    )
    learnt = learnt_evidence()
    model = learnt.someone if weighed else learnt.someone_of_others
    expect = someone_log_odds(judgement.segments, model, fps=FPS)
    assert judgement.cast.someone.tolist() == expect.tolist()
