"""The folder for temporary files: the one that was named, or none."""

from __future__ import annotations

import os
import tempfile
from typing import IO

from scenes.errors import ScratchError

_VARIABLES = ("TMPDIR", "TEMP", "TMP")  # in this order Python looks at them
_HINT = "make room in it, or name another one with TMPDIR"


def check_scratch_folder() -> None:
    """Raise where the folder that TMPDIR names cannot be written.

    Python would go on to /tmp and, at last, to the folder it stands in, and say nothing. Whoever
    names a folder has a reason: the other disk is small, or is not to be written.

    Raises:
        ScratchError: Naming the folder and the reason.
    """
    named = [(name, os.environ[name]) for name in _VARIABLES if os.environ.get(name)]
    if not named or tempfile.tempdir not in (None, *(folder for _, folder in named)):
        return  # a program that calls this one has chosen a folder itself
    variable, folder = named[0]
    try:
        with tempfile.TemporaryFile(prefix="castcheck-", dir=folder, buffering=0) as file:
            file.write(b"\0" * 4096)
    except (OSError, ValueError) as err:
        reason = (getattr(err, "strerror", None) or str(err)).lower()
        raise ScratchError(
            f"{variable} names this folder for temporary files, and it cannot be written: {reason}",
            where=folder,
            hint=f"make it writable, or name another one with {variable}",
        ) from err


def scratch_file() -> IO[bytes]:
    """Return a file without a name that goes when it is closed; unbuffered.

    Raises:
        ScratchError: It cannot be made.
    """
    check_scratch_folder()
    try:
        return tempfile.TemporaryFile(prefix="castcheck-", buffering=0)
    except OSError as err:
        raise no_room(err) from err


def no_room(err: OSError) -> ScratchError:
    """Return what to say where a temporary file cannot be written."""
    reason = (err.strerror or str(err)).lower()
    return ScratchError(
        f"the folder for temporary files cannot be written: {reason}",
        where=tempfile.tempdir,
        hint=_HINT,
    )
