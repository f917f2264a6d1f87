"""The errors users can meet. Each is one line: what, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class CastcheckError(Exception):
    """Base of every expected failure: bad input or bad usage, never a bug.

    Args:
        message: What went wrong, in one line.
        where: The file, option or frame it went wrong at; put in front of the message.
        hint: What to do about it; put behind the message.

    Example:
        >>> str(CastcheckError("no such file", where="a.mp4", hint="check the path"))
        'a.mp4: no such file; check the path'
    """

    def __init__(self, message: str, *, where: str | Path | None = None, hint: str = "") -> None:
        self.message = message
        self.where = None if where is None else str(where)
        self.hint = hint
        super().__init__(self._line())

    def _line(self) -> str:
        text = self.message if self.where is None else f"{self.where}: {self.message}"
        if self.hint:
            text = f"{text}; {self.hint}"
        return " ".join(text.split())


class VideoOpenError(CastcheckError):
    """The clip cannot be opened, or holds no pictures."""


class FrameDecodeError(CastcheckError):
    """A picture of the clip cannot be decoded."""


class WeightsError(CastcheckError):
    """Model weights are missing, damaged, of the wrong kind, or not trusted."""


class NotFiniteError(WeightsError):
    """A network returns something that is no number."""


class ScratchError(CastcheckError):
    """Temporary files cannot be written."""


class ConfigError(CastcheckError):
    """An option or a line of the configuration file is unknown or out of range."""


class ArrayShapeError(CastcheckError, ValueError):
    """An array has the wrong shape or dtype: a bug of the caller, named precisely."""
