"""The boxes of a report against labelled pictures."""

from __future__ import annotations

import numpy as np
import pytest

from bench.labelled import Labelled
from bench.tracked import box_figures, tracked_in
from castcheck.facts.parts import SegmentFacts, TrackletFacts
from castcheck.facts.report import Report
from tests.castcheck.support import empty_report

ONE, TWO, NOBODY = (0.0, 0.0, 20.0, 40.0), (60.0, 0.0, 80.0, 40.0), (120.0, 0.0, 140.0, 40.0)


def report(*tracks):
    """Tracklets of frames 3 and 4: box, scores, and the character they belong to."""
    tracklets = tuple(
        TrackletFacts(k, 0, (3, 4), (box, box), scores, (SegmentFacts(3, 5, who),))
        for k, (box, scores, who) in enumerate(tracks)
    )
    return Report(clip=empty_report().clip, verdict="pass", tracklets=tracklets)


def labelled(*people, frame=3, missed=0):
    table = np.array(people, np.float32).reshape(-1, 4)
    nothing = np.zeros((0, 0, 3), np.uint8)
    return Labelled("x_01", frame, nothing, table, np.zeros((0, 4), np.float32), missed)


def test_a_box_is_as_sure_as_its_tracklet():
    got = tracked_in(
        report((ONE, (0.9, 0.1), "char-01"), (TWO, (0.6, 0.6), None)), labelled(ONE, TWO)
    )
    assert got.score.tolist() == pytest.approx([0.6, 0.5])
    assert got.xyxy.tolist() == [list(TWO), list(ONE)]
    assert got.in_cast.tolist() == [False, True]


@pytest.mark.parametrize(
    ("tracks", "picture", "recall", "cast"),
    [
        pytest.param([], labelled(ONE), 0.0, (0.0, 0.0), id="nobody is followed"),
        pytest.param(
            [(ONE, (0.9, 0.9), "char-01")], labelled(ONE, frame=9), 0.0, (0.0, 0.0), id="not then"
        ),
        pytest.param(
            [(ONE, (0.9, 0.9), "char-01"), (TWO, (0.5, 0.5), None)], labelled(ONE, TWO),
            1.0, (1.0, 0.5), id="one of two makes no character",
        ),
        pytest.param(
            [(ONE, (0.9, 0.9), "char-01"), (NOBODY, (0.5, 0.5), "char-02")],
            labelled(ONE, missed=1),
            0.5, (0.5, 0.5), id="a lamp is a character, and somebody has no box",
        ),
    ],
)  # fmt: skip
def test_figures_of_what_is_followed(tracks, picture, recall, cast):
    row = box_figures([tracked_in(report(*tracks), picture)])
    assert row["box_recall_at_p90"] == recall
    assert (row["cast_box_precision"], row["cast_box_recall"]) == cast
