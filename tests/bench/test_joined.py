"""Joined files on paper: strangers who are linked, and bodies that lose their character."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bench.joined import Judged, Score, joined, score_same, score_unrelated, table
from castcheck.config import Config
from castcheck.observe import Observations
from identity.findings import Finding
from scenes.frames import VideoInfo
from scenes.shots import shots_from_cuts
from tests.identity.people import FPS, KNOWN, SIZE_PX, looks, tracklet

LENGTH = 48


def scene(*people, size_px=SIZE_PX):
    """Return a scene of one shot in which some stand side by side, by what they wear."""
    frames = list(range(LENGTH))
    rng = np.random.default_rng(sum(map(ord, "".join(people))))
    return Observations(
        VideoInfo(Path("a.mp4"), size_px[0], size_px[1], Fraction(24), LENGTH, "h264"),
        tuple(Fraction(k, 24) for k in frames),
        Fraction(LENGTH, 24),
        shots_from_cuts([], frame_count=LENGTH),
        tuple(tracklet(k, frames, at=(60 + 180 * k, 60)) for k in range(len(people))),
        tuple(looks(frames, [name] * LENGTH, seed=k) for k, name in enumerate(people)),
        rng.integers(0, 255, (1, 2, 54, 96, 3), np.uint8),
        np.full((LENGTH, 3), np.nan, np.float32),
    )


@pytest.mark.parametrize(
    ("scenes", "linked", "pairs", "right"),
    [
        pytest.param([scene("A", "B")], 0, 0, True, id="one scene alone"),
        pytest.param([scene("A", "B"), scene("C", "D")], 0, 4, True, id="strangers"),
        pytest.param([scene("A"), scene("A")], 1, 1, True, id="strangers who look like one"),
        pytest.param(
            [scene("A", "B"), scene("A", "B"), scene("A", "B")], 6, 12, False, id="all linked"
        ),
    ],
)
def test_strangers_who_are_linked_are_counted(scenes, linked, pairs, right):
    score = score_unrelated("x", scenes, Config(), KNOWN)
    assert (score.linked, score.pairs, score.count_right) == (linked, pairs, right)
    assert score.majors == ()


def test_joined_scenes_follow_each_other_in_one_size():
    large = tuple(2 * side for side in SIZE_PX)
    whole = joined([scene("A"), scene("B", "C", size_px=large)])
    assert [(s.start_frame, s.stop_frame) for s in whole.shots] == [(0, 48), (48, 96)]
    assert [t.tracklet_id for t in whole.tracklets] == [0, 1, 2]
    assert [t.shot_index for t in whole.tracklets] == [0, 1, 1]
    assert whole.tracklets[1].frame[0] == LENGTH
    assert whole.tracklets[1].xyxy[0].tolist() == [30, 30, 60, 110]  # half as large
    assert whole.frame_times_s[LENGTH] == 2
    assert whole.fps == FPS


def said(characters, *, nearer=False, majors=()):
    """Return two bodies, each in two tracklets of which the later may be seen nearer."""
    tracklets = []
    for k in range(2):
        for half in range(2):
            one = tracklet(
                2 * k + half, list(range(24 * half, 24 * half + 24)), at=(60 + 200 * k, 60)
            )
            if half and nearer:
                moved = ((one.xyxy - np.array([32, 18] * 2)) / 0.8).astype(np.float32)
                one = type(one)(one.tracklet_id, 0, one.frame, moved, one.score)
            tracklets.append(one)
    told = tuple(
        Finding(kind, "major", 0.9, ("char-01",), (0,), (0,), 20, 21, "") for kind in majors
    )
    own = tuple(frozenset(k for k in (c,) if k >= 0) for c in characters)
    return Judged(tuple(tracklets), own, len({c for c in characters if c >= 0}), told)


def whole_clip():
    bodies = tuple(tracklet(k, list(range(LENGTH)), at=(60 + 200 * k, 60)) for k in range(2))
    return Judged(bodies, (frozenset({0}), frozenset({1})), 2, ())


@pytest.mark.parametrize(
    ("characters", "majors", "kept", "both", "right"),
    [
        pytest.param((0, 0, 1, 1), (), 2, 2, True, id="everybody stays"),
        pytest.param((0, 0, 1, 2), (), 1, 2, True, id="one becomes another"),
        pytest.param((0, 1, 1, 0), ("swap",), 0, 2, True, id="exchanged, and told"),
        pytest.param((0, 2, 1, 3), (), 0, 2, False, id="all new"),
        pytest.param((0, 0, 1, -1), (), 1, 1, True, id="one is nobody of the cast"),
    ],
)
def test_who_is_the_same_in_both_halves(characters, majors, kept, both, right):
    halves = said(characters, nearer=True, majors=majors)
    score = score_same("x", whole_clip(), halves, 24, (32.0, 18.0, 544.0, 306.0), SIZE_PX)
    assert (score.kept, score.both, score.count_right) == (kept, both, right)
    assert score.majors == majors


def test_a_body_elsewhere_is_not_the_same_body():
    halves = said((0, 0, 1, 1), nearer=True)
    score = score_same("x", whole_clip(), halves, 24, (0.0, 0.0, 640.0, 360.0), SIZE_PX)
    assert score.both == 0


def test_the_table_keeps_strangers_and_the_same_apart():
    rows = [
        Score("a", related=False, characters=5, alone=3, majors=(), linked=1, pairs=4),
        Score("b", related=True, characters=2, alone=2, majors=("swap",), kept=3, both=4),
    ]
    text = table(rows)
    assert "| two of different scenes are one | 4 | 1 (25.0%) |" in text
    assert "| unrelated scenes: count right within one | 1 | 0 (0.0%) |" in text
    assert "| in both halves and the same | 4 | 3 (75.0%) |" in text
    assert "| halves: files with a major finding | 1 | 1 (100.0%) |" in text
    assert "| 0 | 0 (0.0%) |" in table([])
