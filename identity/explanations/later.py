"""Who looks otherwise in a later shot than in every earlier one that can be compared with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from identity.evidence.running_sums import BLOCK_SAMPLES
from identity.evidence.same_look import MIN_LOOKS
from identity.explanations.contract import Explained, features_at
from identity.explanations.drift_over_cuts import curve_over_cut
from identity.tracks.body_track import SURE_SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from identity.appearance.looks import Cue
    from identity.explanations.contract import Clip
    from identity.tracks.segments import Segment

    # The features of N segments and M later ones, each (N, M), and which of them can be compared.
    Compares = Callable[
        [Sequence[Segment], Sequence[Segment]],
        tuple[dict[str, NDArray[np.float64]], NDArray[np.bool_]],
    ]


@dataclass(frozen=True, slots=True)
class LaterChange:
    """A character looks otherwise in a later shot.

    Attributes:
        early, late: Segments: the earlier one that it is most alike to, and the later one.
        log_odds: That it has changed.
        features: What it was judged by.
    """

    early: int
    late: int
    log_odds: float
    features: dict[str, float]

    def explained(
        self,
        clip: Clip,
        *,
        strength: float,
        cues: Sequence[Cue],
        vouched: bool,
        attribute: Literal["", "clothes"] = "",
    ) -> Explained:
        """Return it as a drift over a cut, with the curve of the cues that decide.

        Args:
            clip: It is of this one.
            strength: How much is lost; what lies outside 0 to 1 is cut off.
            cues: Whose mean is drawn.
            vouched: Whether more than one thing speaks for it.
            attribute: What alone has changed; "" = all of a look.
        """
        late = clip.segments[self.late]
        two = clip.track_of(self.early), clip.track_of(self.late)
        return Explained(
            "drift", two, late.start_frame, late.stop_frame, self.log_odds,
            float(np.clip(strength, 0, 1)), self.features,
            over_cut=True, attribute=attribute, vouched=vouched,
            curves={two[1]: curve_over_cut(clip, *two, cues)},
        )  # fmt: skip


def later_changes(clip: Clip, name: str, compares: Compares) -> Iterator[LaterChange]:
    """Yield who is more likely than not to have changed, by one explanation of the model.

    Of the earlier shots the most alike counts: who looks again as in any of them has not changed.
    Nothing is asked of whom something else explains already.

    Args:
        clip: Its cast stands.
        name: Of the explanation, in the model.
        compares: What it weighs.
    """
    labels, doubtful = clip.cast.labels, clip.cast.doubtful
    explained = clip.characters_explained()
    for label in range(clip.cast.character_count):
        own = [
            k
            for k, segment in enumerate(clip.segments)
            if labels[k] == label and not doubtful[k] and _is_clear(segment)
        ]
        if label not in explained:
            own.sort(key=lambda k: clip.segments[k].start_frame)
            yield from _changes(clip, own, name, compares)


def _is_clear(segment: Segment) -> bool:
    enough = segment.sample_count >= MIN_LOOKS and "body" in segment.means
    return enough and float(np.median(segment.score)) >= SURE_SCORE


def _changes(
    clip: Clip, own: Sequence[int], name: str, compares: Compares
) -> Iterator[LaterChange]:
    """Yield the changes of one character, whose segments are in the order of time."""
    segments = [clip.segments[k] for k in own]
    shots = np.array([segment.tracklet.shot_index for segment in segments])
    if len(set(shots.tolist())) < 2:
        return
    block = max(1, BLOCK_SAMPLES**2 // max(len(own), BLOCK_SAMPLES))
    for start in range(0, len(own), block):
        some = slice(start, start + block)
        features, comparable = compares(segments, segments[some])
        asked = comparable & (shots[:, None] < shots[some])
        odds = np.where(asked, clip.model[name].log_odds(features), np.inf)
        for at in np.flatnonzero(asked.any(axis=0)).tolist():
            early = int(odds[:, at].argmin())
            if odds[early, at] >= clip.settings.least_log_odds:
                row = {feature: table[:, at] for feature, table in features.items()}
                yield LaterChange(
                    own[early], own[start + at], float(odds[early, at]), features_at(row, early)
                )
