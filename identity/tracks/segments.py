"""Segments: stretches of a tracklet in which one look is worn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from identity.appearance.cues.table import CUE_TABLE
from identity.appearance.looks import CUES, Cue, Looks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker.tracklets import Tracklet

_NO_LOOKS = ("score", "words")  # roles of cues that are no look


class Clothes(NamedTuple):
    """What can be said of what somebody wears.

    Attributes:
        colours: (486,) float32, the mean `colour_histogram` of the chest.
        samples: How many it is the mean of.
        face_share: In how many of them a face was read as well.
    """

    colours: NDArray[np.float32]
    samples: int
    face_share: float


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Rows `[start_row, stop_row)` of one tracklet.

    Attributes:
        tracklet: The tracklet it is part of.
        start_row: First row.
        stop_row: First row after it.
        means: Cue to (D,) float32, the mean of its unit rows. The dot product of two means is the
            mean of all pairwise cosines, so no more is ever needed to compare two segments.
        sample_count: Samples that were good enough, of the cue that has most.
        clothes: What words for them go by; `None` where no chest was seen. No look: nothing is
            judged by it.
        seconded: How sure a second detector is of its boxes, in [0, 1], the median; NaN where it
            was asked about none.
    """

    tracklet: Tracklet
    start_row: int
    stop_row: int
    means: dict[Cue, NDArray[np.float32]]
    sample_count: int
    seconded: float = float("nan")
    clothes: Clothes | None = None

    @property
    def start_frame(self) -> int:
        """First frame."""
        return int(self.tracklet.frame[self.start_row])

    @property
    def stop_frame(self) -> int:
        """First frame after the last."""
        return int(self.tracklet.frame[self.stop_row - 1]) + 1

    @property
    def frames(self) -> NDArray[np.int64]:
        """(T,) the frames it is seen in."""
        return self.tracklet.frame[self.start_row : self.stop_row]

    @property
    def xyxy(self) -> NDArray[np.float32]:
        """(T, 4) its boxes."""
        return self.tracklet.xyxy[self.start_row : self.stop_row]

    @property
    def score(self) -> NDArray[np.float32]:
        """(T,) how sure the detector was of each box, in [0, 1]."""
        return self.tracklet.score[self.start_row : self.stop_row]


def make_segment(tracklet: Tracklet, looks: Looks, start_row: int, stop_row: int) -> Segment:
    """Cut a segment out of a tracklet and average its looks."""

    def within(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return rows[(rows >= start_row) & (rows < stop_row)]

    means: dict[Cue, NDArray[np.float32]] = {}
    most = 0
    for cue in (cue for cue in CUES if CUE_TABLE[cue].role not in _NO_LOOKS):
        rows = within(looks.seen(cue))
        if len(rows):
            means[cue] = looks.mean(cue, rows)
            most = max(most, len(rows))
    rows = within(looks.told("seconded"))  # good samples or not: this is of the boxes
    seconded = float(np.median(looks.rows("seconded", rows))) if len(rows) else float("nan")
    chest, clothes = within(looks.seen("chest")), None
    if len(chest):
        with_face = float(np.isin(chest, looks.seen("face")).mean())
        clothes = Clothes(looks.mean("chest", chest), len(chest), with_face)
    return Segment(tracklet, start_row, stop_row, means, most, seconded, clothes)
