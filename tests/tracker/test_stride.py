"""Searching some pictures: what is drawn between, what is not, and where every one is searched."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from scenes.frames import FrameBatch
from tracker.detections import Detections
from tracker.quiet import Glances, agrees, all_stay, staying, why_look
from tracker.stride import StridedDetector, between

WIDTH_PX = 20
SURE = 0.25  # score


class Walker:
    """Finds one character who walks 1 px a frame, from frame `first` on; notes what it saw."""

    name, sha256 = "walker", None
    passing_classes, heads_from = frozenset[int](), None

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self.searched: list[int] = []

    def detect(self, batch: FrameBatch) -> Detections:
        self.searched += batch.index.tolist()
        frames = batch.index[batch.index >= self._first]
        return boxes_at(frames, 1.0 * frames)


def boxes_at(frames: np.ndarray, left_px: np.ndarray) -> Detections:
    x = np.asarray(left_px, np.float32)
    rows = np.stack([x, 0 * x, x + WIDTH_PX, 0 * x + 40], axis=1)
    return Detections(frames, rows, np.full(len(x), 0.9, np.float32), np.zeros(len(x), np.int32))


def boxes_of(detector: StridedDetector, frames: int, size: int) -> list[tuple[int, float]]:
    rows: list[tuple[int, float]] = []
    batches = [
        FrameBatch(
            np.arange(start, stop),
            tuple(Fraction(i) for i in range(start, stop)),
            np.zeros((stop - start, 4, 4, 3), np.uint8),
        )
        for start in range(0, frames, size)
        for stop in (min(start + size, frames),)
    ]
    ready = [pair for batch in batches for pair in detector.push(batch)] + detector.finish()
    assert [batch.index.tolist() for batch, _ in ready] == [b.index.tolist() for b in batches]
    for _, found in ready:
        rows += list(zip(found.frame.tolist(), found.xyxy[:, 0].tolist(), strict=True))
    return rows


@pytest.mark.parametrize("size", [1, 4, 7, 64])
@pytest.mark.parametrize(
    ("frames", "stride", "searched"),
    [
        pytest.param(0, 2, [], id="empty"),
        pytest.param(1, 3, [0], id="single"),
        pytest.param(6, 1, [0, 1, 2, 3, 4, 5], id="every one"),
        pytest.param(7, 3, [0, 3, 6], id="ends on a searched one"),
        pytest.param(9, 4, [0, 4, 8], id="fourth"),
        pytest.param(8, 5, [0, 5, 7], id="the last is searched too"),
        pytest.param(5, 60, [0, 4], id="longer than the clip"),
    ],
)
def test_whoever_walks_straight_is_where_he_was_drawn(frames, stride, searched, size):
    walker = Walker()
    detector = StridedDetector(walker, stride)
    rows = boxes_of(detector, frames, size)
    assert [frame for frame, _ in rows] == list(range(frames))
    assert [left for _, left in rows] == pytest.approx([1.0 * f for f in range(frames)], abs=0.01)
    assert sorted(walker.searched) == searched
    drawn = detector.is_interpolated(np.arange(frames))
    assert np.flatnonzero(~drawn).tolist() == searched
    assert detector.drawn_boxes == frames - len(searched)


def test_whoever_is_seen_once_is_not_drawn():
    found = boxes_of(StridedDetector(Walker(first=5), 4), 13, 5)
    assert [frame for frame, _ in found] == [8, 9, 10, 11, 12]


@pytest.mark.parametrize(
    ("cuts", "dropped"),
    [
        pytest.param([], [], id="no cut"),
        pytest.param([5], [5, 6, 7], id="between"),
        pytest.param([8], [5, 6, 7], id="into a searched one"),
        pytest.param([4], [1, 2, 3], id="into the one before"),
        pytest.param([9], [9], id="before the last"),
    ],
)
def test_no_line_is_drawn_over_a_cut(cuts, dropped):
    detector = StridedDetector(Walker(), 4)
    boxes_of(detector, 11, 3)
    assert np.flatnonzero(detector.spans_cut(np.arange(11), cuts)).tolist() == dropped


def test_boxes_far_apart_are_two_characters():
    early, late = (boxes_at(np.array([f]), np.array([x])) for f, x in ((0, 0.0), (4, 200.0)))
    assert len(between(early, late, 2)) == 0
    assert len(between(Detections.empty(), late, 2)) == 0


def row(frame: int, *boxes: tuple[float, float, float]) -> Detections:
    """Boxes of a frame: left, width, score each; 40 px high."""
    xyxy = [[x, 0, x + width, 40] for x, width, _ in boxes]
    scores = [score for *_, score in boxes]
    return Detections(
        np.full(len(boxes), frame, np.int64),
        np.array(xyxy, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.zeros(len(boxes), np.int32),
    )


A, WEAK = (0.0, 20.0, 0.9), (60.0, 20.0, 0.15)


@pytest.mark.parametrize(
    ("before", "early", "late", "why"),
    [
        pytest.param(None, [], [], "", id="nobody"),
        pytest.param(None, [A], [(2.0, 20.0, 0.8)], "", id="walks"),
        pytest.param([A], [(4.0, 20.0, 0.9)], [(8.0, 20.0, 0.9)], "", id="walks on"),
        pytest.param([A], [(4.0, 20.0, 0.9)], [A], "motion", id="turns round"),
        pytest.param(None, [A], [(8.0, 20.0, 0.9)], "motion", id="walks fast"),
        pytest.param(None, [A], [(15.0, 20.0, 0.9)], "who", id="jumps"),
        pytest.param(None, [A], [], "who", id="goes"),
        pytest.param(None, [], [A], "who", id="comes"),
        pytest.param(None, [A], [A, WEAK], "", id="somebody unsure comes"),
        pytest.param(None, [A, WEAK], [A, (60.0, 20.0, 0.9)], "", id="becomes sure"),
        pytest.param(None, [A], [(0.0, 40.0, 0.9)], "motion", id="grows twice as wide"),
        pytest.param(None, [A, (19.0, 20.0, 0.9)], [A, (16.0, 20.0, 0.9)], "", id="come near"),
        pytest.param(None, [A, (6.0, 20.0, 0.9)], [A, (6.0, 20.0, 0.9)], "", id="stay close"),
        pytest.param(
            None, [A, (1.0, 20.0, 0.9)], [A, (1.0, 20.0, 0.9)], "motion", id="in one place"
        ),
        pytest.param(None, [A, (9.0, 20.0, 0.9)], [A, (5.0, 20.0, 0.9)], "motion", id="meet"),
        pytest.param(None, [A, (8.0, 20.0, 0.9)], [(4.0, 20.0, 0.9)] * 2, "motion", id="cross"),
        pytest.param([], [A], [A], "", id="just came"),
        pytest.param([A], [], [], "", id="gone"),
    ],
)
def test_why_to_look_between(before, early, late, why):
    earlier = None if before is None else row(0, *before)
    assert why_look(row(3, *early), row(6, *late), earlier, sure_score=SURE) == why


FAR = (8.0, 20.0, 0.9)  # where `A` has walked fast to


@pytest.mark.parametrize(
    ("early", "late", "left"),
    [
        pytest.param([], [], [], id="nobody"),
        pytest.param([A], [A], [0.0, 0.0], id="stays"),
        pytest.param([A], [FAR], [], id="walks fast"),
        pytest.param([A], [(60.0, 20.0, 0.9)], [0.0, 60.0], id="one goes, another comes"),
        pytest.param([A, WEAK], [A, WEAK], [0.0, 0.0], id="somebody unsure"),
        pytest.param([WEAK, A], [FAR, (60.0, 20.0, 0.9)], [60.0], id="one walks, one stays"),
    ],
)
def test_places_that_somebody_walks_out_of_are_no_place_of_a_step(early, late, left):
    places = staying(row(3, *early), row(9, *late), sure_score=SURE)
    assert places.shape == (len(left), 4)
    assert places[:, 0].tolist() == left


@pytest.mark.parametrize(
    ("found", "drawn", "fine"),
    [
        pytest.param([], [], True, id="nobody"),
        pytest.param([A], [(1.0, 20.0, 0.9)], True, id="there"),
        pytest.param([A], [(5.0, 20.0, 0.9)], False, id="elsewhere"),
        pytest.param([A], [], False, id="not drawn"),
        pytest.param([WEAK], [], True, id="somebody unsure"),
        pytest.param([A, (60.0, 20.0, 0.9)], [A], False, id="one of two"),
    ],
)
def test_a_line_holds_if_everybody_found_lies_on_it(found, drawn, fine):
    assert agrees(row(3, *found), row(3, *drawn), sure_score=SURE) is fine


def pictures(levels, *, inside=None, first=0) -> FrameBatch:
    """Grey pictures of 96 x 54 px; `inside` = levels of the left half, where a box is."""
    rgb = np.array(levels, np.uint8).reshape(-1, 1, 1, 1).repeat(54, 1).repeat(96, 2).repeat(3, 3)
    if inside is not None:
        rgb[:, 20:54, 8:40] = np.array(inside, np.uint8).reshape(-1, 1, 1, 1)
    index = np.arange(first, first + len(rgb))
    return FrameBatch(index, tuple(Fraction(int(i)) for i in index), rgb)


LEFT, SPECK = [8.0, 20.0, 40.0, 54.0], [8.0, 20.0, 10.0, 22.0]


@pytest.mark.parametrize(
    ("levels", "inside", "box", "out"),
    [
        pytest.param([50], None, None, [], id="single"),
        pytest.param([50, 51, 52, 90, 91], None, None, [3], id="cut"),
        pytest.param([50, 52, 54, 56, 58], None, None, [], id="slow change of light"),
        pytest.param([50, 60, 70, 80, 90, 100], None, None, [1], id="always as much: motion"),
        pytest.param([50, 50, 50, 200, 50, 50], None, None, [3, 4], id="flash"),
        pytest.param([50] * 7, [90] * 4 + [105] * 3, LEFT, [4], id="somebody else in the box"),
        pytest.param([50] * 7, [90] * 4 + [105] * 3, SPECK, [], id="too small to tell"),
        pytest.param([50] * 7, [90] * 4 + [105] * 3, None, [], id="where nobody is"),
        pytest.param([50] * 16, [90] * 12 + [95, 105, 110, 120], LEFT, [12, 13], id="moves"),
        pytest.param([50] * 7, [90, 91, 90, 92, 90, 91, 90], LEFT, [], id="stays"),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 64])
def test_steps_that_stand_out(levels, inside, box, out, size):
    glances, whole = Glances(), pictures(levels, inside=inside)
    for k in range(0, len(whole), size):
        own = slice(k, k + size)
        glances.push(FrameBatch(whole.index[own], whole.time_s[own], whole.rgb[own]))
    people = np.array([] if box is None else [box], np.float32).reshape(-1, 4)
    assert glances.steps(0, len(levels) - 1, people) == out


def test_what_is_forgotten_does_not_grow():
    glances = Glances()
    for first in range(0, 400, 8):
        glances.push(pictures([50] * 8, first=first))
        glances.forget(first)
    assert len(glances._moved) <= 8 + 16


class Comer(Walker):
    """Finds a second character from frame `second` on, and until frame `gone`."""

    def __init__(self, second: int, gone: int) -> None:
        super().__init__()
        self._second, self._gone = second, gone

    def detect(self, batch: FrameBatch) -> Detections:
        self.searched += batch.index.tolist()
        rows = [row(f, (0.0, 20.0, 0.9), *[(50.0, 20.0, 0.7)] * (self._second <= f < self._gone))
                for f in batch.index.tolist()]  # fmt: skip
        return Detections.concat(rows)


@pytest.mark.parametrize("size", [1, 4, 7, 64])
@pytest.mark.parametrize(
    ("second", "gone", "searched"),
    [
        pytest.param(99, 99, [0, 8, 13], id="nothing happens"),
        pytest.param(6, 99, [0, 4, 5, 6, 8, 13], id="somebody comes"),
        pytest.param(7, 99, [0, 4, 6, 7, 8, 13], id="a frame later"),
        pytest.param(13, 99, [0, 8, 12, 13], id="in the last frame"),
        pytest.param(2, 11, [0, 1, 2, 4, 8, 10, 11, 12, 13], id="comes and goes"),
    ],
)
def test_whoever_comes_or_goes_does_so_in_the_right_frame(second, gone, searched, size):
    comer = Comer(second, gone)
    detector = StridedDetector(comer, 4, sure_score=SURE)
    rows = boxes_of(detector, 14, size)
    assert sorted(comer.searched) == searched
    assert detector.searched_count == len(searched)
    assert [f for f, left in rows if left == 50.0] == list(range(second, min(gone, 14)))
    assert np.flatnonzero(~detector.is_interpolated(np.arange(14))).tolist() == searched


@pytest.mark.parametrize(
    ("sure_score", "searched"),
    [
        pytest.param(0.7, [0, 4, 5, 6, 8, 13], id="who comes counts"),
        pytest.param(0.71, [0, 4, 8, 12, 13], id="he is too weak to"),
    ],
)
def test_only_who_is_sure_enough_is_a_reason_to_look(sure_score, searched):
    comer = Comer(6, 99)
    boxes_of(StridedDetector(comer, 4, sure_score=sure_score), 14, 4)
    assert sorted(comer.searched) == searched


@pytest.mark.parametrize(
    ("early", "late", "wanted"),
    [
        pytest.param([], [], True, id="nobody"),
        pytest.param([(0.0, 20.0, 0.9)], [(0.0, 20.0, 0.5)], True, id="one stays"),
        pytest.param([(0.0, 20.0, 0.9)], [(3.0, 20.0, 0.9)], False, id="he moves"),
        pytest.param([(0.0, 20.0, 0.9)], [(0.0, 20.0, 0.9), (50.0, 20.0, 0.1)], False, id="weak"),
        pytest.param([(0.0, 20.0, 0.2)], [(0.0, 20.0, 0.2)], False, id="doubted"),
        pytest.param([(0.0, 20.0, 0.9), (9.0, 20.0, 0.9)], [(0.0, 20.0, 0.9), (9.0, 20.0, 0.9)],
                     True, id="two apart"),
        pytest.param([(0.0, 20.0, 0.9), (1.0, 20.0, 0.9)], [(0.0, 20.0, 0.9), (1.0, 20.0, 0.9)],
                     False, id="who is who"),
    ],
)  # fmt: skip
def test_nobody_moves_where_every_box_stays(early, late, wanted):
    frames = row(0, *early), row(6, *late)
    assert all_stay(*frames, sure_score=SURE) == wanted


def test_scores_lie_on_the_line_where_the_search_was_watchful():
    early, late = row(0, (0.0, 20.0, 0.9)), row(4, (0.0, 20.0, 0.5))
    assert between(early, late, 1).score.tolist() == [0.5]
    assert between(early, late, 1, straight_scores=True).score == pytest.approx([0.8])


class Turner(Walker):
    """Finds one character who walks 1 px a frame, and back from frame `turn` on."""

    def __init__(self, turn: int) -> None:
        super().__init__()
        self._turn = turn

    def detect(self, batch: FrameBatch) -> Detections:
        self.searched += batch.index.tolist()
        left = [f if f <= self._turn else 2.0 * self._turn - f for f in batch.index.tolist()]
        return boxes_at(batch.index, np.array(left))


@pytest.mark.parametrize("size", [1, 4, 64])
@pytest.mark.parametrize(
    ("turn", "searched"),
    [
        pytest.param(99, [0, 4, 8, 12, 16], id="walks on"),
        pytest.param(8, [0, 4, 8, 10, 12, 16], id="turns where it was searched"),
        pytest.param(10, [0, 4, 8, 10, 12, 14, 16], id="turns between"),
    ],
)
def test_a_turn_is_halved_once(turn, searched, size):
    turner = Turner(turn)
    rows = boxes_of(StridedDetector(turner, 4, sure_score=SURE), 17, size)
    assert sorted(turner.searched) == searched
    wanted = [f if f <= turn else 2.0 * turn - f for f in range(17)]
    assert [left for _, left in rows] == pytest.approx(wanted, abs=1.01)


class Close(Walker):
    """Finds two characters in boxes that nearly cover each other, one of them until `gone`."""

    def __init__(self, gone: int) -> None:
        super().__init__()
        self._gone = gone

    def detect(self, batch: FrameBatch) -> Detections:
        self.searched += batch.index.tolist()
        rows = [row(f, A, *[(1.0, 20.0, 0.8)] * (f < self._gone)) for f in batch.index.tolist()]
        return Detections.concat(rows)


@pytest.mark.parametrize("size", [1, 4, 64])
@pytest.mark.parametrize(
    ("gone", "searched"),
    [
        pytest.param(99, [0, 4, 8, 12, 16], id="both stay: the middle says so"),
        pytest.param(13, [0, 4, 8, 12, 13, 14, 16], id="one goes"),
    ],
)
def test_two_who_stay_close_are_looked_at_once_a_span(gone, searched, size):
    close = Close(gone)
    boxes_of(StridedDetector(close, 8, sure_score=SURE), 17, size)
    assert sorted(close.searched) == searched


class Still(Walker):
    """Finds one character in the left half of the picture, always."""

    def detect(self, batch: FrameBatch) -> Detections:
        self.searched += batch.index.tolist()
        return Detections.concat([
            Detections(np.array([f]), np.array([LEFT], np.float32), np.ones(1, np.float32),
                       np.zeros(1, np.int32)) for f in batch.index.tolist()
        ])  # fmt: skip


@pytest.mark.parametrize("size", [1, 4, 64])
@pytest.mark.parametrize(
    ("inside", "searched"),
    [
        pytest.param([90] * 17, [0, 16], id="nothing happens"),
        pytest.param([90] * 11 + [120] * 6, [0, 8, 10, 11, 16], id="somebody else stands there"),
        pytest.param([90] * 9 + [120] * 8, [0, 8, 9, 16], id="right after a searched one"),
    ],
)
def test_both_pictures_of_a_step_of_looks_are_searched(inside, searched, size):
    still, whole = Still(), pictures([50] * len(inside), inside=inside)
    detector = StridedDetector(still, 8, sure_score=SURE)
    for k in range(0, len(whole), size):
        own = slice(k, k + size)
        detector.push(FrameBatch(whole.index[own], whole.time_s[own], whole.rgb[own]))
    detector.finish()
    assert sorted(still.searched) == searched
