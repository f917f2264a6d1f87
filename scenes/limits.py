"""How much of a clip is read at most: a file of 158 bytes can ask for gigabytes and for hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scenes.errors import VideoOpenError
from scenes.settings import check_ranges, setting

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """How large a clip or a reference picture may be; above it, it is bad input."""

    picture_px: int = setting(
        8192 * 8192,
        "largest frame that is decoded, in pixels (width times height); 8K has 33 million",
        low=1,
        high=2**31 - 1,
    )
    frames: int = setting(500_000, "most frames of a clip that is checked", low=1, high=2**31 - 1)
    duration_s: float = setting(
        10_800.0, "longest clip that is checked, in seconds", low=0.001, high=1e9
    )

    def __post_init__(self) -> None:
        check_ranges(self, section="limits")

    def forbids_picture(self, width_px: int, height_px: int) -> bool:
        """Tell whether pictures of this size are too large."""
        return width_px * height_px > self.picture_px

    @property
    def decoder_px(self) -> int:
        """Pixels up to which decoders may go: they fill up to whole blocks, and count those."""
        return min(self.picture_px + self.picture_px // 8 + 65_536, 2**31 - 1)

    def check_length(self, path: Path, frames: int, end_s: Fraction) -> None:
        """Raise once more was read of a clip than is allowed.

        Raises:
            VideoOpenError: Saying which limit and how to raise it.
        """
        if frames > self.frames:
            what, key = f"it has more than {self.frames} pictures", "frames"
        elif end_s > self.duration_s:
            what, key = f"it is longer than {self.duration_s:g} s", "duration_s"
        else:
            return
        raise VideoOpenError(
            what, where=path, hint=f"cut it into pieces, or raise limits.{key} in the config"
        )


# For what has been checked already, or was made by us.
NO_LIMITS = LimitSettings(picture_px=2**31 - 1, frames=2**31 - 1, duration_s=1e9)


def too_large(path: Path, width_px: int, height_px: int, limits: LimitSettings) -> VideoOpenError:
    """Return the error that says a picture is too large."""
    return VideoOpenError(
        f"its pictures are {width_px}x{height_px}, allowed are {limits.picture_px} pixels",
        where=path,
        hint="scale it down, or raise limits.picture_px in the config",
    )
