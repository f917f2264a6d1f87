"""Heads exchanged between two people: face, hair and hat, and nothing of their clothes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from castcheck.planting.masks import GRID_PX, Shape, placed, taken
from castcheck.planting.plan import Plan, Stock, pairs_of
from castcheck.planting.timeline import onset_for, plain, with_onset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from castcheck.planting.material import Material
    from castcheck.planting.paste import Painter
    from castcheck.planting.track import Track

    Floats = NDArray[np.float32]

_LEAST_HEAD_PX = 20.0  # tall: of less no one sees whose it is
_MAX_RATIO = 1.8  # of the heights of two heads: more, and the smaller one is a blur
_MAX_TURN = 0.6  # of cosines: a face on a head that is seen from behind is no exchange
_ROOM = 0.15  # of a head's height, on each side: hair reaches out of the box
_SOFT = 0.35  # of the way from the edge of the ellipse to its middle


def exchange_heads(stock: Stock, rng: np.random.Generator) -> Plan | str:
    """Exchange the heads of two people."""
    material, reason = stock.material, "fewer than two people are seen long enough"
    for one, two in pairs_of(material, rng):
        tall = [_head_height_px(track) for track in (one, two)]
        if min(tall) < _LEAST_HEAD_PX:
            reason = f"no two heads are {_LEAST_HEAD_PX:.0f} pixels tall"
        elif max(tall) > _MAX_RATIO * min(tall):
            reason = "no two heads are of similar size"
        elif abs(one.facing - two.facing) > _MAX_TURN:
            reason = "no two are turned to the camera as much"
        elif (at := onset_for(material, [one, two], rng)) is not None:
            return Plan(
                "attribute_swap",
                replace(with_onset(plain(material), at, 1), where="head"),
                with_heads(material, [(one, two), (two, one)]),
                (one.name, two.name),
                until=len(material.frames),
                strength_of=(one.name, two.name),
                changes=head_shape,
            )
    return reason


def _head_height_px(track: Track) -> float:
    """Return how tall a head usually is; 0 where no network has found one."""
    if track.head is None:
        return 0.0
    heights_px = track.boxes[:, 3] - track.boxes[:, 1]
    return float((track.head[3] - track.head[1]) * np.median(heights_px))


def with_heads(material: Material, pairs: list[tuple[Track, Track]]) -> Painter:
    """Draw, on the first of each pair, the head of the second as it is at the same time."""

    def paint(frame: int) -> Floats:
        before = material.frames[frame].astype(np.float32)
        picture = before.copy()
        for place, donor in pairs:
            here, there = head_shape(place, frame), head_shape(donor, frame)
            if here is None or there is None:
                continue
            size = (
                max(4, round(here.rect[2] - here.rect[0])),
                max(4, round(here.rect[3] - here.rect[1])),
            )
            head = placed(taken(before, there.rect, size), here.rect, material.size, edge=1)
            weight = here.full(material.size)[..., None]
            picture = picture * (1 - weight) + head * weight
        return np.asarray(picture, np.float32)

    return paint


def head_shape(track: Track, frame: int) -> Shape | None:
    """Return an ellipse around a head, with some room; `None` = there is none."""
    box = track.at(frame)
    if box is None or track.head is None:
        return None
    low, size = box[:2], box[2:] - box[:2]
    x1, y1 = (float(v) for v in low + track.head[:2] * size)
    x2, y2 = (float(v) for v in low + track.head[2:] * size)
    room = _ROOM * (y2 - y1)
    return Shape((x1 - room, y1 - room, x2 + room, y2 + room), _ellipse(GRID_PX))


def _ellipse(side_px: int) -> Floats:
    """Return (S, S) what is inside a circle that fills a square, soft at the edge."""
    at = (np.arange(side_px, dtype=np.float32) + 0.5) / side_px * 2 - 1
    return np.asarray(np.clip((1 - np.hypot(at[None, :], at[:, None])) / _SOFT, 0, 1), np.float32)
