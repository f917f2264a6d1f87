from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tracker.stillness import StirOfShots, without_pictures
from tracker.tracklets import Tracklet

FPS = 10.0
PICTURE: dict[str, Any] = {"picture_px": (320, 180), "fps": FPS}
LEFT, RIGHT, SPECK = [40, 20, 120, 160], [200, 20, 280, 160], [2, 2, 8, 8]


def tracklet(number, box, count=20, moves_px=0.0):
    boxes = np.tile(np.array(box, np.float32), (count, 1))
    boxes[:, ::2] += np.linspace(0, moves_px, count)[:, None]
    return Tracklet(number, 0, np.arange(count), boxes, np.full(count, 0.8, np.float32))


def stir(left, right):
    change = np.zeros((54, 96), np.float32)
    change[:, :48], change[:, 48:] = left, right
    return change


@pytest.mark.parametrize(
    ("given", "change", "kept"),
    [
        pytest.param([], stir(0, 0), [], id="nobody"),
        pytest.param([(LEFT, 20, 0)], stir(1, 1), [0], id="alone"),
        pytest.param([(LEFT, 20, 0), (RIGHT, 20, 0)], stir(1, 60), [1], id="a portrait"),
        pytest.param([(LEFT, 20, 0), (RIGHT, 20, 0)], stir(6, 60), [0, 1], id="who sits still"),
        pytest.param([(LEFT, 20, 0), (RIGHT, 20, 0)], stir(1, 2), [0, 1], id="a frozen clip"),
        pytest.param([(LEFT, 19, 0), (RIGHT, 20, 0)], stir(1, 60), [0, 1], id="seen for a moment"),
        pytest.param([(LEFT, 20, 40), (RIGHT, 20, 0)], stir(1, 60), [0, 1], id="a box that moves"),
        pytest.param([(SPECK, 20, 0), (RIGHT, 20, 0)], stir(1, 60), [0, 1], id="too small to tell"),
    ],
)
def test_what_never_stirs_while_others_do_is_nobody(given, change, kept):
    tracklets = [tracklet(5 + k, *row) for k, row in enumerate(given)]
    got = without_pictures(tracklets, change, **PICTURE)
    assert [t.xyxy.tolist() for t in got] == [tracklets[k].xyxy.tolist() for k in kept]
    assert [t.tracklet_id for t in got] == [5 + k for k in range(len(kept))]


def test_stir_is_that_of_the_shot_alone():
    known = StirOfShots()
    for frame, grey in enumerate((10, 12, 11, 200, 230, 50)):
        known.push(frame, np.full((1, 1), grey, np.uint8), cuts=[3, 5])
    assert [float(known.between(*span)[0, 0]) for span in ((0, 3), (3, 5), (5, 6))] == [2, 30, 0]
    assert float(known.between(0, 6)[0, 0]) == 220  # a cut that was none after all
