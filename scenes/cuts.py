"""From batches of pictures to cuts: the interface, the settings, and the detector that wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from scenes.cuts_transnet import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, TransNetScorer
from scenes.settings import check_ranges, setting
from scenes.shots import Cut, Shot, shots_from_cuts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch


class CutDetector(Protocol):
    """Finds cuts in batches that come in order; what it finds does not depend on their size.

    Attributes:
        lookback_frames: A cut is reported at most this many frames after it.
    """

    lookback_frames: int

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`, in order of frames."""
        ...

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        ...


@dataclass(frozen=True, slots=True)
class ShotSettings:
    """How a clip is cut into shots."""

    detector: str = setting(
        "auto",
        "what finds the cuts; none = the whole clip is one shot",
        choices=("auto", "transnet", "none"),
    )
    threshold: float = setting(0.5, "score from which a frame is a cut", low=0.01, high=0.99)

    def __post_init__(self) -> None:
        check_ranges(self, section="shots")


class ShotSplitter:
    """The cut detector that `settings` ask for; see `CutDetector`.

    Args:
        settings: What to use, and how sure it must be.
        device: Where a network runs, such as "cpu" or "cuda:0".
    """

    def __init__(self, settings: ShotSettings | None = None, *, device: str = "cpu") -> None:
        self._settings = settings or ShotSettings()
        self._scorer = None if self._settings.detector == "none" else TransNetScorer(device=device)
        self._scored = 0
        self._run: list[tuple[float, int]] = []
        self.lookback_frames = 0 if self._scorer is None else self._scorer.delay_frames

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`."""
        return (
            [] if self._scorer is None else self._cuts(self._scorer.push(small_frames(batch.rgb)))
        )

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        if self._scorer is None:
            return []
        cuts = self._cuts(self._scorer.finish())
        frame_count = self._scored
        if self._run:
            cuts.append(self._close_run())
        return [cut for cut in cuts if cut.frame < frame_count]

    def _cuts(self, scores: NDArray[np.float32]) -> list[Cut]:
        cuts = []
        for score in scores[:, 0]:
            if score >= self._settings.threshold:
                self._run.append((float(score), self._scored))
            elif self._run:
                cuts.append(self._close_run())
            self._scored += 1
        return cuts

    def _close_run(self) -> Cut:
        score, frame = max(self._run)
        self._run = []
        return Cut(frame + 1, "cut", score)


def small_frames(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (N, 27, 48, 3) area averages of the pictures `rgb` (N, H, W, 3)."""
    size = (INPUT_WIDTH_PX, INPUT_HEIGHT_PX)
    small = np.empty((len(rgb), INPUT_HEIGHT_PX, INPUT_WIDTH_PX, 3), np.uint8)
    for row, picture in enumerate(rgb):
        small[row] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small


def detect_shots(
    batches: Iterable[FrameBatch], settings: ShotSettings | None = None, *, device: str = "cpu"
) -> tuple[Shot, ...]:
    """Return the shots that tile the clip whose `batches` come in order."""
    splitter = ShotSplitter(settings, device=device)
    cuts: list[Cut] = []
    frame_count = 0
    for batch in batches:
        cuts += splitter.push(batch)
        frame_count += len(batch)
    cuts += splitter.finish()
    return shots_from_cuts(cuts, frame_count=frame_count)
