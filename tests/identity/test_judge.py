"""Whole clips on paper: each kind of error is told, and what looks like it and is none is not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from identity import judge as judging
from identity.appearance.colour import HISTOGRAM_DIM
from identity.appearance.looks import Looks
from identity.evidence.alignment import Alignment
from identity.evidence.samples import lay_out
from identity.judge import judge_looks
from identity.settings import ClusteringSettings, FindingSettings
from scenes.shots import Cut, shots_from_cuts
from tests.identity.people import BLACK, FPS, calibration, looks, tracklet
from tracker.tracklets import Tracklet

LEFT, RIGHT, MIDDLE = (60, 60), (420, 60), (240, 60)
SHOT = 24
SAME, MOVED, OTHER = 1.0, 0.6, 0.2


class Sets:
    """Stands in for the pictures of the sets.

    `SAME` = the camera is back, as it was; `MOVED` = a little to the right.
    """

    picture_px = (640, 360)

    def __init__(self, setup):
        self.setup = setup

    def alignment(self, early, late):
        lays = {SAME: Alignment(1.0, 1.0, (0.0, 0.0)), MOVED: Alignment(1.0, 1.0, (0.02, 0.0))}
        return lays.get(self.setup)

    def is_hidden(self, early, late, lay):
        return False


def judge(*shots, setup=SAME, colours=None, fps=FPS, strictness=1.0, facing=None, doubted=()):
    """Judge a clip of shots, each a dict of place -> what is worn there, for the whole shot."""
    lengths = [len(next(iter(shot.values()))) if shot else SHOT for shot in shots]
    edges = np.cumsum([0, *lengths]).tolist()
    tracklets: list[Tracklet] = []
    seen: list[Looks] = []
    for number, shot in enumerate(shots):
        for place, wears in shot.items():
            frames = list(range(edges[number], edges[number + 1]))
            score = 0.36 if len(tracklets) in doubted else 0.9
            tracklets.append(tracklet(len(tracklets), frames, shot=number, at=place, score=score))
            own = None if colours is None else colours[number].get(place)
            turned = None if facing is None else [facing] * len(frames)
            seen.append(looks(frames, wears, colours=own, facing=turned, seed=len(seen)))
    count = len(shots)
    setups = np.full((count, count), setup, np.float32)
    np.fill_diagonal(setups, 1)
    return judge_looks(
        tracklets,
        seen,
        shots_from_cuts([Cut(e) for e in edges[1:-1]], frame_count=edges[-1]),
        setups,
        calibration(),
        ClusteringSettings(),
        FindingSettings(strictness=strictness),
        fps=fps,
        sets=Sets(setup),
    )


def told(judgement):
    """Return the kinds that are told, in no order."""
    return sorted(one.kind for one in judgement.explained)


def worn(name, length=SHOT):
    return [name] * length


def partly(one, two, share):
    return worn((one, two, share))


A_AND_B = {LEFT: worn("A"), RIGHT: worn("B")}
CHANGED = {LEFT: partly("A", "C", 0.5), RIGHT: worn("B")}


@pytest.mark.parametrize(
    ("shots", "setup", "expect"),
    [
        pytest.param([], SAME, [], id="nothing"),
        pytest.param([A_AND_B], SAME, [], id="one shot"),
        pytest.param([A_AND_B, A_AND_B, A_AND_B], SAME, [], id="the same thrice"),
        pytest.param([A_AND_B, CHANGED], SAME, ["drift"], id="drift from shot to shot"),
        pytest.param([A_AND_B, CHANGED], OTHER, [], id="another side in another set-up"),
        pytest.param(
            [A_AND_B, {LEFT: worn("C"), RIGHT: worn("B")}], SAME, ["drift"],
            id="somebody new in the place of one who is never seen again",
        ),
        pytest.param(
            [A_AND_B, {LEFT: worn("C"), RIGHT: worn("B")}], MOVED, ["drift"],
            id="... and the camera has moved",
        ),
        pytest.param([A_AND_B, A_AND_B], MOVED, [], id="the same, and the camera has moved"),
        pytest.param(
            [A_AND_B, {LEFT: worn("C"), RIGHT: worn("B")}, {LEFT: worn("A"), RIGHT: worn("B")}],
            SAME, [], id="somebody else's visit",
        ),
        pytest.param(
            [A_AND_B, {LEFT: worn("C"), RIGHT: worn("D")}], SAME, [], id="two others, later"
        ),
        pytest.param(
            [A_AND_B, {LEFT: partly("A", "C", 0.5), RIGHT: partly("B", "D", 0.5)}], SAME, [],
            id="what happens to both is light",
        ),
        pytest.param(
            [A_AND_B, {LEFT: worn("B"), RIGHT: worn("A")}], SAME, ["swap"], id="swap over a cut"
        ),
        pytest.param(
            [A_AND_B, {LEFT: worn("B"), RIGHT: worn("A")}], OTHER, [], id="reverse angle"
        ),
        pytest.param(
            [A_AND_B, {**A_AND_B, MIDDLE: worn("A")}, A_AND_B], SAME, ["clone"], id="clone"
        ),
        pytest.param(
            [{**A_AND_B, MIDDLE: worn("A")}, {**A_AND_B, MIDDLE: worn("A")}], SAME, [],
            id="twins are two in every shot",
        ),
        pytest.param(
            [A_AND_B, {**A_AND_B, MIDDLE: worn("C")}, A_AND_B], SAME, [], id="a third person"
        ),
    ],
)  # fmt: skip
def test_over_shots(shots, setup, expect):
    if not shots:
        assert told(judge({}, setup=setup)) == expect
    else:
        assert told(judge(*shots, setup=setup)) == expect


@pytest.mark.parametrize("room_bytes", [0, 4000, 1 << 30])
def test_looks_are_laid_out_once_where_there_is_room(room_bytes, monkeypatch):
    """With none of the shots kept, some of them and all, the same is said of a clone."""
    shots = [A_AND_B, {**A_AND_B, MIDDLE: worn("A")}, A_AND_B, {LEFT: worn("A")}]
    expect = judge(*shots).explained
    laid_out = []

    def counted(*given, **how):
        laid_out.append(given)
        return lay_out(*given, **how)

    monkeypatch.setattr(judging, "lay_out", counted)
    monkeypatch.setattr(judging, "CACHE_BYTES", room_bytes)
    said = judge(*shots).explained
    assert [(e.kind, e.log_odds, e.features) for e in said] == [
        (e.kind, e.log_odds, e.features) for e in expect
    ]
    assert [e.kind for e in said] == ["clone"]
    assert len(laid_out) == {0: 3 + 4, 1 << 30: 4}.get(room_bytes, len(laid_out))


@pytest.mark.parametrize("copy", [LEFT, RIGHT])
def test_who_becomes_a_copy_was_somebody_else(copy):
    model = {LEFT: RIGHT, RIGHT: LEFT}[copy]
    found = judge({model: worn("A", 48), copy: worn("B", 24) + worn("A", 24)}, A_AND_B)
    assert told(found) == ["clone"]
    track = next(k for k, t in enumerate(found.tracks) if tuple(t.xyxy[0, :2]) == copy)
    other = next(k for k, t in enumerate(found.tracks) if tuple(t.xyxy[0, :2]) == model)
    before, after = (found.character_at(track, frame) for frame in (4, 40))
    assert after == found.character_at(other, 4) == found.character_at(other, 40)
    assert before not in (after, -1)
    assert found.cast.character_count == 2


def test_two_dressed_alike_are_no_clone():
    both = {LEFT: worn("A"), MIDDLE: worn("B")}
    dressed = {LEFT: worn("A"), MIDDLE: worn("A")}
    assert told(judge(both, A_AND_B, colours=[dressed, A_AND_B])) == []


def test_two_in_black_or_two_silhouettes_are_no_clone():
    both = {LEFT: worn(BLACK), RIGHT: worn("B")}
    assert told(judge(both, {**both, MIDDLE: worn(BLACK)}, both)) == []


@pytest.mark.parametrize("strictness", [0.5, 1.0, 1.5])
def test_what_is_told_is_told_by_who_is_less_strict(strictness):
    found = [
        told(judge(A_AND_B, {LEFT: partly("A", "C", s), RIGHT: worn("B")}, strictness=strictness))
        for s in (0.0, 0.35, 0.5, 0.7)
    ]
    strict = [len(kinds) for kinds in found]
    assert strict[0] == 0
    assert strict == sorted(strict)


# --- consistency ------------------------------------------------------------------------------


def slowly(share, length=3 * SHOT):
    return [("A", "C", float(share * k / (length - 1))) for k in range(length)]


CHANGES = {
    "drift": {LEFT: slowly(0.9), RIGHT: worn("B", 3 * SHOT)},
    "morph": {
        LEFT: worn("A", SHOT) + worn("C", 2 * SHOT), RIGHT: worn("B", 3 * SHOT),
    },
    "swap": {
        LEFT: worn("A", SHOT) + worn("B", 2 * SHOT), RIGHT: worn("B", SHOT) + worn("A", 2 * SHOT),
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_the_curve_that_is_drawn_is_the_one_that_decided(kind):
    judgement = judge(CHANGES[kind])
    (found,) = judgement.explained
    assert found.kind == kind
    for track in found.tracks:
        curve = judgement.curves[track]
        before = curve.value[curve.frame <= found.start_frame - (kind != "drift")]
        after = curve.value[curve.frame >= min(found.stop_frame - 1, curve.frame[-1])]
        assert before.mean() > 0.85
        assert before.mean() - after.mean() > min(0.8 * found.strength, 0.85)
    others = set(range(len(judgement.tracks))) - set(found.tracks)
    assert all(judgement.curves[track].value.min() > 0.9 for track in others)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_curve_of_a_change_over_a_cut_falls_even_where_the_cast_sees_somebody_new(share):
    judgement = judge(A_AND_B, {LEFT: partly("A", "C", share), RIGHT: worn("B")})
    (found,) = judgement.explained
    early, late = found.tracks
    assert (found.kind, found.over_cut) == ("drift", True)
    assert judgement.curves[early].value.min() > 0.9
    assert judgement.curves[late].value.max() < 0.7


def consistency(*pieces):
    judgement = judge(*({LEFT: piece} for piece in pieces))
    assert len(judgement.consistency) == 1
    return judgement.consistency[0]


def test_consistency_falls_with_a_drift_in_a_shot_and_over_shots():
    in_shot = [consistency(slowly(s)) for s in (0.0, 0.2, 0.4, 0.6)]
    over = [consistency(worn("A"), worn(("A", "C", s))) for s in (0.0, 0.2, 0.4, 0.5)]
    for values in (in_shot, over):
        assert values[0] == pytest.approx(1, abs=0.02)
        assert all(a >= b - 1e-6 for a, b in pairwise(values))
        assert values[-1] < 0.8


@pytest.mark.parametrize("order", [1, -1])
def test_what_the_detector_doubts_does_not_make_anybody_inconsistent(order):
    """A thing is put with whom it is most like; that says nothing of him."""
    shots = [{LEFT: worn("A")}, {LEFT: worn(("A", "C", 0.5))}][::order]
    sure = judge(*shots).consistency
    doubted = judge(*shots, doubted=(shots.index({LEFT: worn(("A", "C", 0.5))}),))
    assert doubted.cast.labels.tolist() == [0, 0]
    assert min(sure) < 0.8
    assert doubted.consistency == pytest.approx((1.0,), abs=0.02)


def test_consistency_falls_with_a_drift_that_no_colour_shows():
    """The curve goes by the better of network and colours, so the drift itself must count."""
    length = 3 * SHOT
    judgement = judge({LEFT: slowly(0.7, length)}, colours=[{LEFT: worn("A", length)}], facing=0.9)
    assert told(judgement) == ["drift"]
    (score,) = judgement.consistency
    assert score is not None
    assert score <= 1 - judgement.explained[0].strength + 1e-6
    assert score < 0.75


CLEAN = slowly(0.25)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([[w for w in CLEAN for _ in range(2)]], id="slow motion"),
        pytest.param([[*CLEAN, *[CLEAN[-1]] * SHOT]], id="frozen at the end"),
        pytest.param([[*[CLEAN[0]] * SHOT, *CLEAN]], id="frozen at first"),
        pytest.param([CLEAN[:30], CLEAN[30:]], id="cut once"),
        pytest.param([CLEAN[:20], CLEAN[20:44], CLEAN[44:]], id="cut twice"),
    ],
)
def test_consistency_of_a_clean_clip_is_not_moved_by(pieces):
    assert consistency(*pieces) == pytest.approx(consistency(CLEAN), abs=0.02)


@pytest.mark.parametrize("people", [0, 1, 3])
def test_a_network_that_was_never_asked_leaves_nobody_explained(people):
    """Whoever is there for a picture or two, between those that it looks at, has colours only."""
    frames = list(range(SHOT))
    colours = np.full((SHOT, HISTOGRAM_DIM), HISTOGRAM_DIM**-0.5, np.float16)
    judgement = judge_looks(
        [tracklet(k, frames, shot=0, at=(60 + 180 * k, 60)) for k in range(people)],
        [Looks({"upper": colours}, np.zeros(SHOT, np.float32), np.ones(SHOT, np.bool_))] * people,
        shots_from_cuts([], frame_count=SHOT),
        np.ones((1, 1), np.float32),
        calibration(),
        ClusteringSettings(),
        FindingSettings(),
        fps=FPS,
    )
    assert told(judgement) == []
    assert judgement.consistency == (None,) * judgement.cast.character_count
