"""From batches of pictures to cuts: the interface, the settings, and the detector they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from scenes.cut_settings import ShotSettings
from scenes.cuts_content import small_frames
from scenes.cuts_joint import JointDetector
from scenes.cuts_scenedetect import SceneDetectDetector
from scenes.cuts_transnet import TransNetScorer
from scenes.shots import Cut, Shot, shots_from_cuts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from scenes.cuts_joint import TransitionScorer
    from scenes.frames import FrameBatch


__all__ = [
    "CutDetector",
    "NoDetector",
    "ScoreDetector",
    "ShotSettings",
    "ShotSplitter",
    "detect_shots",
]


class CutDetector(Protocol):
    """Finds cuts in batches that come in order; what it finds does not depend on their size.

    Attributes:
        lookback_frames: A cut is reported at most this many frames after it.
        doubtful: What may be a cut and is not reported as one, so far, in order of frames.
    """

    lookback_frames: int
    doubtful: list[Cut]

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`, in order of frames."""
        ...

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        ...


class ShotSplitter:
    """The cut detector that `settings` ask for; see `CutDetector`.

    Args:
        settings: What to use, and how sure it must be.
        device: Where a network runs, such as "cpu" or "cuda:0".

    Example:
        >>> ShotSplitter(ShotSettings(method="none")).finish()
        []
    """

    def __init__(self, settings: ShotSettings | None = None, *, device: str = "cpu") -> None:
        self.settings = settings or ShotSettings()
        self._detector = _make_detector(self.settings, device=device)
        self.lookback_frames = self._detector.lookback_frames
        self.doubtful = self._detector.doubtful

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`, in order of frames."""
        return self._detector.push(batch)

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        return self._detector.finish()


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


class ScoreDetector:
    """Cuts where the scores of a network alone reach a threshold; one per run of such frames."""

    def __init__(self, scorer: TransitionScorer, *, score_min: float) -> None:
        self._scorer = scorer
        self._score_min = score_min
        self._scored = 0
        self._run: list[tuple[float, int]] = []
        self.doubtful: list[Cut] = []
        self.lookback_frames = scorer.delay_frames

    def push(self, batch: FrameBatch) -> list[Cut]:
        """Return the cuts that have become certain with `batch`, in order of frames."""
        return self._cuts(self._scorer.push(small_frames(batch)))

    def finish(self) -> list[Cut]:
        """Return the remaining cuts, after the last batch."""
        cuts = self._cuts(self._scorer.finish())
        if self._run:
            cuts.append(self._close_run())
        return [cut for cut in cuts if cut.frame < self._scored]

    def _cuts(self, scores: NDArray[np.float32]) -> list[Cut]:
        cuts = []
        for score in scores[:, 0].tolist():
            if score >= self._score_min:
                self._run.append((score, self._scored))
            elif self._run:
                cuts.append(self._close_run())
            self._scored += 1
        return cuts

    def _close_run(self) -> Cut:
        score, frame = max(self._run)
        self._run = []
        return Cut(frame + 1, "cut", round(score, 4))


class NoDetector:
    """Finds nothing: the whole clip is one shot."""

    def __init__(self) -> None:
        self.lookback_frames = 0
        self.doubtful: list[Cut] = []

    def push(self, batch: FrameBatch) -> list[Cut]:  # noqa: ARG002 (the protocol's)
        """Return no cuts."""
        return []

    def finish(self) -> list[Cut]:
        """Return no cuts."""
        return []


def _make_detector(settings: ShotSettings, *, device: str) -> CutDetector:
    if settings.method == "none":
        return NoDetector()
    if settings.method == "scenedetect":
        return SceneDetectDetector(adaptive_min=settings.adaptive_min)
    if settings.method == "transnet":
        return ScoreDetector(TransNetScorer(device=device), score_min=settings.score_min)
    scorer = None
    if settings.method == "auto":
        scorer = TransNetScorer(device=device, patient=True)
    return JointDetector(scorer, score_min=settings.score_min, jump_min=settings.jump_min)
