"""Options that commands for film clips share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenes.errors import CastcheckError

Clips = Annotated[Path, typer.Option(help="Folder of clips.", exists=True, file_okay=False)]
Table = Annotated[
    Path, typer.Option(help="TSV with columns name, repo (the source), cuts.", exists=True)
]
Cache = Annotated[Path, typer.Option(help="Folder that keeps what the networks saw.")]
Without = Annotated[
    list[str] | None, typer.Option(help="Pattern of clip names to leave out; may be repeated.")
]


def check_folder_of(target: Path) -> None:
    """Raise before the work begins if there is no folder to write a file to.

    Raises:
        CastcheckError: There is none.
    """
    if not target.absolute().parent.is_dir():
        raise CastcheckError("no such folder", where=target.parent, hint="make it first")
