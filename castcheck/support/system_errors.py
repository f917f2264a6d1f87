"""What the machine refuses is no bug of ours: said in one line, exit code 2."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING

from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from pathlib import Path

_HINTS = {
    errno.ENOSPC: "make room, or name another folder with -o or TMPDIR",
    errno.EDQUOT: "make room, or name another folder with -o or TMPDIR",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "name another folder with -o or TMPDIR",
    errno.EACCES: "check its access rights",
    errno.EPERM: "check its access rights",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.EIO: "check the disk",
    errno.ESTALE: "check the network drive",
    errno.ENOMEM: "close other programs, or judge a smaller clip",
}


class SystemRefusalError(CastcheckError):
    """The system refused what castcheck needs: room, memory, access."""


def refusal(err: BaseException, *, where: str | Path | None = None) -> SystemRefusalError | None:
    """Return an error of the system as one for users; `None` where it may be a bug of ours.

    Example:
        >>> str(refusal(OSError(errno.ENOSPC, "No space left on device", "/tmp/a")))
        '/tmp/a: no space left on device; make room, or name another folder with -o or TMPDIR'
        >>> refusal(ValueError("a bug"))
    """
    if isinstance(err, MemoryError):
        return SystemRefusalError("not enough memory", where=where, hint=_HINTS[errno.ENOMEM])
    if not isinstance(err, OSError):
        return None
    place = err.filename if isinstance(err.filename, str) else where
    if "No usable temporary directory" in str(err):
        return SystemRefusalError(
            "no folder for temporary files can be written",
            where=tempfile.tempdir or where,
            hint="name one with TMPDIR",
        )
    if err.errno not in _HINTS:
        return None
    reason = (err.strerror or str(err)).lower()
    return SystemRefusalError(reason, where=place, hint=_HINTS[err.errno])
