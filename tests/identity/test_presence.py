"""Who vanishes and who only is not seen: the pixels tell, on films made of rectangles."""

from __future__ import annotations

from dataclasses import replace
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

HEIGHT, WIDTH = 100, 160
FRAMES = range(14)
AT = 6
BOX = np.array([60, 20, 90, 90], np.float32)
ALL = np.array([0, 0, WIDTH, HEIGHT], np.float32)


def film(*, person_until=AT, light=lambda _: 0, speed=0, screen_from=None):
    """Return pictures of noise with a person in BOX up to a frame; a screen slides over them."""
    rng = np.random.default_rng(3)
    wall = rng.integers(90, 160, (HEIGHT, WIDTH, 3)).astype(float)
    person = rng.integers(0, 80, (70, 30, 3)).astype(float)
    pictures = []
    for frame in FRAMES:
        picture = wall.copy()
        if frame < person_until:
            left = 60 + speed * frame
            picture[20:90, left : left + 30] = person
        if screen_from is not None and frame >= screen_from:
            edge = min(30, 5 * (frame - screen_from + 1))
            picture[15:95, 60 : 60 + edge] = 200
        picture += light(frame) + rng.normal(0, 2, picture.shape)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(pictures)


def gap(kind="vanish", frame=AT):
    return PresenceCandidate(kind, 0, frame, frame - 1, tuple(FRAMES), BOX)


def said(pictures, *, who=None, others=()):
    who = who or gap()
    boxes = [np.array(others, np.float32).reshape(-1, 4)] * len(FRAMES)
    step = largest_step(who, pictures, ALL, boxes)
    if step is None or not is_gap(who, step, min_ratio=2.0):
        return None
    return step.frame


@pytest.mark.parametrize(
    ("pictures", "who", "others", "expect"),
    [
        pytest.param(film(), gap(), (), AT, id="vanishes"),
        pytest.param(film(), gap(frame=AT - 3), (), AT, id="missed by the detector before"),
        pytest.param(film()[::-1], gap("pop_in", 8), (), 8, id="pops in"),
        pytest.param(film(), gap(), [(75, 20, 90, 90)], AT, id="half behind somebody"),
        pytest.param(film(person_until=99), gap(), (), None, id="only missed by the detector"),
        pytest.param(film(), gap(), [(50, 10, 100, 99)], None, id="somebody stands before him"),
        pytest.param(film(), gap(), [(50, 10, 100, 84)], AT, id="before somebody further away"),
        pytest.param(film(), gap(), [(50, 10, 100, 89)], None, id="beside somebody as near"),
        pytest.param(film(person_until=99, screen_from=3), gap(), (), None, id="goes behind"),
        pytest.param(
            film(person_until=99, light=lambda f: 60 * (f >= AT)), gap(), (), None, id="light"
        ),
        pytest.param(
            film(person_until=99, light=lambda f: 60 * (f == AT)), gap(), (), None, id="a flash"
        ),
        pytest.param(film(person_until=99, speed=3), gap(), (), None, id="walks on"),
        pytest.param(film(person_until=AT + 7), gap(), (), None, id="too late to be it"),
    ],
)
def test_pixels_tell_who_is_gone(pictures, who, others, expect):
    assert said(pictures, who=who, others=others) == expect


def body(first, last, box=BOX):
    frames = np.arange(first, last + 1)
    return SimpleNamespace(frame=frames, xyxy=np.tile(box, (len(frames), 1)))


SHOT = Shot(0, 0, 48, "start")


@pytest.mark.parametrize(
    ("bodies", "score", "expect"),
    [
        pytest.param([], 0.9, [], id="nobody"),
        pytest.param([body(0, 47)], 0.9, [], id="there all the time"),
        pytest.param([body(0, 20)], 0.9, [("vanish", 21)], id="ends"),
        pytest.param([body(9, 47)], 0.9, [("pop_in", 9)], id="begins"),
        pytest.param([body(0, 45)], 0.9, [], id="ends with the shot, nearly"),
        pytest.param([body(20, 22)], 0.9, [], id="too short"),
        pytest.param([body(0, 20)], 0.3, [], id="hardly a person to the detector"),
        pytest.param([body(0, 20), body(22, 47)], 0.9, [], id="another box takes over"),
        pytest.param(
            [body(0, 20), body(22, 47, BOX + 100)], 0.9, [("vanish", 21), ("pop_in", 22)],
            id="another box begins elsewhere",
        ),
    ],
)  # fmt: skip
def test_candidates(bodies, score, expect):
    scores = [np.full(len(b.frame), score, np.float32) for b in bodies]
    assert [(g.kind, g.frame) for g in find_presence_candidates(bodies, scores, SHOT)] == expect


def hidden_meanwhile(last, again, box=BOX, *, covered=0.0):
    """Return a body that has no boxes between two frames."""
    frames = np.array([*range(last + 1), *range(again, 48)])
    return SimpleNamespace(
        frame=frames,
        xyxy=np.tile(box, (len(frames), 1)),
        looks=SimpleNamespace(covered=np.full(len(frames), covered)),
    )


@pytest.mark.parametrize(
    ("other", "reveals"),
    [
        pytest.param(hidden_meanwhile(15, 21), True, id="seen again at this frame"),
        pytest.param(hidden_meanwhile(15, 23), False, id="later"),
        pytest.param(hidden_meanwhile(20, 21), False, id="never hidden"),
        pytest.param(hidden_meanwhile(20, 21, covered=0.7), True, id="followed, though hidden"),
        pytest.param(hidden_meanwhile(20, 21, covered=0.5), False, id="followed, half hidden"),
        pytest.param(hidden_meanwhile(15, 21, BOX + 40), False, id="elsewhere"),
        pytest.param(body(21, 47, BOX + 40), False, id="never seen before"),
    ],
)
def test_whoever_vanishes_before_somebody_reveals_him(other, reveals):
    bodies = [body(0, 20), other]
    scores = [np.full(len(b.frame), 0.9, np.float32) for b in bodies]
    (found,) = [g for g in find_presence_candidates(bodies, scores, SHOT) if g.track == 0]
    assert found.reveals is reveals


@pytest.mark.parametrize(
    ("reveals", "ratio", "frame", "expect"),
    [
        (False, 2.1, AT, True), (False, 1.3, AT, False), (False, 2.1, AT + 3, True),
        (True, 1.3, AT, True), (True, 1.05, AT, False), (True, 2.1, AT + 3, False),
    ],
)  # fmt: skip
def test_less_is_asked_of_the_pixels_where_somebody_is_revealed(reveals, ratio, frame, expect):
    who = replace(gap(), reveals=reveals)
    step = PixelStep(frame, levels=20, ratio=ratio, lasting=1, share=0.7)
    assert is_gap(who, step, min_ratio=2.0) is expect
