"""The settings of this room, each with its default, meaning and range."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

from scenes.errors import ConfigError
from scenes.settings import check_ranges, setting

_ODDS_POWER = 3.0  # by which odds fall as strictness rises

ThresholdName = Literal["swap", "attribute_swap", "drift", "vanish"]


MOST_CHARACTERS = 99


@dataclass(frozen=True, slots=True)
class LooksSettings:
    """Which samples of a character's looks are taken."""

    embed_per_s: float = setting(
        8.0, "times a second each character is shown to the network", low=0.5, high=120
    )
    min_height_px: float = setting(
        28.0, "characters lower than this are too small to judge", low=8, high=2000
    )
    max_covered: float = setting(
        0.4, "a sample is not judged if others cover more than this share of it", low=0, high=1
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="looks")


@dataclass(frozen=True, slots=True)
class CastSettings:
    """How tracklets are joined into characters."""

    characters: int | None = setting(
        None,
        "how many characters there should be: no more are made, who is one too many is told; "
        "none = as many as are found",
        low=1,
        high=MOST_CHARACTERS,
    )
    same_prior: float = setting(
        0.4,
        "added to the log-odds that two tracklets are one person; higher joins more",
        low=-10,
        high=10,
    )
    likely_characters: int = setting(
        2,
        "so many characters are expected without any proof that they are different",
        low=0,
        high=99,
    )
    independent_shots: float = setting(
        1.5,
        "so many shots of a clip bring looks of their own; the rest repeat them",
        low=0.1,
        high=1000,
    )
    new_character_cost: float = setting(
        1.5,
        "log-odds that each further character must bring, unless as many are seen at once",
        low=0,
        high=20,
    )
    reverse_shot: float = setting(
        2.0,
        "taken from the log-odds that two are one person where the camera goes back and forth "
        "between them",
        low=0,
        high=20,
    )
    reference_prior: float = setting(
        -0.2,
        "added to the log-odds that a character is the one in the reference pictures",
        low=-10,
        high=10,
    )
    min_screen_share: float = setting(
        0.12,
        "who is seen for less than this share of the longest-seen character is background",
        low=0,
        high=1,
    )
    min_size_share: float = setting(
        0.35,
        "who is never larger than this share of the largest beside him is background",
        low=0,
        high=1,
    )
    min_piece_share: float = setting(
        0.15,
        "a tracklet seen for less than this share of the longest one of its shot makes no "
        "character of its own; it may be one who is seen elsewhere",
        low=0,
        high=1,
    )
    min_box_score: float = setting(
        0.55,
        "a tracklet with a box scored at least this less than once in ten makes no character of "
        "its own; it may be one who is seen elsewhere",
        low=0,
        high=1,
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="cast")
        count = self.characters
        if count is None:
            return
        if isinstance(count, bool) or not isinstance(count, int):
            raise ConfigError(f"expected a whole number, got {count!r}", where="cast.characters")
        if not 1 <= count <= MOST_CHARACTERS:
            raise ConfigError(
                f"{count} is out of range, allowed is 1 to {MOST_CHARACTERS}",
                where="cast.characters",
            )


@dataclass(frozen=True, slots=True)
class FindingSettings:
    """From where on a change is a finding."""

    min_confidence: float = setting(
        0.5, "findings less sure than this are not reported", low=0, high=1
    )
    major_confidence: float = setting(
        0.75,
        "findings less sure than this are minor at most: they are told, and stop no clip unless "
        "asked to",
        low=0,
        high=1,
    )
    strictness: float = setting(
        1.0,
        "all thresholds below are multiplied by this: more = fewer false alarms and fewer errors "
        "found, see the curve in docs/measurements.md",
        low=0.25,
        high=4,
    )
    swap: float = setting(
        0.25,
        "likeness that hair must lose where two in one outfit exchange it",
        low=0.05,
        high=1,
    )
    attribute_swap: float = setting(
        0.25,
        "likeness by which exchanged clothes, or heads, must fit better than 'stayed' over a cut",
        low=0.05,
        high=1,
    )
    drift: float = setting(
        0.33, "loss of likeness from which a gradual change counts", low=0.05, high=1
    )
    vanish: float = setting(
        2.0,
        "how much larger than any other change around it the step of the pixels must be where "
        "somebody disappears or appears",
        low=1,
        high=20,
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="findings")

    @property
    def least_log_odds(self) -> float:
        """Log-odds from which an explanation is a finding, at `min_confidence` and strictness.

        Example:
            >>> FindingSettings(min_confidence=0.5).least_log_odds
            0.0
        """
        share = min(max(self.min_confidence, 1e-3), 1 - 1e-3)
        return log(share / (1 - share)) + _ODDS_POWER * log(self.strictness)

    def scaled(self, name: ThresholdName) -> float:
        """Return a threshold as it is to be used, times the strictness.

        Example:
            >>> FindingSettings(strictness=2, drift=0.3).scaled("drift")
            0.6
        """
        return float(getattr(self, name)) * self.strictness
