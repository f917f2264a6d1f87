"""How a place changes, in numbers: films of two grey areas, whose every step is known on paper."""

from __future__ import annotations

import numpy as np
import pytest

from identity.evidence.place_changes import PIXELS, _bent, changes_of_place, place_of

PLACE = np.array([200, 100, 296, 172], np.float32)  # 96 x 72: no scaling
FIRST = 30
WALL = 100
STAYS, GOES = [50] * 4, [100] * 4


def changes(
    person, *, wall=None, box=PLACE, place=PLACE, covered=None, scale=1, paint=None, ends_at=34
):
    """Return the changes of a film in which the box has one grey and the rest another.

    Args:
        person: Grey of the box, per frame.
        wall: Grey of the rest, per frame.
        box: Whose.
        place: What the pictures show.
        covered: Frame to boxes of others.
        scale: Pixels of the pictures per pixel of the clip.
        paint: Changes the pictures.
        ends_at: When the box ends.
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
    others = [
        np.array((covered or {}).get(k, []), np.float32).reshape(-1, 4) for k in range(len(person))
    ]
    path = np.repeat(np.array([box], np.float32), len(person), axis=0)
    return changes_of_place(path, frames, film, place, others, ends_at=ends_at)


def largest(*args, frames=1, **more):
    """Return the frame and features of the largest change that takes so many frames."""
    found = changes(*args, **more)
    rows = np.flatnonzero(found.features["slow"] == np.log2(frames))
    best = rows[found.features["clear"][rows].argmax()]
    return int(found.frame[best]), {name: float(found.features[name][best]) for name in PIXELS}


def by_whom(box, frames=range(8)):
    return {frame: [box] for frame in frames}


@pytest.mark.parametrize(
    ("person", "frame", "levels", "ratio"),
    [
        pytest.param(STAYS + GOES, 34, 50, 25, id="one step, against the floor of two levels"),
        pytest.param([50] * 4 + [100] * 3 + [103], 34, 50, 50 / 3, id="a small one later"),
        pytest.param([40, *STAYS[1:], *GOES], 34, 50, 5, id="one of a fifth before it"),
        pytest.param([50, 50, 50, 30, *GOES], 34, 70, 3.5, id="one frame is before it"),
        pytest.param([90, 50, 50, 50, *[110] * 4], 34, 60, 1.5, id="not two"),
        pytest.param([40] * 4 + [100, 90, 80, 60], 34, 60, 3, id="three are after it"),
        pytest.param([100, 20, 20, 20, 20, 20], 31, 80, 40, id="the first step of all"),
        pytest.param([20, 20, 20, 20, 20, 100], 35, 80, 40, id="the last step of all"),
    ],
)
def test_the_largest_step(person, frame, levels, ratio):
    at, said = largest(person)
    assert at == frame
    assert said["clear"] == pytest.approx(np.log(levels / 8), abs=1e-3)
    assert said["stands_out"] == pytest.approx(1 - 1 / ratio, abs=1e-3)
    assert (said["whole"], said["around"]) == (1, 0)


def test_where_nothing_happens_nothing_stands_out():
    _, said = largest([70] * 8)
    assert said["clear"] == pytest.approx(np.log(2 / 8))
    assert (said["stands_out"], said["whole"]) == (0, 0)


@pytest.mark.parametrize(
    ("frames", "at", "levels", "ratio"),
    [
        pytest.param(1, 36, 20, 1, id="each step is like the others"),
        pytest.param(2, 37, 40, 1, id="two of them as well"),
        pytest.param(4, 38, 80, 40, id="all of it"),
        pytest.param(8, 38, 80, 40, id="all of it, and more"),
    ],
)
def test_who_fades_is_gone_when_more_than_half_is(frames, at, levels, ratio):
    # Four steps of 20 levels: 50 up to frame 35, 130 from frame 39 on.
    person = [50] * 6 + [70, 90, 110] + [130] * 15
    frame, said = largest(person, frames=frames)
    assert frame == at
    assert said["clear"] == pytest.approx(np.log(levels / 8), abs=1e-3)
    assert said["stands_out"] == pytest.approx(1 - 1 / ratio, abs=1e-3)


@pytest.mark.parametrize(
    ("frames", "judged"), [(5, True), pytest.param(4, False, id="two to compare with are too few")]
)
def test_so_many_steps_are_needed(frames, judged):
    assert (len(changes([50] * (frames - 2) + [100, 100])) > 0) == judged


@pytest.mark.parametrize(
    ("rows", "levels", "around"),
    [
        pytest.param(36, 30, 0.4, id="half of the picture is the rest"),
        pytest.param(65, 30, 0.4, id="the rest is more than a tenth"),
        pytest.param(67, 50, 0, id="less than a tenth says nothing"),
    ],
)
def test_what_happens_around_does_not_count(rows, levels, around):
    box = np.array([200, 100, 296, 100 + rows], np.float32)
    _, said = largest(STAYS + GOES, wall=[100] * 4 + [120] * 4, box=box)
    assert 8 * np.exp(said["clear"]) == pytest.approx(levels, rel=0.04)
    assert said["around"] == pytest.approx(around, abs=0.03)


def test_a_light_that_changes_more_than_the_place_is_no_step_below_nothing():
    box = np.array([200, 100, 296, 136], np.float32)
    found = changes([50] * 4 + [60] * 4, wall=[100] * 4 + [150] * 4, box=box)
    assert (found.features["stands_out"] == 0).all()
    assert found.features["around"][(found.frame == 34)].tolist() == [1] * (found.frame == 34).sum()


@pytest.mark.parametrize(
    ("levels", "share"), [(7, 0.5), (9, 1.0)], ids=["as in any film", "clearly"]
)
def test_how_much_of_the_place_changes(levels, share):
    def left_half_changes_less(film):
        film[4:, :, :48] = 50 + levels

    _, said = largest(STAYS + GOES, paint=left_half_changes_less)
    assert said["whole"] == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(("columns", "judged"), [(75, True), (79, False)])
def test_a_fifth_of_the_box_has_to_be_open(columns, judged):
    found = changes(STAYS + GOES, covered=by_whom((200, 100, 200 + columns, 172)))
    assert (len(found) > 0) == judged


def test_whoever_walks_by_is_left_out_for_as_long_as_he_is_there():
    covered = {2: [(200, 100, 296, 172)]}
    at, said = largest([50, 50, 250, 50, 50, 50, 100, 100], covered=covered)
    assert (at, said["stands_out"]) == (36, pytest.approx(1 - 1 / 25))


@pytest.mark.parametrize("ends_at", [28, 34, 40])
def test_a_box_may_end_six_frames_before_or_after_it(ends_at):
    assert 34 in changes(STAYS + GOES, ends_at=ends_at).frame


def test_what_changes_too_long_before_or_after_is_not_asked_about():
    assert 34 not in changes(STAYS + GOES, ends_at=41).frame
    assert 34 not in changes(STAYS + GOES, ends_at=27).frame


def wiped(film):
    """A wall comes over the place from the left, a sixth of it in every frame."""
    for k in range(6):
        film[8 + k :, :, : 16 * (k + 1)] = 100


@pytest.mark.parametrize(
    ("person", "paint", "torn"),
    [
        pytest.param([50] * 8 + [60, 70, 80, 90] + [100] * 12, None, 0, id="fades"),
        pytest.param([50] * 24, wiped, 1, id="goes behind something"),
        pytest.param([50] * 11 + [100] * 13, None, 0, id="is gone at once"),
    ],
)
def test_whether_the_place_changes_at_once_or_bit_by_bit(person, paint, torn):
    assert largest(person, paint=paint, frames=8, ends_at=40)[1]["torn"] == pytest.approx(
        torn, abs=0.1
    )


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_pictures_of_any_scale_say_the_same(scale):
    box = np.array([224, 112, 272, 160], np.float32)
    covered = by_whom((224, 112, 240, 170))
    at, said = largest(STAYS + GOES, box=box, covered=covered, scale=scale)
    assert at == 34
    assert 8 * np.exp(said["clear"]) == pytest.approx(50, rel=0.04)


def test_a_place_of_no_width_is_eight_pixels_wide():
    place = np.array([200, 100, 201, 172], np.float32)
    assert largest(STAYS + GOES, place=place, box=place)[1]["whole"] == 1


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
    assert place_of(np.array([box], np.float32), (620, 360)).tolist() == pytest.approx(place)


WIDE = np.array([0, 0, 240, 72], np.float32)
STEP_PX, LONG = 6, 14


def walk(until=99, *, first=0, covered=None):
    """Return the changes where somebody walks before a wall, six pixels a frame, in some frames."""
    rng = np.random.default_rng(5)
    wall, person = (
        np.kron(rng.integers(low, high, (12, n, 3)), np.ones((6, 6, 1)))
        for low, high, n in ((120, 200, 40), (10, 90, 5))
    )
    film = np.repeat(wall[None], LONG, axis=0)
    for k in range(first, min(until, LONG)):
        film[k, :, 60 + STEP_PX * k :][:, :30] = person
    path = np.array([(60 + STEP_PX * k, 0, 90 + STEP_PX * k, 72) for k in range(LONG)], np.float32)
    others = [np.array((covered or {}).get(k, []), np.float32).reshape(-1, 4) for k in range(LONG)]
    frames = tuple(range(FIRST, FIRST + LONG))
    return changes_of_place(
        path, frames, film.astype(np.uint8), WIDE, others, ends_at=FIRST + 7, appears=first > 0
    )


@pytest.mark.parametrize(
    ("made", "gone"),
    [
        pytest.param({}, None, id="walks on"),
        pytest.param({"until": 7}, FIRST + 7, id="is gone"),
        pytest.param({"first": 7}, FIRST + 7, id="is there, seen backwards"),
    ],
)
def test_whoever_walks_is_looked_for_where_he_goes(made, gone):
    found = walk(**made)
    once = found.features["slow"] == 0
    best = int(np.where(once, found.features["stands_out"], -9).argmax())
    if gone is None:
        assert found.features["whole"][once].max() < 0.5
        assert found.features["stands_out"][once].max() < 0.5
    else:
        assert found.frame[best] == gone
        assert found.features["whole"][best] > 0.9
        assert found.features["stands_out"][best] > 0.8


@pytest.mark.parametrize("height", [12, 15, 16, 31, 32])
@pytest.mark.parametrize("width", [30, 39, 40, 79, 80, 400])
def test_motion_is_followed_in_a_place_of_any_shape(height, width):
    # OpenCV ended the whole process in some of them.
    rng = np.random.default_rng(0)
    here = rng.integers(0, 255, (height, width, 3)).astype(np.float32)
    bent, seen = _bent(here, here, np.ones((height, width), np.bool_))
    assert bent.shape == here.shape
    assert seen.all()


def test_nothing_is_known_where_he_goes_behind_somebody():
    here = {k: [(100, 0, 240, 72)] for k in range(LONG)}
    assert len(walk(until=7)) > len(walk(until=7, covered=here))
    assert not (walk(until=7, covered=here).frame == FIRST + 7).any()
