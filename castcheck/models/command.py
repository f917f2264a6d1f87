"""`castcheck models`: the known weights, fetched before going offline and checked."""

from __future__ import annotations

from typing import Annotated

import typer

from castcheck.console.commands import HELP_FLAGS, PlainCommand, PlainGroup
from castcheck.console.exit_codes import EXIT_BAD_INPUT, EXIT_OK
from castcheck.console.options import Quiet
from castcheck.console.screen import Screen
from castcheck.models.store import (
    PART_SUFFIX,
    ROLES,
    Role,
    State,
    best_present,
    find_by_name,
    known_of,
    state_of,
)
from scenes.errors import WeightsError
from tracker.known_weights import KnownWeights, models_dir, weights_sha256

models_app = typer.Typer(
    cls=PlainGroup,
    help="List, fetch and check the known model weights.",
    add_completion=False,
    rich_markup_mode=None,
    context_settings=HELP_FLAGS,
)


@models_app.command("list", cls=PlainCommand)
def list_models() -> None:
    """List the known weights: licence, size, sha256, source and place."""
    screen = Screen()
    screen.line(f"models folder: {models_dir()}")
    for role in ROLES:
        best = _auto_name(role)
        for known in known_of(role):
            screen.line("")
            mark = ", what auto means now" if known.name == best else ""
            screen.line(f"{known.name}  ({role}, {_where(known, state_of(known))}{mark})")
            size = f"{known.size_bytes / 1e6:.1f} MB, " if known.size_bytes else ""
            screen.line(f"    {size}licence {known.licence}: {known.source}")
            screen.line(f"    sha256 {known.sha256}")
            if known.url:
                screen.line(f"    {known.url}")


@models_app.command("pull", cls=PlainCommand)
def pull_models(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names from the list.")],
    quiet: Quiet = False,
) -> None:
    """Download known weights into the models folder, resuming a broken download, and check them."""
    from castcheck.models.pull import pull  # noqa: PLC0415 (what speaks to servers takes 0.1 s)

    screen = Screen(quiet=quiet)
    chosen = [find_by_name(name)[1] for name in names]
    code = EXIT_OK
    for known in chosen:
        try:
            with screen.progress(known.name) as progress:
                fetched = pull(known, progress=progress)
        except WeightsError as err:
            screen.error(str(err))
            code = EXIT_BAD_INPUT
            continue
        screen.line(f"{known.name}: {'fetched' if fetched else 'was there already'}, {known.path}")
    raise typer.Exit(code)


@models_app.command("verify", cls=PlainCommand)
def verify_models() -> None:
    """Check the sha256 of all downloaded weights; exit code 2 if one is damaged."""
    screen = Screen()
    code = EXIT_OK
    expected = set()
    for role in ROLES:
        for known in known_of(role):
            expected.add(known.path)
            state = state_of(known)
            if state == "ok":
                screen.line(f"ok       {known.name}: {known.path}")
            elif state == "damaged":
                screen.error(f"{known.path}: sha256 is not that of {known.name}; fetch it again")
                code = EXIT_BAD_INPUT
    folder = models_dir()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path not in expected and path.is_file() and path.suffix != PART_SUFFIX:
            screen.line(f"unknown  {path}: sha256 {weights_sha256(path)}")
    raise typer.Exit(code)


def _auto_name(role: Role) -> str | None:
    """Return the name that `auto` stands for now; `None` where nothing, or a damaged file."""
    if role == "faces":
        return None  # `looks.faces` names one, always
    try:
        best = best_present(role)
    except WeightsError:
        return None
    return None if best is None else best.name


def _where(known: KnownWeights, state: State) -> str:
    """Say where the file lies."""
    if state == "ok":
        return "bundled" if known.is_bundled else f"at {known.path}"
    if state == "damaged":
        return f"damaged at {known.path}"
    return "not pulled" if known.url else "not there"
