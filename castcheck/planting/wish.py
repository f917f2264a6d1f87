"""What is to be planted, checked."""

from __future__ import annotations

from dataclasses import dataclass

from castcheck.planting.ways import WAYS, Way
from scenes.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be planted.

    Attributes:
        kinds: Names of rows of the table, or of their groups; empty = all.
        per_clip: Errors per clip; look-alikes come on top, one for three errors.
        strengths: How much of another look is shown, each in (0, 1].
        seed: Of all chance.
        seconds: Longest clip that is made.
        side_px: Longer side of the pictures at most; 0 = as in the source.
    """

    kinds: tuple[str, ...] = ()
    per_clip: int = 4
    strengths: tuple[float, ...] = (1.0,)
    seed: int = 0
    seconds: float = 4.0
    side_px: int = 0

    def __post_init__(self) -> None:
        for value in self.strengths:
            if not 0 < value <= 1:
                raise ConfigError(
                    f"{value:g} is out of range", where="--strength", hint="0 < strength <= 1"
                )
        if not self.strengths:
            raise ConfigError("holds no number", where="--strength", hint="such as 0.5,1")
        if self.per_clip < 1:
            raise ConfigError("must be 1 or more", where="--per-clip", hint="such as 4")
        if not 1 <= self.seconds < float("inf"):
            raise ConfigError(
                f"{self.seconds:g} is out of range, allowed is 1 or more", where="--seconds"
            )
        known = {*WAYS, *(way.group for way in WAYS.values())}
        for name in self.kinds:
            if name not in known:
                groups = ", ".join(dict.fromkeys(way.group for way in WAYS.values()))
                raise ConfigError(
                    f"{name!r} is unknown", where="--kinds", hint=f"known are {groups}, and ways"
                )

    @property
    def rows(self) -> list[Way]:
        """The rows of the table that are wanted."""
        wanted = set(self.kinds)
        return [
            way for way in WAYS.values() if not wanted or way.name in wanted or way.group in wanted
        ]
