"""The settings of this package, each with its default, meaning and range."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

from scenes.errors import ConfigError
from scenes.settings import check_ranges, setting

ODDS_POWER = 3.0  # by which odds fall as strictness rises, and rise with what a rule measures

ThresholdName = Literal["swap", "attribute_swap", "drift", "vanish"]


MOST_CHARACTERS = 99


@dataclass(frozen=True, slots=True)
class LooksSettings:
    """Which samples of a character's looks are taken."""

    embed_per_s: float = setting(8.0, "embeddings per character and second", low=0.5, high=120)
    min_height_px: float = setting(
        28.0, "smallest height of a character that is judged, in pixels", low=8, high=2000
    )
    max_covered: float = setting(
        0.4, "largest share of a sample that others may cover", low=0, high=1
    )
    faces: str = setting(
        "bundled",
        "what compares faces: bundled, sface (OpenCV's networks, to be pulled) or off; only of an "
        "embedder that tells heads, as the bundled one does",
        choices=("bundled", "sface", "off"),
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="looks")


@dataclass(frozen=True, slots=True)
class ClusteringSettings:
    """How tracklets are joined into characters."""

    characters: int | None = setting(
        None,
        "how many characters there should be: no more are made, and anyone above that is "
        "reported; none = as many as are found",
        low=1,
        high=MOST_CHARACTERS,
    )
    same_prior: float = setting(
        0.9,
        "added to the log-odds that two tracklets are one person; higher joins more",
        low=-10,
        high=10,
    )
    likely_characters: int = setting(
        2,
        "how many characters are expected without evidence that they differ",
        low=0,
        high=99,
    )
    independent_shots: float = setting(
        1.5,
        "how many shots of one set-up count as independent, and how many tracklets of a character "
        "beside reference pictures; the rest repeat them",
        low=0.1,
        high=1000,
    )
    new_character_cost: float = setting(
        0.75,
        "log-odds of evidence that each further character needs, unless as many are seen at once",
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
        "a character seen for less than this share of the longest-seen one is background",
        low=0,
        high=1,
    )
    min_size_share: float = setting(
        0.35,
        "a character never larger than this share of the largest one beside it is background",
        low=0,
        high=1,
    )
    min_someone_confidence: float = setting(
        0.68,
        "how sure it has to be, by its scores and its length, that a tracklet shows a character "
        "for it to make a new one; it may join one",
        low=0.01,
        high=0.99,
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="clustering")
        count = self.characters
        if count is None:
            return
        if isinstance(count, bool) or not isinstance(count, int):
            raise ConfigError(
                f"expected a whole number, got {count!r}", where="clustering.characters"
            )
        if not 1 <= count <= MOST_CHARACTERS:
            raise ConfigError(
                f"{count} is out of range, allowed is 1 to {MOST_CHARACTERS}",
                where="clustering.characters",
            )

    @property
    def least_someone_odds(self) -> float:
        """Log-odds from which a tracklet makes a character.

        Example:
            >>> ClusteringSettings(min_someone_confidence=0.5).least_someone_odds
            0.0
        """
        return _log_odds(self.min_someone_confidence)


@dataclass(frozen=True, slots=True)
class FindingSettings:
    """From where on a change is a finding."""

    min_confidence: float = setting(
        0.5, "lowest confidence of a finding that is reported", low=0, high=1
    )
    major_confidence: float = setting(
        0.75,
        "findings less confident than this are minor at most: reported, but no reason for a clip "
        "to fail unless --fail-on minor asks for it",
        low=0,
        high=1,
    )
    strictness: float = setting(
        1.0,
        "multiplies all thresholds below: higher = fewer false alarms and fewer errors found, see "
        "the curve in docs/measurements.md",
        low=0.25,
        high=4,
    )
    swap: float = setting(
        0.25,
        "loss of similarity from which exchanged hair counts, for two in one outfit",
        low=0.05,
        high=1,
    )
    attribute_swap: float = setting(
        0.25,
        "how strictly clothes, or hair, that two exchange over a cut are judged: 0.25 = as learnt, "
        "above it only the surest are reported",
        low=0.05,
        high=1,
    )
    drift: float = setting(
        0.33, "loss of similarity from which a gradual change counts", low=0.05, high=1
    )
    vanish: float = setting(
        2.0,
        "how strictly a character that disappears or appears is judged: 2 = as learnt, above it "
        "only the surest are reported",
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
        return _log_odds(share) + ODDS_POWER * log(self.strictness)

    @property
    def vanish_log_odds(self) -> float:
        """Log-odds taken off where somebody seems to be gone in full view: for `vanish` and above.

        Example:
            >>> FindingSettings().vanish_log_odds
            0.0
        """
        return ODDS_POWER * log(self.scaled("vanish") / FindingSettings().vanish)

    @property
    def presence_log_odds(self) -> float:
        """Log-odds below which nobody who seems to be gone in full view is a finding.

        A hundredth less than that, since confidences are rounded.

        Example:
            >>> round(FindingSettings().presence_log_odds, 2)
            -0.01
        """
        share = min(max(self.min_confidence, 1e-3), 1 - 1e-3)
        return _log_odds(share) + self.vanish_log_odds - 0.01

    @property
    def attribute_swap_log_odds(self) -> float:
        """Log-odds taken off where two exchange clothes or hair over a cut.

        Example:
            >>> FindingSettings().attribute_swap_log_odds
            0.0
        """
        return ODDS_POWER * log(self.attribute_swap / FindingSettings().attribute_swap)

    def scaled(self, name: ThresholdName) -> float:
        """Return a threshold as it is to be used, times the strictness.

        Example:
            >>> FindingSettings(strictness=2, drift=0.3).scaled("drift")
            0.6
        """
        return float(getattr(self, name)) * self.strictness


def _log_odds(share: float) -> float:
    return log(share / (1 - share))
