"""When what is shown: which frame, through which view, with how much of the error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tracker import boxes as box_math

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from castcheck.planting.material import Material
    from castcheck.planting.track import Track

    Image = NDArray[np.uint8]
    Floats = NDArray[np.float32]

    Filter = Callable[[int, Image], Image]

View = tuple[float, float, float, float]

SIDE_FRAMES = 5  # of before and after at least
SIDE_S = 0.5
_JUMP_S = 0.6  # what a cut leaves out
_INSERT_S = 0.8
_ZOOMS = (1.18, 1.38)
_MIN_IN_VIEW = 0.6  # of a box that counts, after the cut


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One picture of the clip to be made.

    Attributes:
        material: Where it comes from.
        frame: Of that window.
        view: What part of the picture is shown, stretched to all of it; `None` = all.
        amount: How much of the error, in [0, 1].
    """

    material: Material
    frame: int
    view: View | None = None
    amount: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """The pictures of a clip to be made, in order.

    Attributes:
        steps: One per picture.
        cuts: First pictures of all shots but the first.
        where: How the error comes: "open", "crossing", "cut", "cut back", "boundary" ...
        onset: The picture the error counts from: the first with more than half of it.
        onset_frames: Over how many it comes.
        filter: What is done to every picture last; of look-alikes alone.
        sound_s: From when on the sound of the source goes along; `None` = it does not fit.
    """

    steps: tuple[Step, ...]
    cuts: tuple[int, ...] = ()
    where: str = "open"
    onset: int = 0
    onset_frames: int = 1
    filter: Filter | None = field(default=None, repr=False)
    sound_s: float | None = None

    @property
    def shots(self) -> list[tuple[int, int]]:
        """First and past-the-last picture of every shot."""
        edges = [0, *self.cuts, len(self.steps)]
        return list(pairwise(edges))


def plain(material: Material) -> Take:
    """Return the window as it is."""
    steps = tuple(Step(material, f) for f in range(len(material.frames)))
    return Take(steps, sound_s=float(material.start_s))


def with_onset(take: Take, at: int, over: int, *, until: int | None = None) -> Take:
    """Return a take whose error comes at picture `at`, over `over` pictures (1 = at once)."""
    count = len(take.steps)
    if over <= 1:
        ramp = (np.arange(count) >= at).astype(np.float64)
    else:
        ramp = np.clip((np.arange(count) - (at - over / 2) + 0.5) / over, 0, 1)
    if until is not None:
        ramp[until:] = 0
    steps = tuple(replace(s, amount=float(a)) for s, a in zip(take.steps, ramp, strict=True))
    onset = int(np.argmax(ramp > 0.5)) if bool((ramp > 0.5).any()) else at
    return replace(take, steps=steps, onset=onset, onset_frames=max(1, over))


def side_frames(material: Material) -> int:
    """Return how much of before and after there has to be."""
    return max(SIDE_FRAMES, round(SIDE_S * material.fps))


def onset_for(
    material: Material, tracks: list[Track], rng: np.random.Generator, *, over: int = 1
) -> int | None:
    """Return when an error of these people may begin; `None` = they are not seen long enough."""
    side = side_frames(material) + over // 2
    early = max(t.start for t in tracks) + side
    late = min(t.stop for t in tracks) - side
    if late < early:
        return None
    middle, reach = (early + late) / 2, 0.35 * (late - early)
    return round(middle + rng.uniform(-reach, reach))


def crossing_of(material: Material, one: Track, two: Track) -> int | None:
    """Return when one of two passes the other: apart, then over each other, then apart."""
    both = range(max(one.start, two.start), min(one.stop, two.stop))
    side = side_frames(material)
    if len(both) < 2 * side:
        return None
    a, b = (t.boxes[both[0] - t.start : both[-1] + 1 - t.start] for t in (one, two))
    overlap = box_math.paired_iou(a.astype(np.float32), b.astype(np.float32))
    centre = (a[:, 0] + a[:, 2]) - (b[:, 0] + b[:, 2])
    at = int(np.argmax(overlap))
    if not side <= at <= len(both) - side or overlap[at] < 0.25:
        return None
    apart = overlap[:side].min() < 0.1 and overlap[-side:].min() < 0.1
    return both[at] if apart and centre[0] * centre[-1] < 0 else None


def other_view(material: Material, frames: range, rng: np.random.Generator) -> View | None:
    """Return a closer view with everybody in it; `None` = somebody would be cut off."""
    width, height = material.size
    zoom = float(rng.uniform(*_ZOOMS))
    w, h = width / zoom, height / zoom
    seen = [b for t in material.tracks for f in frames if (b := t.at(f)) is not None]
    if not seen:
        return None
    table = np.stack(seen)
    cx = float((table[:, 0].min() + table[:, 2].max()) / 2)
    cy = float((table[:, 1].min() + table[:, 3].max()) / 2) - 0.05 * height
    x = float(np.clip(cx - w / 2 + rng.uniform(-0.04, 0.04) * width, 0, width - w))
    y = float(np.clip(cy - h / 2, 0, height - h))
    view = (x, y, x + w, y + h)
    shown = [in_view(box, view, material.size) for box in table]
    areas = [
        0.0 if v is None else box_area(v) / (zoom * zoom) / max(1.0, box_area(box))
        for v, box in zip(shown, table, strict=True)
    ]
    return view if min(areas) >= _MIN_IN_VIEW else None


def box_area(box: Floats) -> float:
    """Return the area of one box."""
    return float((box[2] - box[0]) * (box[3] - box[1]))


def in_view(box: Floats, view: View | None, size: tuple[int, int]) -> Floats | None:
    """Return a box in the picture that shows `view`; `None` = it lies outside."""
    if view is None:
        return box
    sx, sy = size[0] / (view[2] - view[0]), size[1] / (view[3] - view[1])
    moved = (box - np.array([view[0], view[1]] * 2, np.float32)) * np.array([sx, sy] * 2)
    limits = np.array([size[0], size[1]] * 2, np.float32)
    clipped: Floats = np.clip(moved, 0, limits).astype(np.float32)
    if clipped[2] - clipped[0] < 4 or clipped[3] - clipped[1] < 4:
        return None
    return clipped


def through(picture: Image, view: View | None) -> Image:
    """Return a picture through a view, as large as before."""
    if view is None:
        return picture
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = view
    matrix = np.array([[(x2 - x1) / width, 0, x1], [0, (y2 - y1) / height, y1]], np.float64)
    return np.asarray(
        cv2.warpAffine(
            picture, matrix, (width, height),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )  # fmt: skip


def cut_take(
    material: Material, rng: np.random.Generator, insert: Material | None = None
) -> Take | str:
    """Return a take with a cut back to the same set-up, in another framing.

    Args:
        material: The window; of both sides.
        rng: Chance.
        insert: Another shot that is shown between the two; `None` = a jump cut.
    """
    count, side = len(material.frames), side_frames(material)
    jump = round(_JUMP_S * material.fps) if count >= 5 * side else 2
    at = count // 2 - jump // 2
    if at < side or count - at - jump < side:
        return "too short for two shots"
    view = other_view(material, range(at + jump, count), rng)
    if view is None:
        return "no other framing that shows everyone"
    first = [Step(material, f) for f in range(at)]
    second = [Step(material, f, view) for f in range(at + jump, count)]
    between: list[Step] = []
    if insert is not None:
        length = min(len(insert.frames), max(8, round(_INSERT_S * material.fps)))
        between = [Step(insert, f) for f in range(length)]
    cuts = (at, at + len(between)) if between else (at,)
    where = "cut back" if between else "cut"
    return Take((*first, *between, *second), cuts, where, cuts[-1])


def boundary_take(material: Material, rng: np.random.Generator) -> Take | str:
    """Return a take that goes on from its last picture as a new generation does.

    The second half shows the frames before it in turn: the background goes on, nobody's motion
    does.
    """
    count, side = len(material.frames), side_frames(material)
    if count < 2 * side:
        return "too short for two generations"
    at = round(count * float(rng.uniform(0.45, 0.6)))
    at = min(max(at, side), count - 1)
    frames = [*range(at), *range(at - 1, max(-1, at - 1 - (count - at)), -1)]
    if len(frames) - at < side:
        return "too short for two generations"
    return Take(tuple(Step(material, f) for f in frames), (), "boundary", at)
