"""The networks of a run, loaded once for all clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castcheck.config import AUTO
from identity.open_embedder import COLOUR, open_embedder
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from castcheck.config import Config
    from identity.embedder import Embedder
    from tracker.detections import Detector


@dataclass(frozen=True, slots=True)
class Models:
    """What judges.

    Attributes:
        detector: Finds characters.
        embedder: Compares their looks; `None` = by colour alone.
        device: Where networks run, "cpu" or "cuda:N".
        degradations: What was asked for and could not be done.
    """

    detector: Detector
    embedder: Embedder | None
    device: str = "cpu"
    degradations: tuple[str, ...] = ()


def load_models(config: Config) -> Models:
    """Open the detector and the embedder that `config` asks for.

    Raises:
        WeightsError: Missing, damaged or not trusted.
        ConfigError: A device or class that is not there.
    """
    run = config.run
    half = None if run.half else False  # None = where the device can, which is no degradation
    detector = YoloDetector(
        run.detector, config.detector, device=run.device, half=half, trusted=run.trust_weights
    )
    device = detector.device
    spec = COLOUR if run.embedder == AUTO else run.embedder
    embedder = open_embedder(spec, device=device, trusted=run.trust_weights)
    return Models(detector, embedder, device, detector.degradations)
