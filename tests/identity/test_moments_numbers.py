"""Samples and moments in numbers, and heads that are exchanged, edge by edge."""

# Stand-ins here hold only what is asked of them, so types of arguments are not compared.
# mypy: disable-error-code="arg-type, comparison-overlap, index, truthy-function, var-annotated"

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.moments import (
    Moments,
    _box_steps,
    _jump,
    _most_between,
    _touching,
    exact_frame,
    over_windows,
)
from identity.evidence.samples import lay_out
from identity.explanations import change, head_swap
from identity.explanations.contract import Explained
from identity.settings import FindingSettings
from identity.tracks.body_track import make_body_track
from identity.tracks.linking import Chain
from tests.identity.people import calibration, looks, track_of, tracklet
from tests.identity.told import scene_of

NAN = float("nan")


def body(frames, wears, *, at=(60, 60), stride=3, seed=0, facing=None, hair=None):
    frames = list(frames)
    own = tracklet(0, frames, at=at)
    seen = looks(frames, wears, stride=stride, seed=seed, facing=facing, hair=hair)
    return make_body_track(Chain((0,)), [own], [seen])


# --- samples --------------------------------------------------------------------------------------


def test_all_are_laid_out_on_the_frames_at_which_anybody_was_looked_at():
    one, two = body(range(7), ["A"] * 7), body(range(4, 14), ["B"] * 10, at=(300, 60), seed=1)
    made = lay_out([one, two], ("body", "upper", "facing"), fps=24)
    assert made.frames.tolist() == [0, 3, 6, 9, 12]
    assert made.seen["body"].tolist() == [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1]]
    assert made.seen["upper"].tolist() == made.seen["body"].tolist()
    assert "facing" not in made.looks
    assert not made.looks["body"][0, 3:].any()
    assert made.looks["body"][1, 2] == pytest.approx(two.vectors("body")[1][0])
    assert np.isnan(made.xyxy[0, :, 0]).tolist() == [0, 0, 0, 1, 1]
    assert np.isnan(made.score[1]).tolist() == [1, 1, 0, 0, 0]
    assert made.xyxy[1, 2].tolist() == [300, 60, 360, 220]
    assert np.isnan(made.tone).all()
    assert made.tone.shape == (5, 3)


def test_the_tone_of_the_frames_that_were_looked_at():
    tone = np.arange(60, dtype=np.float32).reshape(20, 3)
    made = lay_out([body(range(8), ["A"] * 8)], ("body",), fps=24, tone=tone)
    assert made.tone.tolist() == tone[[0, 3, 6]].tolist()


@pytest.mark.parametrize(("stride", "per_s"), [(1, 24), (3, 8), (8, 3), (99, 24)])
def test_samples_a_second(stride, per_s):
    assert lay_out([body(range(48), ["A"] * 48, stride=stride)], ("body",), fps=24).per_s == per_s


def test_means_are_of_what_was_seen():
    made = lay_out([body(range(12), ["A"] * 6 + ["B"] * 6)], ("body", "upper"), fps=24)
    mean = made.means(0, slice(0, 4))["body"]
    assert mean[:2] == pytest.approx([0.5, 0.5], abs=0.05)
    assert made.means(0, slice(2, 2)) == {}


def test_mean_cosines_of_many_moments_are_those_of_each():
    made = lay_out([body(range(1300), ["A", "B"] * 650, stride=1)], ("body",), fps=24)
    own = made.agreement(0, 0)
    at = np.arange(1299)
    many = own.cosines((at, at + 1), (at + 1, np.minimum(at + 2, 1300)))["body"]
    assert many.shape == (1299,)
    assert many.max() < 0.2
    same = own.cosines((at[:-1], at[:-1] + 1), (at[:-1] + 2, at[:-1] + 3))["body"]
    assert same.min() > 0.8
    nothing = np.zeros(0, np.int64)
    assert own.cosines((nothing, nothing), (nothing, nothing))["body"].shape == (0,)


@pytest.mark.parametrize(
    ("start", "stop", "expect"),
    [
        pytest.param([0, 1, 4, 2], [2, 3, 5, 5], [4, 7, 3, 7], id="some"),
        pytest.param([0], [5], [7], id="all"),
        pytest.param([2, 5, 3], [2, 5, 1], [2, 2, 2], id="nothing"),
        pytest.param([1], [2], [2], id="less than nothing is"),
        pytest.param([], [], [], id="no window"),
    ],
)
def test_the_largest_of_windows(start, stop, expect):
    values = np.array([4, -1, 7, 2, 3], np.float32)
    at = np.array(start, np.int64), np.array(stop, np.int64)
    found = over_windows(np.maximum, values, *at, empty=2.0)
    assert (found.tolist(), found.dtype) == (expect, np.float32)
    assert over_windows(np.minimum, -values, *at, empty=-2.0).tolist() == (-found).tolist()
    assert over_windows(np.maximum, values[:0], *(0 * k for k in at), empty=2).tolist() == [
        2
    ] * len(start)


# --- moments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop", "most"),
    [(0, 4, 9), (1, 3, 7), (-5, 2, 7), (2, 99, 9), (2, 2, 0), (5, 9, 0), (0, 1, 5)],
)
def test_the_most_between_two_samples(start, stop, most):
    values = np.array([5, 7, 6, 9], np.float32)
    assert _most_between(values, np.array([start]), np.array([stop])).tolist() == [most]


def boxes(*lefts):
    return SimpleNamespace(
        frame=np.arange(len(lefts)),
        xyxy=np.array([[left, 0, left + 100, 50] for left in lefts], np.float32),
    )


def test_steps_of_boxes():
    assert _box_steps(boxes(0)).tolist() == [1]
    assert _box_steps(boxes(0, 0, 50, 500)).tolist() == pytest.approx([1, 1, 1 / 3, 0])


@pytest.mark.parametrize(
    ("moved_at", "sample", "jump"),
    [
        (11, 8, 0), (12, 8, 0), (13, 8, 1), (20, 8, 1), (33, 8, 1), (34, 8, 0),
        pytest.param(45, 14, 1, id="at the last sample"),
        pytest.param(46, 14, 0, id="behind it"),
        pytest.param(1, 2, 1, id="right after the first one"),
    ],
)  # fmt: skip
def test_a_jump_counts_from_four_samples_before_to_three_after(moved_at, sample, jump):
    samples = SimpleNamespace(
        frames=3 * np.arange(16),
        tracks=[boxes(*[0] * moved_at, *[500] * (48 - moved_at))],
        once=lambda what, track, make: make(),
    )
    here = np.array([sample])
    at = Moments(np.array([0]), here, here, np.array([16]))
    assert _jump(samples, 0, at).tolist() == [jump]


def test_the_largest_overlap_with_anybody_else():
    xyxy = np.full((3, 4, 4), NAN, np.float32)
    xyxy[0] = (0, 0, 100, 50)
    xyxy[1, :3] = [(50, 0, 150, 50), (100, 0, 200, 50), (0, 0, 100, 50)]
    xyxy[2, 1:2] = (25, 0, 125, 50)
    samples = SimpleNamespace(frames=np.arange(4), tracks=range(3), xyxy=xyxy)
    assert _touching(samples, 0).tolist() == pytest.approx([1 / 3, 0.6, 1, 0])
    assert _touching(samples, 2).tolist() == pytest.approx([0, 0.6, 0, 0])


def turning(*steps):
    """Return colours that change by so much at frames 10, 11 and 12."""
    angles = np.cumsum([0, *(np.arccos(1 - step) for step in steps)])
    at = np.clip(np.arange(24) - 9, 0, 3)
    return track_of(range(24), upper=[(np.cos(angles[k]), np.sin(angles[k])) for k in at])


def coloured(frames, colours):
    return track_of(frames, upper=[(1.0, 0.0) if c == "A" else (0.0, 1.0) for c in colours])


@pytest.mark.parametrize(
    ("tracks", "last", "first", "frame"),
    [
        pytest.param([coloured(range(24), "A" * 11 + "B" * 13)], 4, 4, 11, id="between two looks"),
        pytest.param([coloured(range(24), "A" * 10 + "B" * 14)], 4, 4, 10, id="after the old one"),
        pytest.param([coloured(range(24), "A" * 12 + "B" * 12)], 4, 4, 12, id="at the new one"),
        pytest.param([coloured(range(24), "A" * 13 + "B" * 11)], 4, 4, 13, id="beside the moment"),
        pytest.param([coloured(range(24), "A" * 17 + "B" * 7)], 4, 6, 17, id="over a second look"),
        pytest.param([coloured(range(24), "A" * 18 + "B" * 6)], 4, 4, 18, id="a quarter second"),
        pytest.param([coloured(range(24), "A" * 24)], 4, 4, 12, id="never: the new look"),
        pytest.param([coloured([0, 12, 23], "ABB")], 4, 4, 12, id="seen once between"),
        pytest.param([coloured([0, 23], "AB")], 4, 4, 12, id="never between: the new look"),
        pytest.param(
            [coloured(range(24), "A" * 11 + "B" * 13), coloured(range(24), "A" * 24)], 4, 4, 11,
            id="of one of two",
        ),
        pytest.param([coloured(range(24), "AB" + "B" * 22)], 1, 1, 1, id="at the very start"),
        pytest.param([coloured(range(24), "A" * 21 + "BBB")], 7, 7, 21, id="at the very end"),
        pytest.param(
            [coloured(range(24), "A" * 20 + "B" * 4)], 6, 8, 20, id="before the last look of all"
        ),
        pytest.param([turning(0.1, 0.17, 0.1)], 4, 4, 11, id="over three frames: the middle"),
        pytest.param([turning(0.02, 0.03, 0.5)], 4, 4, 12, id="most of it at the last of three"),
    ],
)  # fmt: skip
def test_colours_tell_the_frame(tracks, last, first, frame):
    samples = SimpleNamespace(frames=3 * np.arange(8), tracks=tracks, fps=24)
    one = np.array([0])
    at = Moments(one, np.array([last]), np.array([first]), one + 8)
    assert exact_frame(samples, tuple(range(len(tracks))), at, 0) == frame


@pytest.mark.parametrize(
    ("count", "moments"),
    [pytest.param(9, 0, id="three samples"), pytest.param(12, 4 - 1, id="four samples")],
)
def test_a_change_is_asked_about_where_two_looks_are_on_either_side(count, moments):
    made = lay_out([body(range(count), ["A"] * count)], ("body", "upper"), fps=24)
    found = change.moments_of(made, 0, slow=False)
    assert len({*found.last.tolist()}) == moments


def test_who_has_just_come_is_not_asked_about():
    """Somebody comes at frame 12; his first 0.4 s, to frame 21.6, do not count."""
    made = lay_out(
        [body(range(96), ["A"] * 96), body(range(12, 96), ["B"] * 84, at=(300, 60), seed=1)],
        ("body", "upper"), fps=24,
    )  # fmt: skip
    assert change.moments_of(made, 1, slow=False).start.min() == 8  # frame 24
    assert change.moments_of(made, 0, slow=False).start.min() == 0
    slow = change.moments_of(made, 1, slow=True)
    assert slow.start.min() == 8
    assert (slow.first - slow.last).min() > 4
    assert not len(change.moments_of(lay_out([], (), fps=24), 0, slow=True))


# --- heads ----------------------------------------------------------------------------------------

AT, COUNT = 24, 48


def heads(*, hair=("AB", "BA"), clothes="AA", facing=(0.9, 0.9), places=(60, 300), third=None):
    """Return a scene of two in one outfit who exchange hair at frame 24."""
    people = []
    for k, (before, after) in enumerate(hair):
        worn = [before] * AT + [after] * (COUNT - AT)
        people.append(
            body(
                range(COUNT), [clothes[k]] * COUNT, at=(places[k], 60), seed=k,
                facing=[facing[k]] * COUNT, hair=worn,
            )
        )  # fmt: skip
    if third is not None:
        worn = [third[0]] * AT + [third[1]] * (COUNT - AT)
        people.append(
            body(range(COUNT), ["C"] * COUNT, at=(540, 60), seed=9, facing=[0.9] * COUNT, hair=worn)
        )
    return scene_of(people)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        pytest.param({}, 1, id="exchanged"),
        pytest.param({"hair": ("AA", "BB")}, 0, id="kept"),
        pytest.param({"hair": ("AC", "BD")}, 0, id="others' hair"),
        pytest.param({"clothes": "AB"}, 0, id="other clothes"),
        pytest.param({"places": (60, 100)}, 0, id="near each other"),
        pytest.param({"third": "CC"}, 1, id="a third keeps hers"),
        pytest.param({"third": "CD"}, 0, id="a third one's changes too"),
    ],
)
def test_who_exchanges_heads(more, found):
    told = head_swap.find(heads(**more))
    assert [(one.kind, one.tracks, one.start_frame) for one in told] == [
        ("swap", (0, 1), AT)
    ] * found
    for one in told:
        assert one.stop_frame == AT + 1
        assert one.features == {"hair": one.strength}
        assert one.strength > 1
        assert one.confidence == 0.99


@pytest.mark.parametrize(("kind", "found"), [("swap", 0), ("morph", 0), ("clone", 1), ("drift", 1)])
def test_of_whom_something_else_is_known_nothing_is_asked(kind, found):
    from dataclasses import replace

    scene = replace(heads(), explained=(Explained(kind, (1,), 0, 1, 1.0, 1.0),))
    assert len(head_swap.find(scene)) == found
    assert FindingSettings().swap == 0.25
    assert calibration


@pytest.mark.parametrize(("strictness", "found"), [(1.0, 1), (4.0, 1)])
def test_a_whole_head_is_enough_however_strict(strictness, found):
    from dataclasses import replace

    scene = replace(heads(), settings=FindingSettings(strictness=strictness))
    assert len(head_swap.find(scene)) == found
