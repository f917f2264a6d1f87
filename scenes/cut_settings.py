"""The settings of shot detection, apart from its engines, so that `--help` need not load them."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.settings import check_ranges, setting


@dataclass(frozen=True, slots=True)
class ShotSettings:
    """How a clip is cut into shots. Thresholds: see the section on shots in the measurements."""

    method: str = setting(
        "auto",
        "what finds the cuts: auto = network and frame differences together, or one of them alone; "
        "none = one shot",
        choices=("auto", "transnet", "content", "scenedetect", "none"),
    )
    score_min: float = setting(
        0.6, "network score from which a frame counts as a cut", low=0.01, high=0.99
    )
    jump_min: float = setting(
        1.8,
        "how many times a frame difference must exceed those around it to be a cut",
        low=1.0,
        high=100.0,
    )
    adaptive_min: float = setting(
        3.0, "the same for PySceneDetect, in its own measure", low=1.0, high=100.0
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="shots")
