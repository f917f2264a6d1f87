"""Who stands where somebody stood when the camera was in this set-up before.

The camera may have come nearer or moved, so one picture is laid over the other first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from identity.evidence.setups import SAME_SETUP
from identity.tracks.linking import END_BOXES, SAME_PLACE_IOU
from scenes.shots import numbers_by_shot
from tracker import boxes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from identity.evidence.alignment import Sets
    from identity.tracks.body_track import BodyTrack

MOST_TRIED = 2  # shots of two set-ups that are laid over each other: each pair costs 25 ms
_MIN_SIMILARITY = 0.3  # of set-ups; less alike ones lie over each other by chance alone


def at_one_place(
    tracks: Sequence[BodyTrack], setups: NDArray[np.float32], sets: Sets | None
) -> Iterator[list[tuple[int, int]]]:
    """Yield, for every shot whose set-up was seen before, who is seen where somebody was then.

    With the same framing it is compared with the first shot of its set-up, else with the likeliest
    one that it can be laid over: the end of that one and the beginning of this one.

    Args:
        tracks: Of all shots.
        setups: (S, S) similarity of the shots' set-ups.
        sets: What the shots look like where nobody stands; `None` = not known.

    Returns:
        Pairs of an earlier track and a later one.
    """
    own = numbers_by_shot(track.shot_index for track in tracks)
    for late in sorted(own):
        before = [shot for shot in sorted(own) if shot < late]
        first = next((shot for shot in before if setups[shot, late] >= SAME_SETUP), None)
        if first is not None:
            pairs = same_places(*([tracks[k].xyxy for k in own[shot]] for shot in (first, late)))
            yield [(own[first][a], own[late][b]) for a, b in pairs]
            continue
        if sets is None:
            continue
        likely = [shot for shot in before if setups[shot, late] >= _MIN_SIMILARITY]
        likely.sort(key=lambda shot: (-setups[shot, late], -shot))
        limit = np.array(sets.picture_px * 2, np.float32)
        for early in likely[:MOST_TRIED]:
            lay = sets.alignment(early, late)
            if lay is not None:
                old = _places([tracks[k].xyxy[-END_BOXES:] for k in own[early]])
                new = _places([tracks[k].xyxy[:END_BOXES] for k in own[late]])
                new = np.clip(lay.mapped(new, picture_px=sets.picture_px), 0, limit)
                yield [(own[early][a], own[late][b]) for a, b in _overlapping(old, new)]
                break


def same_places(
    early: Sequence[NDArray[np.float32]], late: Sequence[NDArray[np.float32]]
) -> list[tuple[int, int]]:
    """Return which of some bodies are seen where which of others are, by their (T, 4) boxes.

    Example:
        >>> left, right = np.float32([[0, 0, 10, 30]]), np.float32([[40, 0, 50, 30]])
        >>> same_places([left, right], [right + 1, right + 90])
        [(1, 0)]
    """
    return _overlapping(_places(early), _places(late))


def _places(xyxy: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.stack([np.median(own, axis=0) for own in xyxy]).astype(np.float32)


def _overlapping(old: NDArray[np.float32], new: NDArray[np.float32]) -> list[tuple[int, int]]:
    return [(a, b) for a, b in np.argwhere(boxes.iou(old, new) >= SAME_PLACE_IOU).tolist()]
