"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from castcheck.report.writers import OutputError


def write_text(path: Path, text: str) -> None:
    """Write a file; what was there before stays until the new one is complete.

    Raises:
        OutputError: It cannot be written.
    """
    part = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        mask = os.umask(0)
        os.umask(mask)
        Path(part).chmod(0o666 & ~mask)
        Path(part).replace(path)
    except OSError as err:
        if part:
            Path(part).unlink(missing_ok=True)
        reason = (err.strerror or str(err)).lower()
        raise OutputError(
            f"cannot be written: {reason}", where=path, hint="choose another place with -o"
        ) from err
