from __future__ import annotations

import numpy as np
import pytest

from identity.appearance.looks import Looks
from identity.cast.characters import build_cast, seen_together
from identity.evidence.learnt import learnt_evidence
from identity.evidence.someone import someone_features, someone_log_odds
from identity.settings import ClusteringSettings
from identity.tracks.segments import make_segment
from tests.identity.people import calibration, looks, tracklet
from tracker.tracklets import Tracklet

LONG = list(range(100))
COMES_AND_GOES = [0.9] * 70 + [0.2] * 30
SOMEBODY = {"frames": LONG}


@pytest.mark.parametrize(
    ("beside", "in_cast"),
    [
        pytest.param({"frames": LONG}, True, id="as long, as large, as sure"),
        pytest.param({"frames": LONG[:10]}, False, id="briefly"),
        pytest.param({"frames": LONG[:13]}, True, id="not quite as briefly"),
        pytest.param({"frames": LONG, "size": (20, 50)}, False, id="small"),
        pytest.param({"frames": LONG, "size": (20, 60)}, True, id="not quite as small"),
        pytest.param({"frames": LONG, "score": 0.2}, False, id="never sure"),
        pytest.param({"frames": LONG, "score": 0.56}, True, id="always a little sure"),
        pytest.param({"frames": LONG, "score": [0.1] * 85 + [0.9] * 15}, True, id="sure at times"),
        pytest.param({"frames": LONG, "score": [0.1] * 95 + [0.9] * 5}, False, id="sure by chance"),
    ],
)
def test_who_is_in_the_cast_and_who_is_background(beside, in_cast):
    segments = []
    for number, (name, facts) in enumerate((("A", SOMEBODY), ("B", beside))):
        own = tracklet(number, at=(60 + 150 * number, 60), **facts)
        frames = facts["frames"]
        seen = looks(frames, [name] * len(frames), seed=number)
        segments.append(make_segment(own, seen, 0, len(frames)))
    cast = build_cast(segments, np.ones((1, 1), np.float32), calibration(), ClusteringSettings())
    assert cast.labels.tolist() == [0, 1 if in_cast else -1]
    known = someone_log_odds(segments, learnt_evidence().someone) > 0
    assert cast.doubtful.tolist() == [False, not known[1]]


@pytest.mark.parametrize(
    ("late", "expect"),
    [
        pytest.param([], [0, 1], id="no second shot"),
        pytest.param([("B", 1, 0.9)], [0, 1, 1], id="sure, and so himself"),
        pytest.param([("B", 1, 0.3)], [0, 1, 1], id="doubtful, and the one he is like"),
        pytest.param([("C", 1, 0.9)], [0, 1, 2], id="sure, and a third one"),
        pytest.param([(("C", "B", 0.2), 1, 0.3)], [0, 1, -1], id="doubtful, and like neither"),
        pytest.param(
            [("A", 1, 0.3), ("B", 1, 0.3)], [0, 1, 0, 1], id="two at once, each his own"
        ),
        pytest.param(
            [("B", 1, 0.9), ("B", 1, 0.3)], [0, 1, 1, -1], id="not who is seen beside him"
        ),
        pytest.param(
            [("A", 1, 0.9), ("B", 1, 0.9), ("A", 1, 0.3)], [0, 1, 0, 1, -1], id="one too many"
        ),
        pytest.param(
            [("A", 1, 0.9), ("B", 1, 0.2), ("B", 1, 0.3)], [0, 1, 0, -1, 1],
            id="what is doubted least chooses first",
        ),
    ],
)  # fmt: skip
def test_what_the_detector_doubts_makes_no_character_but_can_be_one(late, expect):
    segments = []
    for number, (name, shot, score) in enumerate([("A", 0, 0.9), ("B", 0, 0.9), *late]):
        frames = [100 * shot + f for f in range(100)]
        own = tracklet(number, frames, shot=shot, at=(60 + 150 * number, 60), score=score)
        segments.append(make_segment(own, looks(frames, [name] * 100, seed=number), 0, 100))
    cast = build_cast(segments, np.zeros((2, 2), np.float32), calibration(), ClusteringSettings())
    order = list(dict.fromkeys(k for k in cast.labels.tolist() if k >= 0))
    assert [order.index(k) if k >= 0 else -1 for k in cast.labels.tolist()] == expect


@pytest.mark.parametrize(
    ("people", "count", "is_somebody"),
    [
        pytest.param([("A", 0), ("B", 0), ("C", 0)], 2, False, id="a strip beside two"),
        pytest.param([("A", 0), ("B", 0), ("C", 1)], 2, True, id="in another shot: one of them"),
        pytest.param([("A", 0), ("C", 0)], 2, True, id="a strip beside one: the other one"),
        pytest.param([("C", 0), ("C", 0)], 2, True, id="nobody is seen well enough"),
        pytest.param([("C", 0)], 1, True, id="one alone, not seen well enough"),
    ],
)
def test_who_can_be_compared_with_nobody_is_no_third_one(people, count, is_somebody):
    segments = []
    for number, (name, shot) in enumerate(people):
        frames = [100 * shot + f for f in range(100)]
        own = tracklet(number, frames, shot=shot, at=(60 + 150 * number, 60))
        seen = looks(frames, [name] * 100, seed=number)
        if name == "C":  # such as a strip at the edge of the picture, over a shoulder
            seen = Looks(seen.vectors, seen.covered, np.zeros(100, np.bool_))
        segments.append(make_segment(own, seen, 0, 100))
    cast = build_cast(segments, np.zeros((2, 2), np.float32), calibration(), ClusteringSettings())
    assert cast.character_count == count
    assert bool(cast.labels[-1] >= 0) == is_somebody


@pytest.mark.parametrize(
    ("third", "score", "expect"),
    [
        pytest.param(range(100), 0.9, 2, id="as long as others: a third one"),
        pytest.param(range(16), 0.9, 2, id="for a moment, surely"),
        pytest.param(range(100), 0.45, 2, id="always, doubted a little"),
        pytest.param(range(16), 0.4, -1, id="for a moment, doubted, alone: nobody"),
    ],
)
def test_a_doubtful_moment_makes_no_character_where_there_are_others(third, score, expect):
    segments = []
    whole = range(100)
    names: list[str | tuple[str, str, float]] = ["A", "B", ("C", "A", 0.3), "A"]
    for number, (shot, part) in enumerate([(0, whole), (0, whole), (1, third), (1, whole)]):
        frames = [100 * shot + f for f in part]
        sure = score if number == 2 else 0.9
        own = tracklet(number, frames, shot=shot, at=(60 + 90 * number, 60), score=sure)
        seen = looks(frames, [names[number]] * len(frames))
        segments.append(make_segment(own, seen, 0, len(frames)))
    settings = ClusteringSettings(min_screen_share=0.0)
    cast = build_cast(segments, np.zeros((2, 2), np.float32), calibration(), settings)
    assert int(cast.labels[2]) == expect


@pytest.mark.parametrize(
    ("late", "size", "expect"),
    [
        pytest.param(range(40, 100), (30, 160), False, id="half of it takes over"),
        pytest.param(range(40, 100), (60, 160), False, id="the same box takes over"),
        pytest.param(range(40, 100), (100, 160), True, id="beside it, in part"),
        pytest.param(range(20, 40), (30, 160), True, id="in it for a while: a child in front"),
    ],
)
def test_who_is_seen_together(late, size, expect):
    segments = []
    for number, (frames, box) in enumerate(((range(60), (60, 160)), (late, size))):
        left = 60 if box[0] <= 60 else 90
        own = tracklet(number, list(frames), at=(left, 60), size=box)
        segments.append(make_segment(own, looks(list(frames), ["A"] * len(own)), 0, len(own)))
    assert seen_together(segments)[0, 1] == expect


def test_nobody_at_all_is_no_cast():
    cast = build_cast([], np.zeros((0, 0), np.float32), calibration(), ClusteringSettings())
    assert (cast.labels.tolist(), cast.character_count) == ([], 0)


@pytest.mark.parametrize(
    ("feature", "worse"),
    [
        pytest.param("median_score", {"score": 0.5}, id="doubted"),
        pytest.param("steady_share", {"frames": LONG[:20]}, id="for a while"),
        pytest.param("steady_share", {"score": COMES_AND_GOES}, id="believed, but not always"),
    ],
)
def test_what_makes_somebody_doubtful(feature, worse):
    def odds(**changed):
        segments = []
        for number, own_facts in enumerate(({"score": 0.95}, {"at": (200, 60), **changed})):
            facts = {"frames": LONG, "at": (60, 60), **own_facts}
            own = tracklet(number, **facts)
            count = len(facts["frames"])
            seen = looks(facts["frames"], ["A"] * count, seed=number)
            segments.append(make_segment(own, seen, 0, count))
        features = someone_features(segments)
        return features[feature][1], someone_log_odds(segments, learnt_evidence().someone)[1]

    good, bad = odds(), odds(**worse)
    assert good[0] != bad[0]
    assert good[1] > bad[1]
    assert someone_log_odds([], learnt_evidence().someone).tolist() == []


def moved(way, frames=LONG, *, score=0.9):
    """Return one segment whose box, of a side of 100 px, is where `way` says at every frame."""
    corner = np.array([way(frame) for frame in frames], np.float32)
    xyxy = np.concatenate([corner, corner + 100], axis=1)
    own = Tracklet(0, 0, np.array(frames), xyxy, np.full(len(frames), score, np.float32))
    return make_segment(own, looks(frames, ["A"] * len(frames)), 0, len(frames))


def there_and_back(frame):
    return (100 + 2 * abs(frame % 12 - 6), 100)


STILL = np.log(0.023 / 0.003)


@pytest.mark.parametrize(
    ("segment", "fps", "expect"),
    [
        pytest.param(moved(lambda _: (100, 100)), 24.0, STILL, id="stands still"),
        pytest.param(moved(lambda f: (f, 2 * f)), 24.0, STILL, id="goes evenly, as a camera does"),
        pytest.param(moved(there_and_back), 24.0, 0.0, id="there and back"),
        pytest.param(
            moved(there_and_back), 8.0, np.log(0.023 / 0.00633), id="hardly, for its time"
        ),
        pytest.param(moved(there_and_back, LONG[:7]), 24.0, np.nan, id="seen for too short"),
        pytest.param(moved(there_and_back, LONG[::4]), 24.0, np.nan, id="never often enough"),
        pytest.param(moved(there_and_back), None, np.nan, id="not known how fast"),
    ],
)
def test_how_still_a_box_is(segment, fps, expect):
    found = someone_features([segment], fps=fps)["still"]
    assert found == pytest.approx([expect], abs=0.02, nan_ok=True)


def test_what_stands_still_is_less_likely_somebody():
    ways = (there_and_back, lambda _: (100, 100))
    segments = [moved(way, score=0.35) for way in ways]
    stirs, still = someone_log_odds(segments, learnt_evidence().someone, fps=24.0)
    assert stirs > still
