"""The detector that wins: the network's scores and the small pictures, judged together.

Three kinds of evidence propose a cut: the network, a step that stands out (a jump inside one
set-up, which the network takes for motion), and black between two pictures. The pictures on both
sides then decide: where they show the same place in the same order, it was a flash or the light.
Where they leave no room for a cut, or show one beyond question, the network is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot, isnan
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from scenes.cut_prefilter import SPAN_FRAMES, CutPrefilter
from scenes.cuts_content import (
    FROZEN_STEP,
    change_rate_ratio,
    colour_step,
    distance_vs_motion,
    peak_ratio,
    small_frames,
    structure_map,
    structure_step,
    takeover,
)
from scenes.shots import Cut, Opening

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from scenes.frames import FrameBatch

LOOK_FRAMES = 40  # pictures on either side that a decision may use
MERGE_FRAMES = 3  # proposals closer than this are one transition
MANY_MIN = 0.3  # the network's second output: a frame that is part of a transition
GRADUAL_MIN = 0.5  # the same, held over GRADUAL_FRAMES: a transition without a sharp middle
GRADUAL_FRAMES = 5
DISSOLVE_FRAMES = 3  # a transition of fewer blended frames is a cut
COLOUR_JUMP_MIN, STRUCTURE_JUMP_MIN = 6.0, 5.0  # a smaller step is a twitch, however still the rest
BLACK_MEAN, BLACK_SPREAD = 12.0, 8.0  # grey levels of a black frame, as encoded
# How far `distance_vs_motion` must reach; smaller for what is sharp in itself. Labelled cuts: 1.1
# and more.
SHARP_DISTANCE_MIN, SPAN_DISTANCE_MIN, GRADUAL_DISTANCE_MIN = 0.6, 1.0, 1.3
CHANGE_RATE_MIN = 1.3
# What has half of what a cut needs, and is not ruled out by the pictures, may be one.
DOUBTFUL_STRENGTH = 0.5


class TransitionScorer(Protocol):
    """Scores frames as places of transition; `scenes.cuts_transnet.TransNetScorer` is one."""

    delay_frames: int

    def push(self, small_rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the (M, 2) scores that have become known."""
        ...

    def finish(self) -> NDArray[np.float32]:
        """Return the (M, 2) scores of the last frames."""
        ...


@runtime_checkable
class LazyScorer(TransitionScorer, Protocol):
    """A scorer whose scores may be NaN: it works them out when it is asked."""

    def window_of(self, frame: int) -> tuple[int, NDArray[np.float32]]:
        """Return the first frame of the window that `frame` lies in, and its (M, 2) scores."""
        ...

    def forget(self, before: int) -> None:
        """Drop what is kept for frames before `before`; nobody will ask for them."""
        ...


@dataclass(eq=False)
class _FrameWindow:
    """What is kept of the newest frames; row 0 is frame `first`."""

    first: int = 0
    lit: bool = False  # whether a frame that was dropped was more than black
    small: list[NDArray[np.uint8]] = field(default_factory=list)
    maps: list[NDArray[np.float32]] = field(default_factory=list)
    colour: list[float] = field(default_factory=list)  # step into the frame; 0 for the first
    structure: list[float] = field(default_factory=list)
    black: list[bool] = field(default_factory=list)
    single: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)

    def add(self, picture: NDArray[np.uint8]) -> None:
        map_ = structure_map(picture)
        self.colour.append(colour_step(self.small[-1], picture) if self.small else 0.0)
        self.structure.append(structure_step(self.maps[-1], map_) if self.maps else 0.0)
        self.black.append(bool(picture.mean() <= BLACK_MEAN and picture.std() <= BLACK_SPREAD))
        self.small.append(picture)
        self.maps.append(map_)

    def drop_first(self) -> None:
        self.lit = self.lit or not self.black[0]
        rows: list[Any]
        for rows in (self.small, self.maps, self.colour, self.structure, self.black):
            del rows[0]
        del self.single[0]
        del self.many[0]
        self.first += 1


class JointDetector:
    """Find cuts from a network's scores and the pictures; see `scenes.cuts.CutDetector`.

    Args:
        scorer: The network; `None` = pictures alone.
        score_min: Score of the network from which it proposes a cut.
        jump_min: How many times a step must exceed those around it to be a jump.
        spare: Do not ask the network where the pictures settle the matter.

    Attributes:
        doubtful: What may be a cut and makes no shot, so far; confidences are below those of cuts.
    """

    def __init__(
        self,
        scorer: TransitionScorer | None,
        *,
        score_min: float,
        jump_min: float,
        spare: bool = True,
    ) -> None:
        self._scorer = scorer
        self._score_min = score_min
        self._jump_min = jump_min
        self._film = _FrameWindow()
        self._room: CutPrefilter | None = None
        if scorer is not None and spare:
            self._room = CutPrefilter(
                short_min=SHARP_DISTANCE_MIN, long_min=SPAN_DISTANCE_MIN, unrest_min=CHANGE_RATE_MIN
            )
        self._next = 1  # the next frame to be judged as the first of a shot
        self._last_cut = 0
        self._blocked_until = 0  # frames below this belong to a transition that was reported
        self.doubtful: list[Cut] = []
        delay = 0 if scorer is None else scorer.delay_frames
        self.lookback_frames = delay + LOOK_FRAMES

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`, in order of frames."""
        cuts = []
        for picture in small_frames(batch):
            self._film.add(picture)
            if self._room is not None:
                film = self._film
                self._room.add(film.maps[-1], colour=film.colour[-1], black=film.black[-1])
            self._add_scores(None if self._scorer is None else self._scorer.push(picture[None]))
            cuts += self._judge(ahead=LOOK_FRAMES)
        return cuts

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        if self._scorer is not None:
            self._add_scores(self._scorer.finish())
        return self._judge(ahead=0)

    def _add_scores(self, scores: NDArray[np.float32] | None) -> None:
        rows = [(0.0, 0.0)] if scores is None else scores.tolist()
        self._film.single += [row[0] for row in rows]
        self._film.many += [row[1] for row in rows]

    def _judge(self, *, ahead: int) -> list[Cut]:
        """Judge every frame that has `ahead` frames behind it, and forget what is not needed."""
        film, cuts = self._film, []
        while self._next + ahead < film.first + len(film.single):
            at = self._next - film.first
            cut = self._cut_at(at) if self._next >= self._blocked_until else None
            if cut is not None:
                cuts.append(cut)
            self._next += 1
            if self._next - film.first > LOOK_FRAMES:
                film.drop_first()
                if isinstance(self._scorer, LazyScorer):
                    self._scorer.forget(film.first)
        return cuts

    def _cut_at(self, at: int) -> Cut | None:
        """Return the cut that row `at` of the film proposes, if it does and it holds."""
        if self._room is not None:
            frame = self._film.first + at
            if self._room.plain_cut(frame):
                return self._report(at, at + MERGE_FRAMES, "cut", 1.0)
            if not self._room.at(frame):
                return None
        strength, gradual = self._strength(at)
        if strength < DOUBTFUL_STRENGTH:
            return None
        near = range(max(1, at - MERGE_FRAMES), min(len(self._film.single), at + MERGE_FRAMES + 1))
        if any(self._strength(i)[0] > strength for i in near if i > at):
            return None  # the better proposal is still to come
        a, b = self._span(at)
        if self._film.black[b]:
            return None  # still in the black: its end will propose the cut
        if not self._holds(a, b, gradual=gradual):
            return None
        first, opening = self._opening(a, b)
        if self._film.first + first <= self._last_cut:
            return None  # the rest of a long fade that was reported
        confidence = max(self._single(at - 1), 0.5 * strength)
        if strength < 1.0:
            self.doubtful.append(Cut(self._film.first + first, opening, round(confidence, 4)))
            return None
        return self._report(first, max(b, at + MERGE_FRAMES), opening, confidence)

    def _report(self, first: int, last: int, opening: Opening, confidence: float) -> Cut:
        """Note a transition that ends with row `last`, and return its cut into row `first`."""
        self._last_cut = self._film.first + first
        self._blocked_until = self._film.first + last + 1
        return Cut(self._last_cut, opening, round(min(1.0, confidence), 4))

    def _holds(self, a: int, b: int, *, gradual: bool) -> bool:
        """Whether the pictures on both sides say that rows `a` and `b` are different shots."""
        if b - a <= 1 + DISSOLVE_FRAMES:
            least = GRADUAL_DISTANCE_MIN if gradual else SHARP_DISTANCE_MIN
            return distance_vs_motion(self._film.maps, a, b) >= least
        through_black = any(self._film.black[a:b])
        if not through_black and change_rate_ratio(self._film.structure, a, b) < CHANGE_RATE_MIN:
            return False  # only the light has changed
        least = GRADUAL_DISTANCE_MIN if gradual else SPAN_DISTANCE_MIN
        return distance_vs_motion(self._film.maps, a, b) >= least

    def _strength(self, at: int) -> tuple[float, bool]:
        """Return how strongly row `at` is proposed (1 = enough), and whether only as gradual."""
        film = self._film
        # Two witnesses that know nothing of each other: two doubts may be as good as a certainty.
        sharp = hypot(self._single(at - 1) / self._score_min, self._jump_strength(at))
        lit_before = film.lit or not all(film.black[:at])
        if film.black[at - 1] and not film.black[at] and lit_before:
            sharp = max(sharp, 1.0)
        half = GRADUAL_FRAMES // 2
        rows = range(max(0, at - 1 - half), min(len(film.many), at + half))
        held = [self._many(row) for row in rows]
        slow = min(held) / GRADUAL_MIN if len(held) == GRADUAL_FRAMES else 0.0
        # Capped: a dissolve holds this score for long, and its sharp middle should win.
        slow = min(slow, 1.0)
        return (sharp, False) if sharp >= slow else (slow, True)

    def _jump_strength(self, at: int) -> float:
        """Return how strongly the step into a row proposes it: one as large as others, not."""
        ratio = self._jump(at)
        if ratio >= self._jump_min:
            return ratio / self._jump_min
        return max(0.0, ratio - 1) / (self._jump_min - 1) if self._jump_min > 1 else 0.0

    def _jump(self, at: int) -> float:
        """Return how many times the step into a row exceeds those around it."""
        film = self._film
        if film.colour[at] < COLOUR_JUMP_MIN or film.structure[at] < STRUCTURE_JUMP_MIN:
            return 0.0
        low, high = max(0, at - LOOK_FRAMES), at + LOOK_FRAMES + 1
        # Row 0 of a clip has no step; later rows that were dropped had one.
        low = max(low, 1) if film.first == 0 else low
        moving = [step >= FROZEN_STEP for step in film.colour[low:high]]
        return min(
            peak_ratio(film.colour[low:high], moving, at - low),
            peak_ratio(film.structure[low:high], moving, at - low),
        )

    def _span(self, at: int) -> tuple[int, int]:
        """Return the last row before and the first row after the transition at row `at`."""
        # The network marks a hard cut on its last old frame: that one is no blend.
        a, b, stop = at - 1, at, min(len(self._film.many), len(self._film.black))
        while a > 0 and at - a <= SPAN_FRAMES and self._inside(a):
            a -= 1
        while b < stop - 1 and b - at < SPAN_FRAMES and self._inside(b):
            b += 1
        return (a, b) if b - a > 2 else (at - 1, at)

    def _inside(self, row: int) -> bool:
        """Whether row `row` is part of a transition."""
        return self._film.black[row] or self._many(row) >= MANY_MIN

    def _single(self, row: int) -> float:
        """Return the network's first score of a row, asking it where that was put off."""
        if isnan(self._film.single[row]):
            self._ask(row)
        return self._film.single[row]

    def _many(self, row: int) -> float:
        """Return the network's second score of a row."""
        if isnan(self._film.many[row]):
            self._ask(row)
        return self._film.many[row]

    def _ask(self, row: int) -> None:
        """Fill in the scores of the window that `row` lies in."""
        if not isinstance(self._scorer, LazyScorer):
            raise TypeError("a scorer that hands out NaN must answer when asked")
        film = self._film
        first, scores = self._scorer.window_of(film.first + row)
        for at, (single, many) in enumerate(scores.tolist(), start=first - film.first):
            if 0 <= at < len(film.single):
                film.single[at], film.many[at] = single, many

    def _opening(self, a: int, b: int) -> tuple[int, Opening]:
        """Return the first row of the new shot and how it opens."""
        film = self._film
        dark = [row for row in range(a, b) if film.black[row]]
        if dark:
            return dark[-1] + 1, "fade"
        first = takeover(film.small, a, b)
        return first, "dissolve" if b - a - 1 > DISSOLVE_FRAMES else "cut"
