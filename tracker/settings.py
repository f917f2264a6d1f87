"""The settings of this package, each with its default, meaning and range."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.settings import check_ranges, setting


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How characters are found in single pictures.

    Example:
        >>> DetectorSettings(classes="cat, dog").class_list
        ('cat', 'dog')
    """

    classes: str = setting(
        "",
        "what counts as a character, comma-separated; empty = people, and animals and toys that "
        "are large and stay (or all the model knows); person = people alone",
    )
    min_score: float = setting(
        0.1,
        "boxes scored lower are dropped; weak ones only ever lengthen a track",
        low=0.001,
        high=1,
    )
    nms_iou: float = setting(
        0.7, "of two boxes that overlap more than this the weaker is dropped", low=0.05, high=1
    )
    image_size_px: int = setting(
        0,
        "longer side of the picture the detector sees, in pixels; 0 = as it was trained",
        low=0,
        high=4096,
    )
    batch_size: int = setting(8, "pictures per forward pass", low=1, high=1024)
    stride: int = setting(
        1,
        "look for characters in every Nth frame only; boxes between are interpolated, and the "
        "report says so",
        low=1,
        high=60,
    )

    search_fps: float = setting(
        8.0,
        "where nothing happens, look for characters in about so many pictures a second, half as "
        "many where no one moves, and draw the boxes between in straight lines; elsewhere in as "
        "many as it takes, in both at a step; 0 = in every picture",
        low=0,
        high=1000,
    )
    heads: bool = setting(
        default=True,
        text="match bodies with heads, so that two in one box are two; a detector that knows no "
        "heads is helped by the bundled one where a box is inside another or the only one large",
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="detector")

    def stride_at(self, fps: float) -> int:
        """Return that of a clip's pictures one in so many is searched where nothing happens.

        Example:
            >>> [DetectorSettings(search_fps=8).stride_at(fps) for fps in (8, 12, 16, 25, 60)]
            [1, 1, 2, 3, 7]
        """
        return max(1, int(fps / self.search_fps)) if self.search_fps else 1

    @property
    def class_list(self) -> tuple[str, ...]:
        """The words of `classes`, stripped; empty where the default is wanted."""
        return tuple(word.strip() for word in self.classes.split(",") if word.strip())


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How boxes become tracklets."""

    start_score: float = setting(0.25, "lowest score of a box that starts a track", low=0, high=1)
    strong_score: float = setting(
        0.3,
        "boxes with at least this score are matched first; weaker ones fill gaps",
        low=0,
        high=1,
    )
    backfill_score: float = setting(
        0.15,
        "lowest score of boxes that extend a track backwards from where it starts",
        low=0,
        high=1,
    )
    max_gap_s: float = setting(
        0.8, "longest time without a box that a track survives, in seconds", low=0, high=60
    )
    min_iou: float = setting(
        0.25, "lowest overlap (IoU) of a box with where its track is expected", low=0, high=1
    )
    min_boxes: int = setting(
        3, "tracks with fewer boxes are dropped, except in shots that are shorter", low=1, high=1000
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="tracker")
