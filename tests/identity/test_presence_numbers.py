"""Who vanishes, in numbers: films of two grey areas, whose every step can be reckoned on paper."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.explanations.presence import (
    PixelStep,
    PresenceCandidate,
    find_presence_candidates,
    is_gap,
    largest_step,
)
from scenes.shots import Shot

PLACE = np.array([200, 100, 296, 172], np.float32)  # 96 x 72: no scaling
FIRST = 30
WALL = 100


def seen(person, *, wall=None, box=PLACE, place=PLACE, covered=None, scale=1, paint=None):
    """Return the largest step of a film in which the box has one grey and the rest another.

    Args:
        person: Grey of the box, per frame.
        wall: Grey of the rest, per frame.
        box: Whose.
        place: What the pictures show.
        covered: Frame to boxes of others.
        scale: Pixels of the pictures per pixel of the clip.
        paint: Changes the pictures.
    """
    wall = [WALL] * len(person) if wall is None else wall
    width, height = (place[2:] - place[:2]).astype(int)
    film = np.zeros((len(person), height, width, 3), np.uint8)
    x1, y1, x2, y2 = (np.asarray(box) - np.tile(place[:2], 2)).astype(int)
    for picture, own, rest in zip(film, person, wall, strict=True):
        picture[:] = rest
        picture[max(y1, 0) : y2, max(x1, 0) : x2] = own
    if paint is not None:
        paint(film)
    film = film.repeat(scale, axis=1).repeat(scale, axis=2)
    frames = tuple(range(FIRST, FIRST + len(person)))
    gap = PresenceCandidate("vanish", 0, FIRST, FIRST, frames, np.asarray(box, np.float32))
    others = [
        np.array((covered or {}).get(k, []), np.float32).reshape(-1, 4) for k in range(len(person))
    ]
    return largest_step(gap, film, place, others)


STAYS, GOES = [50] * 4, [100] * 4


def by_whom(box, frames=range(8)):
    return {frame: [box] for frame in frames}


@pytest.mark.parametrize(
    ("person", "frame", "levels", "ratio", "lasting"),
    [
        pytest.param(STAYS + GOES, 34, 50, 25, 1, id="one step, against the floor of two levels"),
        pytest.param([50] * 4 + [100] * 3 + [103], 34, 50, 50 / 3, 1, id="a small one later"),
        pytest.param([40, *STAYS[1:], *GOES], 34, 50, 5, 1, id="one of a fifth before it"),
        pytest.param([50, 50, 50, 30, *GOES], 34, 70, 3.5, 60 / 70, id="two frames are before it"),
        pytest.param([90, 50, 50, 50, *[110] * 4], 34, 60, 1.5, 1, id="not three"),
        pytest.param([40] * 4 + [100, 90, 80, 60], 34, 60, 3, 50 / 60, id="three are after it"),
        pytest.param([100, 20, 20, 20, 20, 20], 31, 80, 40, 1, id="the first step of all"),
        pytest.param([20, 20, 20, 20, 20, 100], 35, 80, 40, 1, id="the last step of all"),
        pytest.param([70] * 8, 31, 0, 0, 0, id="nothing happens"),
    ],
)
def test_the_largest_step(person, frame, levels, ratio, lasting):
    step = seen(person)
    assert step.frame == frame
    assert step.levels == pytest.approx(levels, abs=1e-3)
    assert step.ratio == pytest.approx(ratio, abs=1e-3)
    assert step.lasting == pytest.approx(lasting, abs=1e-3)
    assert step.share == (1 if levels else 0)


@pytest.mark.parametrize(
    ("frames", "judged"), [(5, True), pytest.param(4, False, id="three steps are too few")]
)
def test_so_many_steps_are_needed(frames, judged):
    assert (seen([50] * (frames - 2) + [100, 100]) is not None) == judged


@pytest.mark.parametrize(
    ("rows", "levels"),
    [
        pytest.param(36, 30, id="half of the picture is the rest"),
        pytest.param(65, 30, id="the rest is more than a tenth"),
        pytest.param(67, 50, id="less than a tenth says nothing"),
    ],
)
def test_what_happens_around_does_not_count(rows, levels):
    box = np.array([200, 100, 296, 100 + rows], np.float32)
    step = seen(STAYS + GOES, wall=[100] * 4 + [120] * 4, box=box)
    assert step.levels == pytest.approx(levels, rel=0.04)


def test_a_light_that_changes_more_than_the_place_is_no_step_below_nothing():
    box = np.array([200, 100, 296, 136], np.float32)
    assert seen([50] * 4 + [60] * 4, wall=[100] * 4 + [150] * 4, box=box).levels == 0


@pytest.mark.parametrize(
    ("levels", "share"), [(7, 0.5), (9, 1.0)], ids=["as in any film", "clearly"]
)
def test_how_much_of_the_place_changes(levels, share):
    def left_half_changes_less(film):
        film[4:, :, :48] = 50 + levels

    step = seen(STAYS + GOES, paint=left_half_changes_less)
    assert step.share == pytest.approx(share, abs=0.02)
    assert step.levels == pytest.approx((50 + levels) / 2, rel=0.02)


@pytest.mark.parametrize(("columns", "judged"), [(61, True), (64, False)])
def test_a_third_of_the_box_has_to_be_open(columns, judged):
    step = seen(STAYS + GOES, covered=by_whom((200, 100, 200 + columns, 172)))
    assert (step is not None) == judged


def test_whoever_walks_by_is_left_out_for_as_long_as_he_is_there():
    covered = {2: [(200, 100, 296, 172)]}
    step = seen([50, 50, 250, 50, 50, 50, 100, 100], covered=covered)
    assert (step.frame, step.levels) == (36, pytest.approx(50))
    assert step.ratio == pytest.approx(25)


def test_a_step_that_cannot_be_seen_is_never_the_largest():
    assert seen([70] * 8, covered=by_whom((200, 100, 296, 172), (1,))).frame == 33


def test_a_box_that_moves_ends_where_it_was_seen_last_and_begins_where_it_was_first():
    walker = body(range(110, 130))
    walker.xyxy[:, [0, 2]] += 8 * np.arange(20, dtype=np.float32)[:, None]
    gone, come = candidates(walker)
    assert gone.box.tolist() == [212, 20, 242, 90]
    assert come.box.tolist() == list(BOX)
    # Who goes on is at the place of the last box; who was there before, at that of the first.
    last, first = (216, 20, 246, 90), (62, 20, 92, 90)
    assert ("vanish", 0, 130) not in kinds(walker, body(range(131, 160), last))
    assert ("vanish", 0, 130) in kinds(walker, body(range(131, 160), first))
    assert ("pop_in", 0, 110) not in kinds(walker, body(range(100, 110), first))
    assert ("pop_in", 0, 110) in kinds(walker, body(range(100, 110), last))


def test_after_it_only_frames_count_in_which_the_place_is_open():
    covered = by_whom((200, 100, 296, 172), (5, 6))
    step = seen([50] * 4 + [100, 0, 0, 100], covered=covered)
    assert (step.frame, step.lasting) == (34, pytest.approx(1))
    covered = by_whom((200, 100, 296, 172), (6, 7))
    assert seen([50] * 4 + [100, 80, 0, 0], covered=covered).lasting == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("bottom", "judged"),
    [
        pytest.param(168, True, id="ends higher by more than a twentieth: stands behind"),
        pytest.param(169, False, id="ends as low: may stand before"),
        pytest.param(190, False, id="ends lower"),
    ],
)
def test_who_stands_behind_hides_nothing(bottom, judged):
    step = seen(STAYS + GOES, covered=by_whom((190, 90, 300, bottom)))
    assert (step is not None) == judged


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_pictures_of_any_scale_say_the_same(scale):
    box = np.array([224, 112, 272, 160], np.float32)
    covered = by_whom((224, 112, 240, 170))
    step = seen(STAYS + GOES, box=box, covered=covered, scale=scale)
    assert step.frame == 34
    assert step.levels == pytest.approx(50, rel=0.04)
    assert step.lasting == pytest.approx(1, rel=0.04)


def test_a_place_of_no_width_is_eight_pixels_wide():
    place = np.array([200, 100, 201, 172], np.float32)
    assert seen(STAYS + GOES, place=place, box=place).levels == pytest.approx(50)


@pytest.mark.parametrize(
    ("box", "place"),
    [
        pytest.param((200, 100, 300, 250), (165, 65, 335, 285), id="a third of its width"),
        pytest.param((200, 100, 220, 300), (165, 65, 255, 335), id="or of half its height"),
        pytest.param((10, 5, 110, 55), (0, 0, 145, 90), id="not beyond the left and the top"),
        pytest.param((500, 300, 600, 350), (465, 265, 620, 360), id="nor the right and the foot"),
    ],
)
def test_what_is_read_around_a_box(box, place):
    gap = PresenceCandidate("vanish", 0, 5, 5, (), np.array(box, np.float32))
    assert gap.place((620, 360)).tolist() == pytest.approx(place)


STEP = {"frame": 50, "levels": 20.0, "ratio": 2.5, "lasting": 0.9, "share": 0.8}


@pytest.mark.parametrize(
    ("kind", "reveals", "more", "gone"),
    [
        ("vanish", False, {}, True),
        ("vanish", False, {"frame": 49}, True),
        ("vanish", False, {"frame": 48}, False),
        ("vanish", False, {"frame": 55}, True),
        ("vanish", False, {"frame": 56}, False),
        ("pop_in", False, {"frame": 51}, True),
        ("pop_in", False, {"frame": 52}, False),
        ("pop_in", False, {"frame": 45}, True),
        ("pop_in", False, {"frame": 44}, False),
        ("vanish", True, {"frame": 51}, False),
        ("vanish", True, {"ratio": 1.1}, True),
        ("vanish", True, {"ratio": 1.09}, False),
        ("vanish", False, {"ratio": 2.0}, True),
        ("vanish", False, {"ratio": 1.99}, False),
        ("vanish", False, {"levels": 8.0}, True),
        ("vanish", False, {"levels": 7.9}, False),
        ("vanish", False, {"lasting": 0.6}, True),
        ("vanish", False, {"lasting": 0.59}, False),
        ("vanish", False, {"share": 0.5}, True),
        ("vanish", False, {"share": 0.49}, False),
    ],
)
def test_when_somebody_is_gone(kind, reveals, more, gone):
    gap = PresenceCandidate(kind, 0, 50, 49, (), PLACE, reveals)
    assert is_gap(gap, PixelStep(**{**STEP, **more}), min_ratio=2.0) is gone


# --- candidates -----------------------------------------------------------------------------------

BOX = (60.0, 20.0, 90.0, 90.0)
SHOT = Shot(3, 100, 160, "cut")


def body(frames, box=BOX, *, covered=0.0):
    frames = np.array(frames)
    return SimpleNamespace(
        frame=frames,
        xyxy=np.tile(np.array(box, np.float32), (len(frames), 1)),
        looks=SimpleNamespace(covered=np.full(len(frames), covered)),
    )


def candidates(*bodies, score=0.9):
    scores = [np.full(len(one.frame), score, np.float32) for one in bodies]
    return find_presence_candidates(bodies, scores, SHOT)


def kinds(*bodies, score=0.9):
    return [(one.kind, one.track, one.frame) for one in candidates(*bodies, score=score)]


ALL_OF_IT = range(100, 160)


@pytest.mark.parametrize(
    ("frames", "score", "found"),
    [
        pytest.param(range(100, 157), 0.9, [("vanish", 0, 157)], id="away for the last three"),
        pytest.param(range(100, 158), 0.9, [], id="away for the last two"),
        pytest.param(range(103, 160), 0.9, [("pop_in", 0, 103)], id="away for the first three"),
        pytest.param(range(102, 160), 0.9, [], id="away for the first two"),
        pytest.param(range(100, 104), 0.9, [("vanish", 0, 104)], id="four boxes"),
        pytest.param(range(100, 103), 0.9, [], id="three boxes"),
        pytest.param(range(100, 130), 0.5, [("vanish", 0, 130)], id="half a score"),
        pytest.param(range(100, 130), 0.49, [], id="less"),
        pytest.param(
            range(110, 130), 0.9, [("vanish", 0, 130), ("pop_in", 0, 110)], id="comes and goes"
        ),
    ],
)
def test_boxes_that_end_or_begin_within_the_shot(frames, score, found):
    assert kinds(body(frames), score=score) == found


@pytest.mark.parametrize(
    ("frames", "vanish", "pop_in"),
    [
        (range(110, 130), range(124, 138), range(102, 116)),
        pytest.param(range(104, 156), range(150, 160), range(100, 110), id="within the shot"),
    ],
)
def test_frames_that_are_read_around_an_end(frames, vanish, pop_in):
    gone, come = candidates(body(frames))
    assert (gone.window, come.window) == (tuple(vanish), tuple(pop_in))
    assert (gone.frame, gone.seen_frame) == (frames[-1] + 1, frames[-1])
    assert (come.frame, come.seen_frame) == (frames[0], frames[0])
    assert gone.box.tolist() == come.box.tolist() == list(BOX)
    assert not gone.reveals
    assert not come.reveals


def moved(share):
    """Return a box whose overlap with BOX, of what both cover, is the share."""
    aside = 30 * (1 - share) / (1 + share)
    return (60 + aside, 20, 90 + aside, 90)


@pytest.mark.parametrize(
    ("share", "away", "taken"),
    [
        pytest.param(0.42, 1, True, id="at the place"),
        pytest.param(0.38, 1, False, id="beside it"),
        pytest.param(0.9, 4, True, id="four frames apart"),
        pytest.param(0.9, 5, False, id="five frames apart"),
        pytest.param(0.9, -4, True, id="both are there for a while"),
        pytest.param(0.9, -5, False, id="both are there for longer"),
    ],
)
def test_another_box_takes_over(share, away, taken):
    first = body(range(100, 130))
    later = body(range(129 + away, 160), moved(share))
    found = kinds(first, later)
    assert (("vanish", 0, 130) not in found) == taken
    assert (("pop_in", 1, 129 + away) not in found) == taken


@pytest.mark.parametrize(
    ("other", "reveals"),
    [
        pytest.param(body([*range(100, 129), *range(130, 160)]), True, id="unseen for a frame"),
        pytest.param(body(ALL_OF_IT), False, id="seen all the time"),
        pytest.param(body(ALL_OF_IT, covered=0.6), True, id="six tenths hidden"),
        pytest.param(body(ALL_OF_IT, covered=0.59), False, id="less hidden"),
        pytest.param(
            body([*range(100, 129), *range(130, 160)], (75, 20, 105, 90)), True, id="half behind"
        ),
        pytest.param(
            body([*range(100, 129), *range(130, 160)], (75.5, 20, 105.5, 90)), False, id="less"
        ),
        pytest.param(body([*range(100, 129), *range(131, 160)]), False, id="seen a frame later"),
        pytest.param(body(range(100, 129), (90, 20, 120, 90)), False, id="never seen again"),
        pytest.param(body([99, 130, 131, 132], covered=0.9), True, id="seen once before"),
    ],
)
def test_who_is_revealed(other, reveals):
    (gone,) = [one for one in candidates(body(range(100, 130)), other) if one.track == 0]
    assert gone.reveals is reveals
