"""Pictures kept while a clip is read, for the people who look rather than read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Picture:
    """A small JPEG of one character at one frame.

    `caption` stands below it in place of time and frame: a reference picture has neither.
    """

    frame: int
    tracklet_id: int
    jpeg: bytes
    width_px: int
    height_px: int
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Crops side by side that show a finding: before and after, one pair per character concerned.

    For a clone, "before" and "after" are the two who are on screen at once; against a cast file,
    the reference and what was seen.

    Attributes:
        character_id: Who is shown; where a place changes hands, who is there after. `None` where
            that is not known.
        before: Up to two pictures.
        after: Up to two pictures.
        was_id: Who is there before, where that is another one; empty where that is not known.
    """

    character_id: str | None
    before: tuple[Picture, ...]
    after: tuple[Picture, ...]
    was_id: str | None = None


@dataclass(frozen=True, slots=True)
class Visuals:
    """Everything the HTML page shows besides the report itself.

    Attributes:
        strips: Character id to its looks over time, in order of frames.
        comparisons: Finding id to the crops that show it.
        references: Character id to the reference picture of whom it was matched with.
        shot_pictures: Shot index to a small JPEG of its middle frame.
    """

    strips: dict[str, tuple[Picture, ...]] = field(default_factory=dict)
    comparisons: dict[str, tuple[Comparison, ...]] = field(default_factory=dict)
    shot_pictures: dict[int, bytes] = field(default_factory=dict)
    references: dict[str, Picture] = field(default_factory=dict)
