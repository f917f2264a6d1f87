"""One body's looks through one shot, in order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from identity.appearance.looks import Cue, Looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from identity.tracks.linking import Chain
    from tracker.tracklets import Tracklet

_Number = TypeVar("_Number", bound=np.generic)

# What takes no longer is at once: a morph or a swap rather than a drift, 12 frames at 24 a second.
# So near to its first or last box somebody is coming or going.
FAST_S = 0.5
SURE_SCORE = 0.4  # of a box, or in the middle of all of a track: surely somebody, and one only
WINDOW_S = 1.0  # looks of so long on each side of a moment are compared


@dataclass(frozen=True, slots=True, eq=False)
class BodyTrack:
    """The boxes and looks of a chain.

    Attributes:
        members: Indices of its tracklets, in order of time.
        shot_index: The shot it lies in.
        frame: (T,) int64, strictly increasing.
        xyxy: (T, 4) float32, pixels.
        owner: (T,) int64, the tracklet each row comes from.
        looks: T rows.
        score: (T,) float32, how sure the detector was of each box, in [0, 1].
    """

    members: tuple[int, ...]
    shot_index: int
    frame: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    owner: NDArray[np.int64]
    looks: Looks
    score: NDArray[np.float32]
    _frames: dict[Cue, NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    def vectors(self, cue: Cue) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows (K,) in which `cue` could be judged, and its (K, D) unit vectors."""
        rows = self.looks.seen(cue)
        if not len(rows):  # it may be one that this embedder does not tell
            return rows, np.zeros((0, 1), np.float32)
        return rows, self.looks.rows(cue, rows)

    def dim(self, cue: Cue) -> int:
        """Return the length of the vectors of a cue; 0 where it was never judged."""
        return self.looks.dim(cue) if len(self.looks.seen(cue)) else 0

    def frames_of(self, cue: Cue) -> NDArray[np.int64]:
        """Return (K,) the frames in which `cue` could be judged; not to be changed."""
        found = self._frames.get(cue)
        if found is None:  # asked for at every moment of a take
            found = self._frames[cue] = self.frame[self.looks.seen(cue)]
        return found

    def tracklet_at(self, frame: int) -> int:
        """Return the tracklet that holds the box at `frame` or the next one after it."""
        row = min(int(np.searchsorted(self.frame, frame)), len(self.frame) - 1)
        return int(self.owner[row])


def make_body_track(
    chain: Chain, tracklets: Sequence[Tracklet], looks: Sequence[Looks]
) -> BodyTrack:
    """Lay the tracklets of a chain end to end."""
    parts = [tracklets[m] for m in chain.members]
    return BodyTrack(
        chain.members,
        parts[0].shot_index,
        _end_to_end([p.frame for p in parts]),
        _end_to_end([p.xyxy for p in parts]),
        np.concatenate(
            [np.full(len(p), m, np.int64) for m, p in zip(chain.members, parts, strict=True)]
        ),
        Looks.concat(
            [looks[m] for m in chain.members],
            body_dim=looks[chain.members[0]].dim("body"),
        ),
        _end_to_end([p.score for p in parts]),
    )


def _end_to_end(parts: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """Return arrays as one; mostly there is one only, and it may be of hours: it is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def fully_visible_span(
    track: BodyTrack, everybody: Sequence[BodyTrack], *, fps: float
) -> tuple[float, float]:
    """Return from which to which frame a body has settled in the picture.

    Who is there when the shot begins, or still there when it ends, as far as its bodies tell, has
    neither come nor gone. Whoever has shows a part of the body only for a while.

    Args:
        track: Whose.
        everybody: Of the shot, the track among them.
        fps: Of the clip.
    """
    comes = track.frame[0] > min(s.frame[0] for s in everybody)
    goes = track.frame[-1] < max(s.frame[-1] for s in everybody)
    frames = FAST_S * fps
    return track.frame[0] + frames * comes, track.frame[-1] - frames * goes
