"""Locks on open files; the system gives them back however the process ends."""

from __future__ import annotations

import sys
from typing import IO, Any


def try_lock(file: IO[Any]) -> bool:
    """Take the lock on an open file, unless another process holds it; return whether it is ours."""
    try:
        _lock(file, wait=False)
    except (BlockingIOError, PermissionError):
        return False
    return True


def wait_lock(file: IO[Any]) -> None:
    """Take the lock on an open file once nobody else holds it."""
    _lock(file, wait=True)


def _lock(file: IO[Any], *, wait: bool) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
