"""Shots: the stretches between two cuts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Opening = Literal["start", "cut", "dissolve", "fade"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A transition; `frame` is the first frame that belongs to the new shot.

    Attributes:
        frame: First frame of the new shot.
        opens_with: How the new shot begins.
        confidence: In [0, 1].
    """

    frame: int
    opens_with: Opening = "cut"
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Shot:
    """Half-open range of frames `[start_frame, stop_frame)`."""

    index: int
    start_frame: int
    stop_frame: int
    opens_with: Opening

    def __len__(self) -> int:
        return self.stop_frame - self.start_frame


def shots_from_cuts(cuts: Sequence[Cut], *, frame_count: int) -> tuple[Shot, ...]:
    """Tile `[0, frame_count)` with the shots that `cuts` delimit.

    Args:
        cuts: Any order; two at the same frame count once.
        frame_count: Number of frames of the clip; 0 gives no shots.

    Raises:
        ValueError: A cut does not lie inside the clip.

    Example:
        >>> [(s.start_frame, s.stop_frame) for s in shots_from_cuts([Cut(3)], frame_count=5)]
        [(0, 3), (3, 5)]
    """
    if frame_count == 0:
        return ()
    openings: dict[int, Opening] = {0: "start"}
    for cut in sorted(cuts, key=lambda c: c.frame):
        if not 0 < cut.frame < frame_count:
            raise ValueError(
                f"cut at frame {cut.frame} is not inside the clip (1..{frame_count - 1})"
            )
        openings.setdefault(cut.frame, cut.opens_with)
    edges = [*openings, frame_count]
    return tuple(
        Shot(index, start, stop, openings[start])
        for index, (start, stop) in enumerate(pairwise(edges))
    )


def numbers_by_shot(shot_indices: Iterable[int]) -> dict[int, list[int]]:
    """Return shot to the places in a list of what lies in it.

    Example:
        >>> numbers_by_shot([0, 1, 0])
        {0: [0, 2], 1: [1]}
    """
    found: dict[int, list[int]] = {}
    for number, shot in enumerate(shot_indices):
        found.setdefault(int(shot), []).append(number)
    return found
