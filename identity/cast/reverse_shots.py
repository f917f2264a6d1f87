"""Shot and reverse shot: a camera that goes back and forth goes back and forth between two people.

A talk is filmed from two set-ups in turn, and in each one of the two faces the camera (Bordwell &
Thompson, "Film Art", 8th edition, chapter 6: shot/reverse-shot editing). Looks alone join such two
where they dress alike and are seen equally near; that the camera came back says they are two.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from scenes.shots import numbers_by_shot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.tracks.segments import Segment

_CAME_BACK, _ELSEWHERE = 0.7, 0.45  # similarity of set-ups: one again, and another one
_FACES = 0.1  # cosine of the angle to the camera from which somebody faces it
_SMALL = 1 / 3  # of the largest area in the shot: people behind are no partners


def across_reverse_shots(
    segments: Sequence[Segment], setups: NDArray[np.float32], apart: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return (N, N) bool: each of a pair faces the camera alone, in a shot and its reverse shot.

    Args:
        segments: Of all shots, without those that may be things.
        setups: (S, S) similarity of the shots' set-ups.
        apart: (N, N) bool, seen together, so not one person.

    Says nothing where the embedder does not tell who faces the camera.
    """
    pairs = np.zeros((len(segments), len(segments)), np.bool_)
    by_shot = numbers_by_shot(segment.tracklet.shot_index for segment in segments)
    facing = {shot: _alone_facing(segments, own, apart) for shot, own in by_shot.items()}
    for shot in range(len(setups) - 1):
        if _is_reversed(setups, shot):
            for a in facing.get(shot, ()):
                for b in facing.get(shot + 1, ()):
                    pairs[a, b] = pairs[b, a] = True
    return pairs


def _is_reversed(setups: NDArray[np.float32], shot: int) -> bool:
    """Tell whether the next shot is another set-up, between two shots of one."""
    following = shot + 1
    between_two = any(
        0 <= other < len(setups)
        and setups[other, back] >= _CAME_BACK
        and setups[other, middle] <= _ELSEWHERE
        for other, middle, back in ((shot - 1, shot, following), (shot + 2, following, shot))
    )
    return between_two and bool(setups[shot, following] <= _ELSEWHERE)


def _alone_facing(
    segments: Sequence[Segment], own: Sequence[int], apart: NDArray[np.bool_]
) -> list[int]:
    """Return the segments of the one person of a shot who faces the camera; none if two do."""
    area = {k: _area(segments[k]) for k in own}
    largest = max(area.values(), default=0.0)
    facing = [
        k
        for k in own
        if "facing" in segments[k].means
        and float(segments[k].means["facing"][0]) >= _FACES
        and area[k] >= _SMALL * largest
    ]
    return [] if any(apart[a, b] for a, b in combinations(facing, 2)) else facing


def _area(segment: Segment) -> float:
    size = np.median(segment.xyxy[:, 2:] - segment.xyxy[:, :2], axis=0)
    return float(size[0] * size[1])
