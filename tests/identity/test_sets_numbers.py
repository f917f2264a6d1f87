"""Sets and set-ups in numbers: what is free of people, what agrees, what is flat."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest

from identity.evidence import alignment, setups
from identity.evidence.alignment import (
    Alignment,
    SetPictures,
    aligned,
    lays_of_boxes,
    may_lie_over,
)
from identity.evidence.same_place import (
    _agrees,
    _blocks,
    _blocks_that_stay,
    free_of,
    one_is_mixed,
    set_goes_on,
    tone_of,
)
from identity.evidence.setups import (
    _correlations,
    _shrunk,
    free_of_people,
    setup_numbers,
    setup_similarity,
)
from scenes.shots import Shot
from tracker.boxes import paired_iou
from tracker.tracklets import Tracklet

NOBODY = np.zeros((0, 4), np.float32)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


# --- where nobody stands --------------------------------------------------------------------------


def hidden(free):
    """Return the first and last row and column that are hidden."""
    rows, columns = np.flatnonzero(~free.all(axis=1)), np.flatnonzero(~free.all(axis=0))
    return (int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])) if len(rows) else None


@pytest.mark.parametrize(
    ("box", "margin", "where"),
    [
        pytest.param((100, 50, 150, 90), 0.0, (50, 89, 100, 149), id="as it is"),
        pytest.param((100, 50, 150, 90), 0.1, (45, 94, 95, 154), id="a tenth of its width"),
        pytest.param((100.4, 50, 150.4, 90), 0.0, (50, 89, 100, 150), id="each cell it touches"),
        pytest.param((-30, -30, 20, 20), 0.1, (0, 24, 0, 24), id="at the corner"),
        pytest.param((190, 90, 250, 150), 0.0, (90, 99, 190, 199), id="at the other corner"),
        pytest.param((300, 50, 350, 90), 0.0, None, id="outside"),
    ],
)
def test_a_box_hides_its_cells(box, margin, where):
    free = free_of((100, 200), boxes(box), picture_px=(200, 100), margin=margin)
    assert hidden(free) == where
    if where is not None:
        assert (~free).sum() == (where[1] - where[0] + 1) * (where[3] - where[2] + 1)


def test_cells_are_shares_of_the_picture_and_margins_a_tenth():
    free = free_of((10, 20), boxes((100, 200, 150, 300)), picture_px=(200, 500))
    assert hidden(free) == (3, 6, 9, 15)
    assert free_of((4, 5), NOBODY, picture_px=(200, 500)).all()


@pytest.mark.parametrize(
    ("frames", "ends"),
    [
        pytest.param(range(20), (True, True), id="all the shot"),
        pytest.param(range(4, 20), (True, True), id="four frames late"),
        pytest.param(range(5, 20), (False, True), id="five frames late"),
        pytest.param(range(16), (True, True), id="gone four frames before the end"),
        pytest.param(range(15), (True, False), id="five"),
        pytest.param(range(8, 12), (False, False), id="only in the middle"),
    ],
)
def test_who_stands_there_at_the_ends_of_a_shot(frames, ends):
    shots = [Shot(0, 0, 50, "start"), Shot(1, 50, 70, "cut")]
    xyxy = np.tile(boxes((100, 50, 150, 90)), (len(frames), 1))
    own = Tracklet(0, 1, 50 + np.array(frames), xyxy, np.ones(len(frames), np.float32))
    free = free_of_people([own], shots, picture_px=(200, 100), grid=(200, 100))
    assert free.shape == (2, 2, 100, 200)
    assert free[0].all()
    assert tuple((~part).any() for part in free[1]) == ends
    if ends[0]:
        assert hidden(free[1, 0]) == (46, 93, 96, 153)  # 8 % of the width on each side


# --- does the set go on ---------------------------------------------------------------------------


def stripes(level, spread, *, flipped=0.0, offset=0, size=(20, 50)):
    """Return pixels at level +- spread, a share of which has the other sign."""
    count = size[0] * size[1]
    sign = (-1.0) ** np.arange(count)
    sign[: 2 * round(flipped * count / 2)] *= -1
    values = (level + offset + spread * sign).clip(0, 255)
    return np.repeat(values.astype(np.uint8)[:, None], 3, axis=1)


@pytest.mark.parametrize(
    ("after", "same"),
    [
        pytest.param(stripes(120, 50), True, id="the same"),
        pytest.param(stripes(120, 50, offset=7), True, id="lighter by .14 of the spread"),
        pytest.param(stripes(120, 50, offset=8), False, id="lighter by .16 of it"),
        pytest.param(stripes(120, 50, flipped=0.02), True, id="correlated by .96"),
        pytest.param(stripes(120, 50, flipped=0.03), False, id="correlated by .94"),
        pytest.param(stripes(120, 0), False, id="flat now"),
    ],
)
def test_pixels_agree(after, same):
    assert _agrees(stripes(120, 50), after) is same


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        pytest.param(stripes(120, 0), stripes(121, 0), True, id="flat, by one level"),
        pytest.param(stripes(120, 0), stripes(122, 0), False, id="flat, by two levels"),
        pytest.param(stripes(120, 1), stripes(120, 1, flipped=1), False, id="grain of one level"),
        pytest.param(stripes(120, 2), stripes(120, 2), True, id="spread of two levels"),
        pytest.param(stripes(120, 2), stripes(121, 2), False, id="and lighter by half of it"),
    ],
)
def test_flat_pixels_agree_by_their_level(before, after, same):
    assert _agrees(before, after) is same


def picture(*blocks):
    """Return one row of blocks of 8 x 8 px: a level, or (level, spread) of a fine pattern."""
    made = []
    for block in blocks:
        level, spread = block if isinstance(block, tuple) else (block, 0)
        rough = level + spread * (-1.0) ** np.arange(64).reshape(8, 8)
        made.append(rough.clip(0, 255).astype(np.uint8))
    return np.repeat(np.concatenate(made, axis=1)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        pytest.param((100, 100), (100, 100), 1.0, id="flat and the same"),
        pytest.param((100, 100), (111, 112), 0.5, id="by eleven levels, and by twelve"),
        pytest.param(((100, 40), 100), ((200, 40), 200), 0.5, id="texture counts, not its level"),
        pytest.param(((100, 5), 100), ((100, -5), 100), 0.5, id="texture of five levels"),
        pytest.param(((100, 4), 100), ((100, -4), 100), 1.0, id="four levels are none"),
        pytest.param((100, 100), ((100, 40), 100), 0.5, id="texture that comes"),
    ],
)
def test_blocks_that_stay(before, after, share):
    assert _blocks_that_stay(picture(*before), picture(*after)) == pytest.approx(share)


@pytest.mark.parametrize(("flipped", "stays"), [(9, 1.0), (10, 0.0)])
def test_a_block_stays_where_its_texture_is_alike_by_seven_tenths(flipped, stays):
    one = picture((100, 40))
    two = one.copy().reshape(64, 3)
    turned = two[: 2 * (flipped // 2) + flipped % 2]
    turned[:] = 200 - turned
    found = _blocks_that_stay(one, two.reshape(8, 8, 3))
    assert found == (stays if flipped != 10 else 0.0)  # 1 - 2 * 10 / 64 = .69


def test_blocks_are_whole():
    cut = _blocks(np.arange(19 * 27, dtype=float).reshape(19, 27))
    assert cut.shape == (6, 64)
    assert cut[0, :9].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 27]
    assert cut[1, 0] == 8
    assert cut[3, 0] == 8 * 27


WALL = np.random.default_rng(0).integers(0, 256, (54, 96, 3), dtype=np.uint8)
OTHER = np.random.default_rng(1).integers(0, 256, (54, 96, 3), dtype=np.uint8)
PX = {"picture_px": (96, 54)}


def aside(share):
    """Return a box that overlaps (0, 0, 40, 40) by so much, of what both cover."""
    move = 40 * (1 - share) / (1 + share)
    return (move, 0, 40 + move, 40)


@pytest.mark.parametrize(
    ("before", "after", "goes_on"),
    [
        pytest.param([], [], True, id="nobody"),
        pytest.param([(0, 0, 40, 40)], [], True, id="somebody comes"),
        pytest.param([(0, 0, 40, 40)], [aside(0.42)], True, id="moves a little"),
        pytest.param([(0, 0, 40, 40)], [aside(0.38)], False, id="stands elsewhere"),
        pytest.param(
            [(0, 0, 40, 40), (50, 0, 90, 40)], [(0, 0, 40, 40), (50, 45, 90, 54)], False,
            id="half of them stand elsewhere",
        ),
        pytest.param(
            [(0, 0, 41, 40), (50, 0, 90, 40)], [(0, 0, 41, 40), (50, 45, 90, 54)], True,
            id="a little less than half",
        ),
        pytest.param(
            [(50, 45, 90, 54), (0, 0, 40, 40)], [(0, 0, 40, 40)], True,
            id="the fewer ones stay: one goes",
        ),
    ],
)  # fmt: skip
def test_people_stay_where_they_are(before, after, goes_on):
    assert set_goes_on(WALL, WALL, boxes(*before), boxes(*after), **PX) is goes_on


@pytest.mark.parametrize(
    ("columns", "goes_on"),
    [
        pytest.param(77, False, id="a fiftieth of the set is seen: it is another"),
        pytest.param(84, False, id="with half the margin it still is"),
        pytest.param(96, True, id="no set is seen: what people wear stays"),
    ],
)
def test_where_little_of_the_set_is_seen(columns, goes_on):
    before, after = WALL.copy(), OTHER.copy()
    after[:, :48] = before[:, :48]
    box = boxes((0, 0, columns, 54))
    assert set_goes_on(before, after, box, box, **PX) is goes_on


@pytest.mark.parametrize(
    ("levels", "mixed"),
    [
        pytest.param((50, 50, 150, 150), False, id="a cut"),
        pytest.param((50, 50, 50, 50), False, id="nothing happens"),
        pytest.param((50, 80, 150, 150), False, id="a third of the way, before: it moves"),
        pytest.param((50, 90, 150, 150), True, id="half of the way, before"),
        pytest.param((50, 50, 110, 150), True, id="half of the way, after"),
    ],
)
def test_a_picture_beside_a_cut_that_shows_both_shots(levels, mixed):
    pictures = [np.full((2, 2, 3), level, np.uint8) for level in levels]
    assert one_is_mixed(*pictures) is mixed


@pytest.mark.parametrize(("columns", "known"), [(85, True), (86, False)])
def test_the_tone_of_too_little_is_not_known(columns, known):
    box = boxes((0, 0, columns, 54))  # and a tenth more: 94 or 95 of 96
    assert np.isfinite(tone_of(WALL, box, **PX)).all() == known
    assert np.isfinite(tone_of(WALL, NOBODY, **PX)).all()


# --- set-ups --------------------------------------------------------------------------------------


def checks(spread, *, level=120, seed=None):
    """Return (1, 2, 18, 32, 3) pictures of a pattern."""
    rng = np.random.default_rng(seed)
    sign = (-1.0) ** np.arange(576) if seed is None else rng.choice([-1.0, 1.0], 576)
    rough = (level + spread * sign).reshape(18, 32)
    return np.repeat(rough.astype(np.uint8)[None, None, ..., None], 3, axis=-1).repeat(2, axis=1)


@pytest.mark.parametrize(("spread", "alike"), [(4, 1), (3, 0)])
def test_flat_pictures_are_no_set_up(spread, alike):
    both = np.concatenate([checks(spread), checks(spread, level=80)])
    assert setup_similarity(both)[0, 1] == alike


@pytest.mark.parametrize(
    ("columns", "alike"),
    [pytest.param(3, 1.0, id="a tenth is free"), pytest.param(2, None, id="less: all counts")],
)
def test_so_much_of_a_set_must_be_free(columns, alike):
    one, two = checks(50, seed=1), checks(50, seed=2)
    two[..., :columns, :] = one[..., :columns, :]
    free = np.zeros((2, 2, 18, 32), bool)
    free[..., :columns] = True
    found = setup_similarity(np.concatenate([one, two]), free)
    assert found[0, 1] == pytest.approx(alike if alike is not None else 0.1, abs=0.1)
    assert found.diagonal().tolist() == [1, 1]


def test_the_best_of_any_two_pictures_counts():
    one, two = checks(50, seed=1), checks(50, seed=2)
    one[0, 1], two[0, 0] = checks(50, seed=3)[0, 0], checks(50, seed=3)[0, 0]
    assert setup_similarity(np.concatenate([one, two]))[0, 1] == pytest.approx(1)
    turned = np.concatenate([checks(50), 255 - checks(50)])
    assert setup_similarity(turned)[0, 1] == 0  # no less


def test_correlations_are_over_what_both_know():
    one, two = np.array([10.0, 20, 30, 99]), np.array([50.0, 70, 90, 0])
    known = np.array([[1.0, 1, 1, 0], [1, 1, 1, 1]])
    both = np.stack([one, two])
    found = _correlations(both, known, both, known)
    assert found[0, 1] == found[1, 0] == pytest.approx(1)
    assert _correlations(both[:1], known[:1], both[1:], known[1:]).tolist() == [[found[0, 1]]]
    nothing = np.zeros((2, 4))
    assert _correlations(both, nothing, both, nothing).tolist() == [[0, 0], [0, 0]]


def test_shots_compared_block_by_block_are_as_alike(monkeypatch):
    some = np.concatenate([checks(50, seed=seed % 3, level=100 + seed) for seed in range(5)])
    free = np.random.default_rng(0).random((5, 2, 18, 32)) < 0.3
    whole = [setup_similarity(some), setup_similarity(some, free)]
    monkeypatch.setattr(setups, "BLOCK_ROWS", 2)
    for known, before in zip((None, free), whole, strict=True):
        found = setup_similarity(some, known)
        assert found == pytest.approx(before, abs=1e-6)
        assert np.array_equal(found, found.T)
    assert (whole[0] >= 0.9).sum() == 9  # the same pattern again, brighter


def test_large_pictures_are_shrunk_and_a_cell_is_free_where_all_of_it_is():
    large = checks(50, seed=1).repeat(3, axis=2).repeat(3, axis=3)
    free = np.ones((1, 2, 54, 96), bool)
    free[0, 0, 4, 7] = False
    small, cells = _shrunk(large, free)
    assert small.shape == (1, 2, 18, 32, 3)
    assert np.array_equal(small, checks(50, seed=1))
    assert cells is not None
    assert cells.dtype == bool
    assert np.argwhere(~cells).tolist() == [[0, 0, 1, 2]]
    assert _shrunk(large, None)[1] is None
    same = checks(50)
    assert _shrunk(same, free)[0] is same


@pytest.mark.parametrize(
    ("pairs", "count"),
    [
        ([], 4),
        ([(0, 1, 0.9)], 3),
        ([(0, 1, 0.89)], 4),
        ([(0, 1, 0.95), (1, 2, 0.95)], 2),
        ([(0, 3, 0.95), (1, 2, 0.95)], 2),
        ([(0, 1, 1), (2, 3, 1), (1, 2, 1)], 1),
    ],
)
def test_how_many_set_ups_there_are(pairs, count):
    alike = np.eye(4, dtype=np.float32)
    for a, b, value in pairs:
        alike[a, b] = alike[b, a] = value
    numbers = setup_numbers(alike).tolist()
    assert sorted(set(numbers)) == list(range(count))
    for a, b, value in pairs:
        assert (numbers[a] == numbers[b]) == (value >= 0.9)
    assert setup_numbers(np.zeros((0, 0), np.float32)).tolist() == []


# --- alignment ------------------------------------------------------------------------------------

FREE = np.ones((54, 96), bool)
BIG = np.kron(np.random.default_rng(5).integers(0, 256, (20, 30, 3), dtype=np.uint8),
              np.ones((6, 6, 1), np.uint8))  # fmt: skip


def view(x, y):
    return np.ascontiguousarray(BIG[y : y + 54, x : x + 96])


@pytest.mark.parametrize(
    ("after", "may"),
    [
        pytest.param([(0, 0, 10, 20), (30, 0, 40, 20)], True, id="as they were"),
        pytest.param([(50, 30, 60, 50), (80, 30, 90, 50)], True, id="moved"),
        pytest.param([(0, 0, 12, 24), (36, 0, 48, 24)], True, id="nearer"),
        pytest.param([(30, 0, 40, 20), (0, 0, 10, 20)], False, id="the other way round"),
        pytest.param([(0, 0, 10, 20), (60, 0, 70, 20)], False, id="farther apart"),
        pytest.param([(0, 0, 10, 20), (30, 40, 40, 60)], False, id="one above the other"),
    ],
)
def test_which_places_may_lie_over_each_other(after, may):
    before = boxes((0, 0, 10, 20), (30, 0, 40, 20))[None]
    assert may_lie_over(before, boxes(*after)[None], share=0.3).tolist() == [may]
    assert may_lie_over(before[:0], before[:0], share=0.3).tolist() == []


def test_many_places_at_once_are_laid_as_each_by_itself():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 200, (300, 2, 2))
    high = low + rng.uniform(20, 90, low.shape)
    before = np.concatenate([low, high], axis=2).astype(np.float32)
    after = (before * rng.uniform(0.7, 1.4) + rng.normal(0, 15, before.shape)).astype(np.float32)
    size = {"picture_px": (260, 260)}
    found = lays_of_boxes(before, after, **size)
    for k in range(0, 300, 30):
        alone = lays_of_boxes(before[k : k + 1], after[k : k + 1], **size)
        assert all((one[0] == many[k]).all() for one, many in zip(alone, found, strict=True))
    assert 0 <= found[0].min() < 0.4 < 0.7 < found[0].max()
    assert [part.shape for part in lays_of_boxes(before[:0], after[:0], **size)] == [
        (0,),
        (0,),
        (0, 2),
    ]


def test_whatever_lies_over_somebody_may():
    """No exchange over a cut is missed since places are asked about before pictures."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 60, (4000, 2, 2))
    before, after = (
        np.concatenate([low, low + rng.uniform(4, 40, low.shape)], axis=2).astype(np.float32)
        for low in (corner, corner + rng.normal(0, 12, corner.shape))
    )
    before = np.clip(before, 0, 96)
    said = may_lie_over(before, after, share=0.3)
    limit = np.array((96, 96) * 2, np.float32)
    does = np.zeros(len(before), bool)
    for scale in (0.75, 1.0, 1.34):
        for shift in np.linspace(-0.4, 0.4, 9):
            lay = Alignment(1.0, scale, (shift, 0.05))
            now = np.clip(lay.mapped(after.reshape(-1, 4), picture_px=(96, 96)), 0, limit)
            fits = paired_iou(before.reshape(-1, 4), now).reshape(-1, 2).min(axis=1)
            does |= fits >= 0.3
    assert 200 < does.sum() < said.sum() < 3500
    assert said[does].all()


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (12, 0), (0, 9), (-10, 6)])
def test_how_a_moved_picture_lies_over_another(dx, dy):
    lay = aligned(view(30, 20), FREE, view(30 + dx, 20 + dy), FREE)
    assert lay is not None
    assert lay.scale == 1.0
    assert (96 * lay.shift[0], 54 * lay.shift[1]) == pytest.approx((dx, dy))
    assert lay.agrees > 0.98
    (box,) = lay.mapped(boxes((0, 0, 10, 10)), picture_px=(960, 540))
    assert box.tolist() == pytest.approx([10 * dx, 10 * dy, 10 * dx + 10, 10 * dy + 10], abs=1e-3)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        pytest.param(10, True, id="a tenth of the picture is free"),
        pytest.param(8, True, id="eight hundredths"),
        pytest.param(6, False, id="less than seven hundredths"),
    ],
)
def test_so_much_must_be_free_in_both(columns, found):
    free = FREE.copy()
    free[:, columns:] = False
    assert (aligned(view(30, 20), free, view(30, 20), free) is not None) == found


@pytest.mark.parametrize(
    ("scale", "move", "other", "fits"),
    [
        pytest.param(1.0, (0, 0), 0, 1.0, id="the same places"),
        pytest.param(1.34, (-40, 20), 0, 1.0, id="nearer, and beside it"),
        pytest.param(1.0, (30, 0), 60, 0.6, id="one of them elsewhere"),
    ],
)
def test_who_stands_where_says_how_two_pictures_lie(scale, move, other, fits):
    before = boxes((100, 50, 200, 250), (300, 60, 420, 260))
    after = (before - np.array(move * 2)) / scale
    after[1, [0, 2]] += other
    (agrees,), (size,), (shift,) = lays_of_boxes(
        before[None], after[None].astype(np.float32), picture_px=(960, 540)
    )
    if not other:
        assert size == scale
        assert (shift * (960, 540)).tolist() == pytest.approx(move, abs=1)
        assert agrees == pytest.approx(1.0, abs=0.02)
    assert fits - 0.15 < agrees <= 1.0
    assert (agrees < 0.9) == bool(other)


@pytest.mark.parametrize(("dx", "found"), [(43, True), (53, False)])
def test_half_of_the_set_must_be_seen_in_both(dx, found):
    lay = aligned(view(30, 20), FREE, view(30 + dx, 20), FREE)
    assert (lay is not None) == found
    if lay is not None:
        assert lay.scale == 1.0
        assert 96 * lay.shift[0] == pytest.approx(dx)


@pytest.mark.parametrize("scale", [0.75, 0.82, 0.89, 0.94, 1.0, 1.06, 1.12, 1.22, 1.34])
def test_how_much_nearer_or_farther_the_camera_is(scale):
    smooth = cv2.GaussianBlur(BIG, (0, 0), 2.0)
    wide, tall = round(96 * scale), round(54 * scale)
    other = cv2.resize(smooth[20 : 20 + tall, 34 : 34 + wide], (96, 54))
    lay = aligned(np.ascontiguousarray(smooth[20:74, 30:126]), FREE, other, FREE)
    assert lay is not None
    assert lay.scale == scale
    assert (96 * lay.shift[0], 54 * lay.shift[1]) == pytest.approx((4, 0), abs=1)


@pytest.mark.parametrize(("levels", "found"), [(4.6, True), (3.5, False)])
def test_a_set_of_few_levels_agrees_with_everything(levels, found):
    rough = view(30, 20)[..., :1].astype(float).repeat(3, axis=2) - 128
    spread = cv2.GaussianBlur(rough, (0, 0), 1.0).std()
    faint = (120 + levels / spread * rough).round().astype(np.uint8)
    assert (aligned(faint, FREE, faint, FREE) is not None) == found


def test_a_flat_wall_is_no_set():
    grey = np.full((54, 96, 3), 120, np.uint8)
    grey[:, ::12] = 124
    assert aligned(grey, FREE, grey, FREE) is None


def test_the_last_picture_of_a_shot_meets_the_first_of_a_later_one():
    pictures = np.stack([np.stack([OTHER, view(30, 20)]), np.stack([view(36, 20), WALL])])
    sets = SetPictures(pictures, np.ones((2, 2, 54, 96), bool), (960, 540))
    lay = sets.alignment(0, 1)
    assert lay is not None
    assert 96 * lay.shift[0] == pytest.approx(6)
    assert sets.alignment(1, 0) is None


def test_two_shots_are_laid_over_each_other_once(monkeypatch):
    pictures = np.stack([np.stack([OTHER, view(30, 20)]), np.stack([view(36, 20), WALL])])
    sets = SetPictures(pictures, np.ones((2, 2, 54, 96), bool), (960, 540))
    asked = [(0, 1), (1, 0)]
    found = [sets.alignment(*pair) for pair in asked]
    monkeypatch.setattr(alignment, "aligned", None)
    assert [sets.alignment(*pair) for pair in asked] == found


@pytest.mark.parametrize(
    ("hidden", "at_least"),
    [
        pytest.param(0.0, 0.5, id="all of both is seen"),
        pytest.param(0.6, 0.5, id="little of the first"),
        pytest.param(0.6, 0.3, id="less of both"),
    ],
)
def test_the_best_shift_is_that_of_all_shifts_one_by_one(hidden, at_least):
    rng = np.random.default_rng(3)
    a = rng.normal(100, 30, (14, 22))
    b = rng.normal(100, 30, (11, 16))
    b[2:10, 3:14] = a[5:13, 9:20] + rng.normal(0, 5, (8, 11))
    known_a, known_b = (rng.random(a.shape) >= hidden).astype(float), np.ones(b.shape)
    least = at_least * min(known_a.sum(), known_b.sum())
    best = (-1.0, 0, 0)
    for dy, dx in product(range(1 - len(b), len(a)), range(1 - b.shape[1], a.shape[1])):
        here = np.s_[max(dy, 0) : dy + len(b), max(dx, 0) : dx + b.shape[1]]
        there = np.s_[max(-dy, 0) : len(a) - dy, max(-dx, 0) : a.shape[1] - dx]
        both = (known_a[here] * known_b[there]) > 0
        if both.sum() >= least:
            agrees = float(np.corrcoef(a[here][both], b[there][both])[0, 1])
            best = max(best, (agrees, dx, dy))
    found = alignment._best_shift(a, known_a, b, known_b, least=least)
    assert found[1:] == best[1:]
    assert found[0] == pytest.approx(best[0])
