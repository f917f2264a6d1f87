"""Small drawn worlds with known cuts: textured rooms with moving figures, filmed by a camera.

Every clip is (N, H, W, 3) uint8 RGB and comes from a seed, so it is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scenes.cuts_content import small_frames
from scenes.frames import FrameBatch

WIDTH_PX, HEIGHT_PX = 192, 108
HALF = 25  # frames on either side: together they fill one window of the network, no more
Clip = NDArray[np.uint8]


def shot(
    seed: int, frames: int, *, pan_px: float = 0.3, start_px: float = 0.0, figures: int = 2
) -> Clip:
    """Film one set-up: a room of cloudy colours and furniture, figures walking through it."""
    rng = np.random.default_rng(seed)
    room = _room(rng)
    walkers = [_Walker(rng) for _ in range(figures)]
    out = np.empty((frames, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    for t in range(frames):
        x = WIDTH_PX + start_px + pan_px * t
        view = cv2.getRectSubPix(
            room, (WIDTH_PX, HEIGHT_PX), (x + WIDTH_PX / 2 - 0.5, HEIGHT_PX / 2 - 0.5)
        )
        picture = np.ascontiguousarray(view)
        for walker in walkers:
            walker.draw(picture, t, pan_px * t)
        out[t] = picture
    return out


def _room(rng: np.random.Generator) -> Clip:
    """Return a wide picture (H, 4 W, 3): soft light over a wall, boxes standing in front."""
    base = rng.uniform(40, 190, 3)
    room = np.broadcast_to(base, (HEIGHT_PX, 4 * WIDTH_PX, 3)).astype(np.float32)
    for cells, strength in ((3, 45.0), (8, 25.0), (24, 12.0)):
        coarse = rng.normal(0, strength, (cells, 4 * cells, 3)).astype(np.float32)
        room = room + cv2.resize(coarse, (4 * WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(room, 0, 255).astype(np.uint8)
    for _ in range(28):
        x, y = int(rng.integers(0, 4 * WIDTH_PX)), int(rng.integers(20, HEIGHT_PX))
        width, height = int(rng.integers(8, 50)), int(rng.integers(10, 60))
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        cv2.rectangle(picture, (x, y), (x + width, y + height), colour, -1)
    return picture


class _Walker:
    def __init__(self, rng: np.random.Generator) -> None:
        self.x, self.y = rng.uniform(30, WIDTH_PX - 30), rng.uniform(50, 70)
        self.speed = rng.uniform(-0.8, 0.8)
        self.coat = tuple(int(v) for v in rng.integers(0, 255, 3))
        self.skin = (190, 150, 120)

    def draw(self, picture: Clip, t: int, camera_px: float) -> None:
        x, y = int(self.x + self.speed * t - camera_px), int(self.y + 2 * np.sin(t / 3))
        cv2.ellipse(picture, (x, y + 34), (12, 30), 0, 0, 360, self.coat, -1)
        cv2.circle(picture, (x, y - 6), 9, self.skin, -1)


def hard_cut() -> Clip:
    return np.concatenate([shot(1, HALF), shot(2, HALF)])


def dissolve(length: int) -> Clip:
    """Blend over `length` frames; frame `HALF` is the first in which the new shot weighs more."""
    alone = HALF - length // 2
    old, new = shot(3, alone + length).astype(np.float32), shot(4, alone + length)
    weight = (np.arange(1, length + 1) / (length + 1))[:, None, None, None]
    blend = old[alone:] * (1 - weight) + new[:length] * weight
    return np.concatenate([old[:alone], blend, new[length:]]).round().astype(np.uint8)


def fade_through_black(length: int = 12, black: int = 4, frames: int = 23) -> Clip:
    old, new = shot(5, frames), shot(6, frames)
    down = np.linspace(1, 0, length, endpoint=False)[:, None, None, None]
    old = np.concatenate([old[:-length], (old[-length:] * down).astype(np.uint8)])
    new = np.concatenate([(new[:length] * down[::-1]).astype(np.uint8), new[length:]])
    return np.concatenate([old, np.zeros((black, *old.shape[1:]), np.uint8), new])


def flash(length: int = 1) -> Clip:
    clip = shot(7, 2 * HALF)
    clip[HALF : HALF + length] = 255 - (255 - clip[HALF : HALF + length]) // 6
    return clip


def exposure_ramp(length: int = 20) -> Clip:
    clip = shot(8, 2 * HALF).astype(np.float32)
    start = HALF - length // 2
    gain = np.interp(np.arange(2 * HALF), [start, start + length], [1.0, 0.35])
    return np.clip(clip * gain[:, None, None, None], 0, 255).astype(np.uint8)


def light_switch() -> Clip:
    clip = shot(8, 2 * HALF).astype(np.float32)
    clip[HALF:] *= 0.55
    return clip.astype(np.uint8)


def whip_pan() -> Clip:
    """Rest, sweep over two picture widths in twelve frames with motion blur, rest."""
    room = _room(np.random.default_rng(9))
    steps = np.concatenate([np.zeros(19), np.linspace(0, 1, 12), np.ones(19)])
    xs = WIDTH_PX * 0.5 + 2 * WIDTH_PX * (3 * steps**2 - 2 * steps**3)
    out = np.empty((len(xs), HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    for t, x in enumerate(xs):
        before = xs[max(0, t - 1)]
        views = [
            room[:, int(v) : int(v) + WIDTH_PX].astype(np.float32)
            for v in np.linspace(x - (x - before) / 2, x, 8)
        ]
        out[t] = np.mean(views, axis=0)
    return out


def cloth() -> Clip:
    """A dark cloth flies through and hides all of the picture for a few frames."""
    clip = shot(10, 2 * HALF)
    rng = np.random.default_rng(11)
    folds = cv2.resize(
        rng.uniform(20, 90, (6, 20, 3)).astype(np.float32), (2 * WIDTH_PX, HEIGHT_PX)
    )
    for t in range(HALF - 10, HALF + 10):
        left = int(np.interp(t, [HALF - 10, HALF + 10], [WIDTH_PX, -2 * WIDTH_PX]))
        start, stop = max(0, left), min(WIDTH_PX, left + 2 * WIDTH_PX)
        if start < stop:
            clip[t, :, start:stop] = folds[:, start - left : stop - left]
    return clip


def ghost_cut() -> Clip:
    """A cut with one frame in which both shots show, the old one more."""
    old, new = shot(12, HALF), shot(13, HALF)
    blend = old[-1].astype(np.float32) * 0.55 + new[0].astype(np.float32) * 0.45
    return np.concatenate([old[:-1], blend.astype(np.uint8)[None], new])


def jump_cut() -> Clip:
    """The same set-up and figures, later: the figures have moved at once."""
    clip = shot(14, 100, figures=3)
    return np.concatenate([clip[:HALF], clip[-HALF:]])


def freeze_and_jump() -> Clip:
    """A moving shot hangs for 12 frames and then jumps to where it would have been."""
    clip = shot(15, 2 * HALF, pan_px=0.8)
    clip[HALF - 6 : HALF + 6] = clip[HALF - 6]
    return clip


def slow_rate(hold: int = 6) -> Clip:
    """A shot in which every picture is shown `hold` times."""
    return np.repeat(shot(16, 8, pan_px=2.0), hold, axis=0)


def batches(clip: Clip, size: int, *, rate: int = 24) -> Iterator[FrameBatch]:
    """Cut a clip into batches as a source would."""
    for start in range(0, len(clip), size):
        rgb = np.ascontiguousarray(clip[start : start + size])
        index = np.arange(start, start + len(rgb), dtype=np.int64)
        yield FrameBatch(index, tuple(Fraction(int(i), rate) for i in index), rgb)


WORLDS: dict[str, Callable[[], Clip]] = {
    "hard-cut": hard_cut,
    "jump-cut": jump_cut,
    "one-frame-ghost": ghost_cut,
    "dissolve-8": lambda: dissolve(8),
    "dissolve-16": lambda: dissolve(16),
    "fade": fade_through_black,
    "long-fade": lambda: fade_through_black(20, 20, 25),
    "one-shot": lambda: shot(20, 2 * HALF),
    "flash": flash,
    "flash-3": lambda: flash(3),
    "exposure-ramp": exposure_ramp,
    "fast-exposure-ramp": lambda: exposure_ramp(5),
    "light-switched-off": light_switch,
    "whip-pan": whip_pan,
    "cloth": cloth,
    "freeze-and-jump": freeze_and_jump,
    "held-pictures": slow_rate,
}
# What the network says of each, (N, 2): `make_scores.py` writes it. The tests are fast that way.
SCORES_FILE = Path(__file__).with_name("golden") / "network_scores.npz"


def small(clip: Clip) -> Clip:
    """Return what detectors of cuts see of a clip."""
    return small_frames(next(batches(clip, len(clip))))
