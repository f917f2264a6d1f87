"""People on paper: tracklets and looks made from names, so that every truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from identity.appearance.colour import HISTOGRAM_DIM
from identity.appearance.looks import CUES, ZONES, Cue, Looks
from identity.evidence.calibration import Calibration, calibration_for
from identity.tracks.body_track import BodyTrack
from tracker.tracklets import Tracklet

DIM = 32
FPS = 24.0
SIZE_PX = (640, 360)
KNOWN = "intel-person-reid-0286"
BLACK = "K"  # who wears it
_NAMES = "ABCDEFGH" + BLACK


def calibration() -> Calibration:
    return calibration_for(KNOWN)


def body_of(name: str) -> np.ndarray:
    """Return a unit vector per name; those of different names are orthogonal."""
    vector = np.zeros(DIM, np.float32)
    vector[_NAMES.index(name)] = 1
    return vector


def colour_of(name: str) -> np.ndarray:
    """Return a unit vector per name; they are of one middle lightness and of different hues."""
    vector = np.zeros(HISTOGRAM_DIM, np.float32)
    vector[0 if name == BLACK else HISTOGRAM_DIM // 2 + 7 * _NAMES.index(name)] = 1
    return vector


def blend(one: np.ndarray, two: np.ndarray, share: float) -> np.ndarray:
    mixed = (1 - share) * one + share * two
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def looks(
    frames: Sequence[int],
    wears: Sequence[str | tuple[str, str, float]],
    *,
    stride: int = 3,
    colours: Sequence[str | tuple[str, str, float]] | None = None,
    hair: Sequence[str] | None = None,
    face: Sequence[str | tuple[str, str, float]] | None = None,
    facing: Sequence[float] | None = None,
    seed: int = 0,
) -> Looks:
    """Return looks of one box per frame; a tuple is a mixture (from, to, share of to).

    The body cue is seen at every `stride`-th frame only, as in a clip; so are hair, and the cosine
    of how far the body is turned, and faces, which never turn, where they are given.
    """
    rng = np.random.default_rng(seed)

    def vectors(words, make, dim):
        rows = np.empty((len(frames), dim), np.float32)
        for k, word in enumerate(words):
            clean = (
                make(word)
                if isinstance(word, str)
                else blend(make(word[0]), make(word[1]), word[2])
            )
            noisy = clean + 0.02 * rng.standard_normal(dim).astype(np.float32)
            rows[k] = noisy / np.linalg.norm(noisy)
        return rows.astype(np.float16)

    body = vectors(wears, body_of, DIM)
    body[np.asarray(frames) % stride != 0] = np.nan
    cues: dict[Cue, np.ndarray] = {"body": body}
    for zone in ZONES:
        cues[zone] = vectors(colours or wears, colour_of, HISTOGRAM_DIM)
    if hair is not None:
        cues["hair"] = vectors(hair, colour_of, HISTOGRAM_DIM)
    if facing is not None:
        cosine = np.array(facing, np.float32)
        cues["facing"] = np.stack([cosine, np.sqrt(1 - cosine**2)], axis=1).astype(np.float16)
    if face is not None:
        cues["face"] = vectors(face, body_of, DIM)
        cues["face_turn"] = np.zeros((len(frames), 2), np.float16)
    for cue in ("hair", "facing", "face", "face_turn"):
        if cue in cues:
            cues[cue][np.asarray(frames) % stride != 0] = np.nan
    count = len(frames)
    return Looks(cues, np.zeros(count, np.float32), np.ones(count, np.bool_))


def tracklet(
    number: int,
    frames: Sequence[int],
    *,
    at: tuple[float, float] = (100, 60),
    shot: int = 0,
    speed: tuple[float, float] = (0, 0),
    size: tuple[float, float] = (60, 160),
    score: float | Sequence[float] = 0.9,
) -> Tracklet:
    steps = np.arange(len(frames))[:, None] * np.array(speed)
    low = np.array(at) + steps
    xyxy = np.concatenate([low, low + np.array(size)], axis=1).astype(np.float32)
    scores = np.broadcast_to(np.asarray(score, np.float32), len(frames)).copy()
    return Tracklet(number, shot, np.asarray(frames, np.int64), xyxy, scores)


def track_of(
    frames: Sequence[int],
    *,
    box: Sequence[float] = (0, 0, 60, 160),
    shot: int = 0,
    score: float = 0.9,
    **cues: Sequence[Any],
) -> BodyTrack:
    """Return a body track whose looks are given as numbers.

    Each look is a vector, or a number that stands for (number, 0); None = it was not seen. A cue
    of fewer looks than there are frames was not seen in the rest.
    """
    count = len(frames)
    vectors: dict[Cue, np.ndarray] = {}
    for cue in CUES:
        given = [value if np.ndim(value) else [value, 0.0] for value in cues.get(cue, ())]
        dim = next((len(value) for value in given if value[0] is not None), 2)
        if cue in cues:
            vectors[cue] = np.full((count, dim), np.nan, np.float16)
        for row, value in enumerate(given):
            if value[0] is not None:
                vectors[cue][row] = value
    looks = Looks(vectors, np.zeros(count, np.float32), np.ones(count, np.bool_))
    return BodyTrack(
        (0,), shot, np.array(frames, np.int64), np.tile(np.array(box, np.float32), (count, 1)),
        np.zeros(count, np.int64), looks, np.full(count, score, np.float32),
    )  # fmt: skip


def turned(*cosines: float) -> list[tuple[float, float]]:
    """Return unit vectors with these cosines to the east."""
    return [(c, (1 - c * c) ** 0.5) for c in cosines]
