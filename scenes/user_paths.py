"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path


def user_path(text: str | Path) -> Path:
    """Return the path that `text` names, `~` and `~name` replaced by the home folder.

    Where there is no such user, or no home at all, it stays as it is, and whoever opens it says
    that there is no such file.

    Example:
        >>> user_path("~nobody-of-this-name/a.png").as_posix()
        '~nobody-of-this-name/a.png'
    """
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder at `path`; a name that no system takes is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Tell whether there is anything at `path`; a name that no system takes is nothing."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
