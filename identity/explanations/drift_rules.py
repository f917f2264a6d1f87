"""Slow change in one shot, told by rules beside the learnt explanation.

Four things look like a drift and are none: a turn of the body, which costs the networks similarity
and leaves at least two of the colours; light, which moves everybody; a step, which is a morph, a
cut or somebody passing; and a body that comes from behind something, or goes there. So networks
must fall much more than anybody else's do meanwhile, along a ramp that explains the samples better
than a step does, and two of the colours must fall with them. Networks alone, where the body is
known to keep facing the camera as it did, are a hint: in clean clips it is nearly always a gesture
or the camera, so it only adds to a drift of the same character. The first and last looks of who has
come or goes do not count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.consistency import curve_from
from identity.evidence.course import ramp_errors
from identity.evidence.losses import (
    EVERYBODY,
    MIN_LOOKS,
    MORE_THAN_POSE,
    colours_lose,
    largest_loss,
)
from identity.evidence.samples import COLOURS, NETWORKS
from identity.explanations.contract import Explained, drift_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.explanations.contract import Kind, Scene
    from identity.tracks.body_track import BodyTrack

KINDS: tuple[Kind, ...] = ("drift",)

_MAX_POINTS = 48  # of a curve that is fitted; more say nothing about a slope
_EXPLAINED = 0.5  # share of the variance that a ramp must explain
_AS_LIKELY = 1.5  # a ramp with so much more error is not yet worse than the best
_EDGE_SHARE = 0.15  # of the samples: so near to an end the onset is not seen


def find(scene: Scene) -> list[Explained]:
    """Return who changes slowly in one shot; of whom something else is known is passed over."""
    tracks, scales, fps = scene.tracks, scene.calibration, scene.samples.fps
    changed = {k for one in scene.explained if one.kind != "drift" for k in one.tracks}
    stretches = [largest_loss(track, tracks, scales, fps=fps) for track in tracks]
    found = []
    least = scene.settings.scaled("drift")
    for k, own in enumerate(stretches):
        if own is None or k in changed:
            continue
        beside = [other for i, other in enumerate(stretches) if i != k and other is not None]
        light = max((other.light(own) for other in beside), default=0.0)
        head = max((other.head for other in beside), default=0.0)
        cues = NETWORKS if own.steady else COLOURS
        strength = own.strength
        if strength < least:
            strength, light, cues = own.head / MORE_THAN_POSE, head / MORE_THAN_POSE, ("hair",)
        if strength < least or light > EVERYBODY * strength:
            continue
        ramp = _ramp(tracks[k], own.rows, cues)
        if ramp is not None:
            by_colours = colours_lose(own.loss) >= least
            told = drift_of((k,), *ramp, strength, own.loss, scene.settings, vouched=by_colours)
            told = replace(told, is_hint=cues is NETWORKS and not by_colours)
            curve = curve_from(scene.samples, k, _first_third(scene, k, own.rows), cues, scales)
            found.append(replace(told, curves={k: curve}))
    return found


def _first_third(scene: Scene, track: int, rows: NDArray[np.int64]) -> tuple[int, int]:
    """Return from which sample to which the looks of a stretch of rows are the old ones."""
    frames = scene.tracks[track].frame[rows]
    first, stop = np.searchsorted(scene.samples.frames, [frames[0], frames[-1] + 1]).tolist()
    return first, first + max((stop - first) // 3, 1)


def _ramp(track: BodyTrack, rows: NDArray[np.int64], cues: Sequence[Cue]) -> tuple[int, int] | None:
    """Return from when to when the looks change by `cues`; `None` = a step explains them better.

    The same test as `course_of`, by other cues.
    """
    frames, values = _projected(track, rows, cues)
    if len(frames) < 2 * MIN_LOOKS:
        return None
    flat = float(np.square(values - values.mean()).sum())
    count = len(frames)
    errors = ramp_errors(np.arange(count), values)
    step = min(error for (a, b), error in errors.items() if b - a <= 1)
    slow = {key: error for key, error in errors.items() if key[1] - key[0] >= count / 3}
    best = min(slow, key=lambda key: slow[key])
    if slow[best] >= step or slow[best] > (1 - _EXPLAINED) * flat:
        return None
    # As far as the samples allow: who comes in the middle of a change cannot see its edges.
    likely = [key for key, error in slow.items() if error <= _AS_LIKELY * slow[best]]
    start, stop = min(a for a, _ in likely), max(b for _, b in likely)
    # What is under way at the first look began there, or before; the same at the end.
    edge = _EDGE_SHARE * count
    start, stop = (0 if start <= edge else start), (count - 1 if stop >= count - 1 - edge else stop)
    return int(frames[start]), int(frames[stop]) + 1


def _projected(
    track: BodyTrack, rows: NDArray[np.int64], cues: Sequence[Cue]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return frames (K,), and how far along from first to last look `cues` are there."""
    total = np.zeros(len(rows))
    known = np.ones(len(rows), np.bool_)
    for cue in cues:
        looks, seen = track.looks, track.looks.seen(cue)
        own = seen[np.isin(seen, rows)]
        if len(own) < 2 * MIN_LOOKS:
            continue
        third = max(2, len(own) // 3)
        first, last = looks.mean(cue, own[:third]), looks.mean(cue, own[-third:])
        along = np.full(len(rows), np.nan)
        along[np.searchsorted(rows, own)] = np.concatenate(
            [part @ (last - first) for part in looks.chunks(cue, own)]
        )
        known &= np.isfinite(along)
        total = total + np.nan_to_num(along)
    picks = np.flatnonzero(known)
    picks = (
        picks[np.unique(np.linspace(0, len(picks) - 1, _MAX_POINTS).round().astype(int))]
        if len(picks) > _MAX_POINTS
        else picks
    )
    return track.frame[rows[picks]], total[picks]
