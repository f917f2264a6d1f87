"""The front of the studio's command line: `python -m studio`.

Exit codes: 0 all done, 2 bad usage or something is missing on this machine, 3 a bug.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from typing import TYPE_CHECKING

import typer

from scenes.errors import CastcheckError
from studio.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_BAD_INPUT = 2
EXIT_BUG = 3
_NEEDS = {"moderngl": "moderngl", "cv2": "opencv-python", "av": "av", "scipy": "scipy"}


def need_packages() -> None:
    """Check that what the studio draws with is installed, before anything imports it.

    Raises:
        StudioError: Naming what is missing and how to install it.
    """
    missing = [pip for module, pip in _NEEDS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise StudioError(
            f"the studio needs {', '.join(missing)}",
            hint='run `pip install -e ".[studio]"` in the checkout',
        )


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        need_packages()
        # Imported late: the commands import OpenGL, which is an extra.
        commands = importlib.import_module("studio.commands")
        commands.app(list(arguments) if arguments is not None else None)
    except SystemExit as end:
        # Typer ends with 2 on bad usage and has said why.
        return end.code if isinstance(end.code, int) else 0
    except CastcheckError as err:
        typer.echo(f"python -m studio: {err}", err=True)
        return EXIT_BAD_INPUT
    except Exception:  # noqa: BLE001 (an uncaught exception would end with 1, which means findings)
        traceback.print_exc()
        return EXIT_BUG
    return 0


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # One rasteriser thread per process is the fastest way to fill a machine with processes.
    os.environ.setdefault("LP_NUM_THREADS", "1")
    sys.exit(run())


if __name__ == "__main__":
    main()
