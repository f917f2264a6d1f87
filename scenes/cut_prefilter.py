"""Where small pictures leave room for a cut: what spares most frames the network.

A transition that `scenes.cuts_joint` would accept must lie between pictures that differ, and
differ more than what moves around them does. Both can be told from the pictures, at a hundredth of
the cost of the network, whatever it would score. So the network is asked where there is such room,
and where no step is so plain that there is nothing left to ask. What is looked at lies at fixed
frames, so the answer does not depend on how the clip comes in batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scenes.cuts_content import FROZEN_STEP, RETURN_FRAMES, STRUCTURE_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPAN_FRAMES = 25  # a transition reaches at most so far from its middle
BLENDED_FRAMES = 4  # from the last old picture to the first new one, for what is judged as a cut

# Structural distance between what lies before and after, for one step and for a longer transition.
# Labelled cuts: 9.8 at least, and 23 at least of those that the network finds; drawn dissolves: 24.
STEP_MIN, SPAN_MIN = 5.0, 9.0
# A cut that leaves no question: so far apart, and so many times more than the steps around it.
PLAIN_STEP_MIN, PLAIN_COLOUR_MIN, PLAIN_RATIO = 15.0, 6.0, 3.0
PLAIN_NEAR_FRAMES = 12  # covers animation that holds every picture for half a second

# In 69 generated and filmed clips and the samples every step so large between stills is a cut.
STILL_FRAMES = 2

_REACH = 2 * SPAN_FRAMES + 2 * RETURN_FRAMES + 2  # largest distance in frames that is compared
_ROWS = 512  # of the buffers; what is still needed moves to the front when they are full


class CutPrefilter:
    """Keeps the newest pictures and says whether a transition may lie among them.

    Args:
        short_min: Least `distance_vs_motion` that a transition of up to `BLENDED_FRAMES` must have.
        long_min: The same for longer ones.
        unrest_min: Least `change_rate_ratio` of longer ones that do not pass through black.
    """

    def __init__(self, *, short_min: float, long_min: float, unrest_min: float) -> None:
        self._short_min, self._long_min, self._unrest_min = short_min, long_min, unrest_min
        self._first = 0  # frame of row 0
        self._count = 0
        self._maps: NDArray[np.float32] = np.zeros((_ROWS, 0), np.float32)
        self._gap: NDArray[np.float32] = np.zeros((0, 0), np.float32)  # written anew each time
        # Row r, column k: structural distance of frame r to the k-th before it; NaN = unknown.
        self._back = np.full((_ROWS, _REACH + 1), np.nan, np.float32)
        self._colour = np.zeros(_ROWS, np.float32)
        self._black = np.zeros(_ROWS, np.bool_)
        self._plain: dict[int, bool] = {}

    def add(self, map_: NDArray[np.float32], *, colour: float, black: bool) -> None:
        """Take in the next picture.

        Args:
            map_: (27, 48) its structure.
            colour: Step of colour from the picture before.
            black: Whether it is black.
        """
        if not self._maps.shape[1]:
            self._maps = np.zeros((_ROWS, map_.size), np.float32)
            self._gap = np.zeros((_REACH + 1, map_.size), np.float32)
        if self._count == _ROWS:
            self._make_place()
        row = self._count
        self._maps[row] = map_.ravel()
        low = max(0, row - _REACH)
        apart = np.subtract(self._maps[low : row + 1], map_.ravel(), out=self._gap[: row + 1 - low])
        apart = np.abs(apart, out=apart).mean(axis=1)[::-1]
        self._back[row] = np.nan
        self._back[row, : len(apart)] = STRUCTURE_SCALE * apart
        self._colour[row], self._black[row] = colour, black
        self._count += 1

    def _make_place(self) -> None:
        """Move the newer half to the front; decisions reach back a quarter at most."""
        gone = _ROWS // 2
        for rows in (self._maps, self._back, self._colour, self._black):
            rows[:gone] = rows[gone:]
        self._first += gone
        self._count -= gone
        self._plain = {f: said for f, said in self._plain.items() if f >= self._first}

    def plain_cut(self, frame: int) -> bool:
        """Return whether the step into `frame` is a cut beyond question.

        That is: far larger than every step within half a second, in colour and in structure, or
        between pictures that stand still; and what was there before does not come back.
        """
        if frame not in self._plain:
            self._plain[frame] = self._is_plain(frame - self._first)
        return self._plain[frame]

    def _is_plain(self, at: int) -> bool:
        if not 2 <= at < self._count - 1 or self._black[at - 1] or self._black[at]:
            return False
        step, colour = self._back[at, 1], self._colour[at]
        if step < PLAIN_STEP_MIN or colour < PLAIN_COLOUR_MIN:
            return False
        stop = min(self._count, at + RETURN_FRAMES + 1)
        start = max(0, at - 1 - RETURN_FRAMES)
        nearest = min(self._back[j, j - i] for j in range(at, stop) for i in range(start, at))
        if nearest < PLAIN_STEP_MIN:
            return False
        if self._is_between_stills(at):
            return True
        low, high = max(1, at - PLAIN_NEAR_FRAMES), min(self._count, at + PLAIN_NEAR_FRAMES + 1)
        near = [row for row in range(low, high) if row != at]
        passed = 1  # frames: motion piles up while a picture is repeated
        while at - passed > low and self._colour[at - passed] < FROZEN_STEP:
            passed += 1
        if step < PLAIN_RATIO * (passed * self._back[near, 1].max() + 1.0):
            return False
        if colour < PLAIN_RATIO * (passed * self._colour[near].max() + 1.0):
            return False
        own = max(self._back[at - 1, at - 1 - start], self._back[stop - 1, stop - 1 - at])
        return bool(nearest >= 2 * self._short_min * (own + 1.0))

    def _is_between_stills(self, at: int) -> bool:
        """Whether the pictures on both sides of the step into row `at` stand still.

        Then nothing moves that the step could be compared with but other cuts: a slideshow.
        """
        rows = [*range(at - STILL_FRAMES, at), *range(at + 1, at + STILL_FRAMES + 1)]
        if rows[0] < 1 or rows[-1] >= self._count:
            return False
        return bool((self._colour[rows] < FROZEN_STEP).all())

    def at(self, frame: int) -> bool:
        """Return whether a transition through the step into `frame` is possible.

        Of the pictures only those up to the plain cuts on either side are looked at.
        """
        at = frame - self._first
        low, high = self._shot_around(at)
        before, after = at - low, high - at  # frames of this shot on either side of the step
        if before < 1 or after < 1:
            return True  # nothing to compare with
        if self._black[low:high].any():
            return True  # rare, and a matter of its own
        nearest = self._nearest(at, low, high)
        m, w = np.nonzero(nearest >= SPAN_MIN)
        first_is_step = bool(nearest[0, 0] >= STEP_MIN and nearest[0, 0] < SPAN_MIN)
        if first_is_step:
            m, w = np.append(m, 0), np.append(w, 0)
        if not len(m):
            return False
        a, b = at - 1 - m, at + w
        departure = nearest[m, w] / (self._own(a, b, low, high) + 1.0)
        short = b - a <= BLENDED_FRAMES
        if (departure[short] >= self._short_min).any():
            return True
        long = ~short & (departure >= self._long_min)
        return bool(long.any()) and bool(
            (self._unrest(a[long], b[long], low, high) >= self._unrest_min).any()
        )

    def _shot_around(self, at: int) -> tuple[int, int]:
        """Return the rows `[low, high)` around `at` that no plain cut parts from it."""
        reach = 2 * SPAN_FRAMES + RETURN_FRAMES
        low, high = max(0, at - reach), min(self._count, at + reach)
        edge = SPAN_FRAMES + RETURN_FRAMES + 1
        for row in range(at, max(low, at - edge), -1):
            if self.plain_cut(self._first + row):
                low = row
                break
        for row in range(at + 1, min(high, at + edge)):
            if self.plain_cut(self._first + row):
                high = row
                break
        return low, high

    def _nearest(self, at: int, low: int, high: int) -> NDArray[np.float32]:
        """Return (26, 26) how far apart at least the pictures up to `at - 1 - m` and from `at + w`.

        0 where there are none; row and column count the frames that the transition reaches out.
        """
        size = SPAN_FRAMES + 1
        reach = size + RETURN_FRAMES
        apart = np.full((reach, reach), np.inf, np.float32)
        rows, columns = min(reach, at - low), min(reach, high - at)
        for w in range(columns):
            apart[:rows, w] = self._back[at + w, w + 1 : w + 1 + rows]
        there = np.isfinite(apart[:size, :size])
        near = apart[:size]
        for k in range(1, RETURN_FRAMES + 1):
            near = np.minimum(near, apart[k : k + size])
        result = near[:, :size]
        for k in range(1, RETURN_FRAMES + 1):
            result = np.minimum(result, near[:, k : k + size])
        return np.asarray(np.where(there, result, 0), np.float32)

    def _own(
        self, a: NDArray[np.int64], b: NDArray[np.int64], low: int, high: int
    ) -> NDArray[np.float32]:
        """Return how far either side moves by itself in the time of the transition."""
        reach = np.maximum(b - a, RETURN_FRAMES)
        start, stop = np.maximum(a - reach, low), np.minimum(b + reach, high - 1)
        both = np.maximum(self._back[a, a - start], self._back[stop, stop - b])
        return np.asarray(both, np.float32)

    def _unrest(
        self, a: NDArray[np.int64], b: NDArray[np.int64], low: int, high: int
    ) -> NDArray[np.float64]:
        """Return `scenes.cuts_content.change_rate_ratio` of each pair."""
        steps = self._back[low:high, 1].astype(np.float64)
        steps[0] = 0.0  # the step into the shot is no motion of it
        total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(steps))])
        a, b = a - low, b - low
        inside = (total[b + 1] - total[a + 1]) / (b - a)
        start, stop = np.maximum(a - 7, 0), np.minimum(b + 9, len(steps))
        before = (total[a + 1] - total[start]) / (a + 1 - start)
        after = (total[stop] - total[b + 1]) / np.maximum(stop - b - 1, 1)
        return np.asarray(inside / (np.maximum(before, after) + 0.3), np.float64)
