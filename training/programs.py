"""Programs of the system that fetch and unpack what training needs."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from scenes.errors import CastcheckError

if TYPE_CHECKING:
    from pathlib import Path


def run_program(*command: str, cwd: Path) -> None:
    """Run a program to its end.

    Raises:
        CastcheckError: It is not installed, or it failed; the last line it wrote says why.

    Example:
        >>> from pathlib import Path
        >>> run_program("no-such-program", cwd=Path())  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        scenes.errors.CastcheckError: no-such-program is not installed; run this...
    """
    program = shutil.which(command[0])
    if program is None:
        raise CastcheckError(
            f"{command[0]} is not installed", hint="run this on Debian with npm, or bring a folder"
        )
    done = subprocess.run(  # noqa: S603
        [program, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CastcheckError(
            f"{' '.join(command)} failed: {done.stderr.strip().splitlines()[-1:]}",
            hint="check the connection to the package registry",
        )
