"""Who vanishes and who only is not seen: boxes and pixels tell, on films made of rectangles."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from identity.evidence.place_changes import changes_of_place
from identity.explanations.model import DecisionModel, bundled_model
from identity.explanations.presence import (
    FEATURES,
    explain_absence,
    find_presence_candidates,
    path_of,
)
from scenes.shots import Shot

HEIGHT, WIDTH = 100, 160
FRAMES, AT = 36, 18
SHOT = Shot(0, 0, FRAMES, "start")
ALL = np.array([0, 0, WIDTH, HEIGHT], np.float32)
FRAMINGS = {"wide": (60, 20, 90, 90), "close-up": (25, 5, 115, 100)}


def body(first, last, box, *, speed=0.0, score=0.8, cut=WIDTH):
    """Return boxes from a first to a last frame, that move to the right, up to where they end."""
    frames = np.arange(first, last + 1)
    x1, y1, x2, y2 = box
    rows = [(x1 + speed * f, y1, min(x2 + speed * f, cut), y2) for f in range(len(frames))]
    scores = np.full(len(frames), score, np.float32)
    return SimpleNamespace(frame=frames, xyxy=np.array(rows, np.float32), score=scores)


def film(box, *, until=AT, light=lambda _: 0, speed=0.0, screen=None, fades=1):
    """Return pictures of noise with somebody in a box up to a frame.

    Args:
        box: Where he is at first.
        until: The first frame without him.
        light: Levels that are added at a frame.
        speed: Pixels he moves to the right in a frame.
        screen: From when on a screen slides over him, a twelfth of his width each frame.
        fades: Frames he takes to go.
    """
    rng = np.random.default_rng(3)
    wall = np.kron(rng.integers(90, 200, (HEIGHT // 10, WIDTH // 10, 3)), np.ones((10, 10, 1)))
    x1, y1, x2, y2 = box
    rows, columns = -(-(y2 - y1) // 5), -(-(x2 - x1) // 5)
    person = np.kron(rng.integers(0, 80, (rows, columns, 3)), np.ones((5, 5, 1)))
    person = person[: y2 - y1, : x2 - x1]
    pictures = []
    for frame in range(FRAMES):
        picture = wall.copy()
        share = float(np.clip((until - frame) / fades, 0, 1))
        left = x1 + round(speed * frame)
        wide = max(0, min(x2 - x1, WIDTH - left))
        under = picture[y1:y2, left : left + wide]
        picture[y1:y2, left : left + wide] = share * person[:, :wide] + (1 - share) * under
        if screen is not None and frame >= screen:
            picture[:, x1 - 5 : x1 - 5 + (x2 - x1 + 10) * (frame - screen + 1) // 12] = 230
        picture += light(frame) + rng.normal(0, 2, picture.shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(pictures)


def said(pictures, *bodies):
    """Return the frame at which the first body is gone, and how sure; `None` = nothing to say."""
    found = find_presence_candidates(bodies, SHOT, size_px=(WIDTH, HEIGHT))
    gaps = [gap for gap in found if gap.track == 0]
    if not gaps:
        return None
    (gap,) = gaps
    changes = changes_of_place(
        gap.path, gap.window, pictures[list(gap.window)], ALL, gap.in_front,
        ends_at=gap.frame, appears=gap.kind == "pop_in",
    )  # fmt: skip
    told = explain_absence(gap, changes)
    return None if told is None else (told.frame, told.log_odds)


HALF_A_HEIGHT = -30


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize(
    ("made", "last", "other"),
    [
        pytest.param({}, AT - 1, None, id="vanishes"),
        pytest.param({}, AT - 4, None, id="missed by the detector before"),
        pytest.param({"fades": 4}, AT - 3, None, id="fades"),
        pytest.param({"speed": 3}, AT - 1, None, id="walks and vanishes"),
        pytest.param({"speed": 3}, AT - 3, None, id="walks, and the detector misses him before"),
        pytest.param({"speed": 3, "fades": 4}, AT - 3, None, id="walks and fades"),
        pytest.param({}, AT - 1, (0.6, 0, 2, 0), id="beside somebody"),
        pytest.param({}, AT - 1, (-0.1, -0.1, 1.1, -0.2), id="before somebody further away"),
    ],
)
def test_who_is_gone_in_full_view(name, made, last, other):
    box = FRAMINGS[name]
    start = (
        box[0] - made.get("speed", 0) * 8,
        *box[1:2],
        box[2] - made.get("speed", 0) * 8,
        box[3],
    )
    walker = body(0, last, start, speed=made.get("speed", 0.0))
    found = said(film(start, **made), walker, *others(box, other))
    assert found is not None
    frame, log_odds = found
    assert abs(frame - AT) <= 2
    assert log_odds > 0


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize(
    ("made", "last", "other"),
    [
        pytest.param({"until": 99}, AT - 1, None, id="only missed by the detector"),
        pytest.param({"until": 99, "speed": 3}, AT - 1, None, id="walks on, missed by it"),
        pytest.param({"until": 99, "screen": AT - 6}, AT - 1, None, id="goes behind something"),
        pytest.param({"until": 99, "light": lambda f: 60 * (f >= AT)}, AT - 1, None, id="light"),
        pytest.param({"until": 99, "light": lambda f: 60 * (f == AT)}, AT - 1, None, id="a flash"),
        pytest.param({}, AT - 1, (-0.3, -0.1, 1.3, 0.09), id="somebody stands before him"),
        pytest.param({"until": AT + 11}, AT - 1, None, id="too late to be it"),
    ],
)
def test_who_is_not(name, made, last, other):
    box = FRAMINGS[name]
    walker = body(0, last, box, speed=made.get("speed", 0.0))
    found = said(film(box, **made), walker, *others(box, other))
    assert found is None or found[1] < 0


@pytest.mark.parametrize(("name", "speed"), [("wide", 6.5), ("close-up", 6.5)])
def test_who_walks_out_over_the_edge(name, speed):
    box = FRAMINGS[name]
    last = int((WIDTH - 8 - box[0]) / speed)
    walker = body(0, last, box, speed=speed)
    found = said(film(box, until=99, speed=speed), walker)
    assert found is None or found[1] < 0


def panned(step, *, box=FRAMINGS["wide"]):
    """Return what is said of how somebody who stands goes, where the camera moves from AT on.

    Args:
        step: Pixels a frame by which it moves, for ten frames.
        box: Of who stands there; the detector loses him with the second step.
    """
    rng = np.random.default_rng(3)
    x1, y1, x2, y2 = box
    wall = np.kron(rng.integers(90, 200, (HEIGHT // 10, WIDTH // 2, 3)), np.ones((10, 10, 1)))
    person = rng.integers(0, 80, ((y2 - y1) // 5, (x2 - x1) // 5, 3))
    wall[y1:y2, x1:x2] = np.kron(person, np.ones((5, 5, 1)))
    shifts = [step * int(np.clip(frame - AT + 1, 0, 10)) for frame in range(FRAMES)]
    pictures = np.stack([wall[:, shift : shift + WIDTH] for shift in shifts])
    pictures = np.clip(pictures + rng.normal(0, 2, pictures.shape), 0, 255).astype(np.uint8)
    boxes = body(0, AT, box)
    boxes.xyxy[-1, ::2] -= step
    (gap,) = find_presence_candidates([boxes], SHOT, size_px=(WIDTH, HEIGHT))
    changes = changes_of_place(
        gap.path, gap.window, pictures[list(gap.window)], ALL, gap.in_front, ends_at=gap.frame
    )
    return explain_absence(gap, changes), changes


@pytest.mark.parametrize(
    ("step", "widths"),
    [
        pytest.param(0, 0, id="stands"),
        pytest.param(3, 0.1, id="goes along"),
        pytest.param(20, 2 / 3, id="whips round"),
    ],
)
def test_how_fast_the_camera_moves(step, widths):
    _, changes = panned(step)
    # Less than it is, as pictures full of noise are not quite the same, moved on.
    assert 0.7 * widths <= changes.features["sweep"].max() <= widths + 0.03


@pytest.mark.parametrize("step", [10, 20, 30])
def test_nobody_vanishes_where_the_camera_whips_round(step):
    told, _ = panned(step)
    assert told is None or told.log_odds < -1


def others(box, share):
    """Return somebody whose box lies at these shares of the other's sides, from its upper left."""
    if share is None:
        return []
    x1, y1, x2, y2 = box
    a, b, c, d = share
    wide, high = x2 - x1, y2 - y1
    return [body(0, 35, (x1 + a * wide, y1 + b * high, x1 + c * wide, y2 + d * high))]


def test_backwards_it_is_somebody_who_pops_in():
    box = FRAMINGS["wide"]
    frame, log_odds = said(film(box)[::-1], body(FRAMES - AT, FRAMES - 1, box))
    assert (frame, log_odds > 0) == (FRAMES - AT, True)


@pytest.mark.parametrize(
    ("bodies", "expect"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param([(0, 35)], [], id="there all the time"),
        pytest.param([(0, 20)], [("vanish", 0, 21)], id="ends"),
        pytest.param([(9, 35)], [("pop_in", 0, 9)], id="begins"),
        pytest.param([(9, 20)], [("vanish", 0, 21), ("pop_in", 0, 9)], id="comes and goes"),
        pytest.param([(0, 33)], [], id="away for the last two"),
        pytest.param([(0, 32)], [("vanish", 0, 33)], id="away for the last three"),
        pytest.param([(2, 35)], [], id="away for the first two"),
        pytest.param([(3, 35)], [("pop_in", 0, 3)], id="away for the first three"),
        pytest.param([(20, 22)], [], id="three boxes"),
        pytest.param([(0, 3)], [("vanish", 0, 4)], id="four boxes"),
        pytest.param([(0, 20), (24, 35)], [], id="another box takes over"),
        pytest.param(
            [(0, 20), (25, 35)], [("vanish", 0, 21), ("pop_in", 1, 25)], id="too late for that"
        ),
        pytest.param(
            [(0, 20), (22, 35, 100)], [("vanish", 0, 21), ("pop_in", 1, 22)],
            id="another box begins elsewhere",
        ),
    ],
)  # fmt: skip
def test_candidates(bodies, expect):
    made = [
        body(first, last, np.array(FRAMINGS["wide"]) + np.array([*aside, 0][0]))
        for first, last, *aside in bodies
    ]
    found = find_presence_candidates(made, SHOT, size_px=(WIDTH, HEIGHT))
    assert [(g.kind, g.track, g.frame) for g in found] == expect


@pytest.mark.parametrize(
    ("aside", "expect"),
    [
        pytest.param(0, [("vanish", 0), ("pop_in", 1)], id="where he was long ago"),
        pytest.param(22 * 4, [], id="where he ought to be by now"),
        pytest.param(27 * 4, [("vanish", 0), ("pop_in", 1)], id="where nobody gets so soon"),
    ],
)
def test_another_box_takes_over_where_he_goes(aside, expect):
    walker = body(0, 18, (5, 20, 25, 90), speed=4)
    other = body(22, 35, (5 + aside, 20, 25 + aside, 90), speed=4)
    found = find_presence_candidates([walker, other], SHOT)
    assert [(g.kind, g.track) for g in found] == expect


STANDS = np.array([(60, 20, 90, 90)] * 12, np.float32)
WALKS = STANDS + np.arange(12, dtype=np.float32)[:, None] * (3, 0, 3, 0)
HALF_SEEN = WALKS.copy()
HALF_SEEN[-1] += (12, 0, 0, -30)


@pytest.mark.parametrize(
    ("xyxy", "asked", "expect"),
    [
        pytest.param(STANDS, 4, (60, 20, 90, 90), id="as he is seen"),
        pytest.param(STANDS, 15, (60, 20, 90, 90), id="stands where he stood"),
        pytest.param(WALKS, 13, (99, 20, 129, 90), id="goes on as he went"),
        pytest.param(WALKS, 19, (117, 20, 147, 90), id="for eight frames"),
        pytest.param(WALKS, 30, (117, 20, 147, 90), id="and no farther"),
        pytest.param(WALKS, -5, (60, 20, 90, 90), id="not before his first box"),
        pytest.param(HALF_SEEN, 13, (99, 20, 129, 90), id="whatever the last box shows"),
        pytest.param(WALKS[:1], 9, (60, 20, 90, 90), id="a single box"),
    ],
)
def test_where_somebody_ought_to_be(xyxy, asked, expect):
    path = path_of(np.arange(len(xyxy)), xyxy, np.array([asked]))
    assert path[0].tolist() == pytest.approx(expect, abs=1.5)


def test_nobody_ought_to_be_anywhere():
    with pytest.raises(ValueError, match="axis"):
        path_of(np.arange(0), STANDS[:0], np.array([3]))


@pytest.mark.parametrize(
    ("scores", "expect"),
    [
        pytest.param([0.8] * 20 + [0.35] * 16, [("vanish", 20)], id="weak boxes go on"),
        pytest.param([0.35] * 9 + [0.8] * 27, [("pop_in", 9)], id="weak boxes before"),
        pytest.param([0.8] * 20 + [0.35] + [0.8] * 15, [], id="one weak box"),
        pytest.param([0.8] * 20 + [0.3] * 8 + [0.8] * 8, [], id="weak for a while"),
        pytest.param([0.8] * 20 + [0.42] * 16, [], id="less sure, but sure"),
        pytest.param([0.35] * 36, [], id="never sure"),
        pytest.param([0.35] * 20, [("vanish", 20)], id="never sure, and gone"),
        pytest.param([0.8] * 3 + [0.35] * 33, [], id="hardly ever sure"),
    ],
)
def test_where_only_weak_boxes_go_on_somebody_may_be_gone(scores, expect):
    one = body(0, len(scores) - 1, FRAMINGS["wide"])
    one.score[:] = scores
    found = find_presence_candidates([one], SHOT, size_px=(WIDTH, HEIGHT))
    assert [(g.kind, g.frame) for g in found] == expect


@pytest.mark.parametrize(
    ("first", "last", "vanish", "pop_in"),
    [(30, 45, range(25, 64), range(12, 51)), (4, 75, range(55, 80), range(25))],
    ids=["in the middle", "within the shot"],
)
def test_frames_that_are_read_around_an_end(first, last, vanish, pop_in):
    shot = Shot(0, 0, 80, "start")
    gone, come = find_presence_candidates([body(first, last, FRAMINGS["wide"])], shot)
    assert (gone.window, come.window) == (tuple(vanish), tuple(pop_in))
    assert (gone.frame, gone.seen_frame) == (last + 1, last)
    assert (come.frame, come.seen_frame) == (first, first)


@pytest.mark.parametrize(
    ("who", "other", "name", "value"),
    [
        pytest.param({}, None, "score", 0.8, id="how sure the detector is"),
        pytest.param({}, None, "leaves", 0, id="stands"),
        pytest.param({"speed": 3, "at": 20}, None, "leaves", 0, id="walks in the middle"),
        pytest.param({"speed": 6, "at": 72}, None, "leaves", 42 / 19, id="walks out"),
        pytest.param({"at": 75}, None, "leaves", 0, id="stands at the edge"),
        pytest.param({"sinks": 3}, None, "leaves", 21 / 30, id="walks out below"),
        pytest.param({"speed": 6, "at": 72}, None, "shrinks", 0.9, id="is cut by the edge"),
    ],
)
def test_what_boxes_say(who, other, name, value):
    x1, y1, x2, y2 = FRAMINGS["wide"]
    box = (who.get("at", x1), y1, who.get("at", x1) + x2 - x1, y2)
    bodies = [body(0, 15, box, speed=who.get("speed", 0)), *others(FRAMINGS["wide"], other)]
    if "sinks" in who:
        bodies[0].xyxy[:, 1] += who["sinks"] * bodies[0].frame
        bodies[0].xyxy[:, 3] = HEIGHT
    gap = find_presence_candidates(bodies, SHOT, size_px=(WIDTH, HEIGHT))[0]
    assert gap.features is not None
    assert gap.features[name] == pytest.approx(value, abs=0.1)


def test_a_box_that_swells_for_a_moment_hides_nobody():
    box = FRAMINGS["wide"]
    other = body(0, 35, (10, 20, 60, 90))
    other.xyxy[AT - 3 : AT, 2] = 85
    gone = find_presence_candidates([body(0, AT - 1, box), other], SHOT)[0]
    for before in gone.in_front:
        assert before.tolist() == [[10, 20, 60, 90]]


@pytest.mark.parametrize(
    ("share", "hidden"),
    [
        pytest.param((0.5, 0, 2, 0), True, id="half of him is covered"),
        pytest.param((0.5, 0, 2, -0.1), False, id="by somebody further away"),
    ],
)
def test_who_stands_before_him(share, hidden):
    box = FRAMINGS["wide"]
    gone = find_presence_candidates([body(0, 15, box), *others(box, share)], SHOT)[0]
    assert [len(before) for before in gone.in_front] == [int(hidden)] * len(gone.window)


def test_the_model_knows_every_feature_and_its_sign():
    weights = bundled_model("presence.json")["presence"].weights
    assert list(weights) == list(FEATURES)
    for name, (low, high) in FEATURES.items():
        assert low is None or weights[name] >= 0
        assert high is None or weights[name] <= 0


def test_nothing_is_said_where_nothing_can_be_judged():
    box = FRAMINGS["wide"]
    (gap,) = find_presence_candidates([body(0, 20, box)], SHOT)
    nobody = changes_of_place(
        gap.path[:3], gap.window[:3], film(box)[:3], ALL, gap.in_front[:3], ends_at=gap.frame
    )
    assert explain_absence(gap, nobody) is None
    assert isinstance(bundled_model("presence.json"), DecisionModel)
