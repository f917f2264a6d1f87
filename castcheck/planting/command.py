"""`castcheck plant`: parse, load what finds people, plant; or keep, or score, what was planted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from castcheck.config import AUTO, Config
from castcheck.console.exit_codes import EXIT_OK
from castcheck.console.options import MODELS, OUTPUT, ConfigFile, Quiet, silence_warnings
from castcheck.console.screen import Screen
from scenes.errors import ConfigError

if TYPE_CHECKING:
    from castcheck.planting.wish import Wish

PLANTING = "Planting"
EPILOG = """\
Examples:
  castcheck plant good/*.mp4 -o planted
     clips with one known error each, their truth, clean twins, and a page to look at: index.html

  castcheck batch planted -o judged && castcheck plant --score judged -o planted
     of the errors planted in your clips castcheck finds X of Y

  castcheck plant --keep-from kept.json -o planted
     throws out what looked wrong on the page

Exit codes: 0 done; 2 nothing could be planted, or bad usage; 3 a bug in castcheck
"""


def plant(
    *,
    clips: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CLIP]...", help="Clips known to be good.", show_default=False),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help="Folder of the planted set.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("castcheck-planted"),
    kinds: Annotated[
        str,
        typer.Option(
            "--kinds",
            metavar="LIST",
            help="Kinds (swap,morph,drift ...; legal = look-alikes that are not errors), or "
            "their ways (swap_cut ...). Default: all.",
            rich_help_panel=PLANTING,
            show_default=False,
        ),
    ] = "",
    per_clip: Annotated[
        int,
        typer.Option(
            "--per-clip",
            metavar="N",
            help="Errors per clip; one look-alike is added for every three.",
            rich_help_panel=PLANTING,
        ),
    ] = 4,
    strength: Annotated[
        str,
        typer.Option(
            "--strength",
            metavar="LIST",
            help="Strength of the change, such as 0.25,0.5,1.",
            rich_help_panel=PLANTING,
        ),
    ] = "1",
    seed: Annotated[
        int,
        typer.Option(
            "--seed",
            metavar="N",
            min=0,
            help="Seed of everything random.",
            rich_help_panel=PLANTING,
        ),
    ] = 0,
    seconds: Annotated[
        float,
        typer.Option(
            "--seconds",
            metavar="S",
            help="Longest piece of a shot to plant in, in seconds.",
            rich_help_panel=PLANTING,
        ),
    ] = 4.0,
    side: Annotated[
        int,
        typer.Option(
            "--side",
            metavar="PX",
            min=0,
            help="Longest side of the written frames, in pixels; 0 = any.",
            rich_help_panel=PLANTING,
        ),
    ] = 1280,
    boxes: Annotated[
        Path | None,
        typer.Option(
            "--boxes",
            metavar="FOLDER",
            help="Folder of boxes, <clip stem>.txt, to use instead of a detector.",
            rich_help_panel=PLANTING,
            show_default=False,
        ),
    ] = None,
    keep_from: Annotated[
        Path | None,
        typer.Option(
            "--keep-from",
            metavar="FILE",
            help="Remove from DIR what this list leaves out, and plant nothing.",
            rich_help_panel=PLANTING,
            show_default=False,
        ),
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(
            "--score",
            metavar="RUN",
            help="Report how many of the errors in DIR the run RUN finds, and plant nothing.",
            rich_help_panel=PLANTING,
            show_default=False,
        ),
    ] = None,
    detector: Annotated[
        str,
        typer.Option(
            "--detector",
            metavar="SPEC",
            help="Model that finds the people: a path or a known name.",
            rich_help_panel=MODELS,
        ),
    ] = AUTO,
    classes: Annotated[
        str,
        typer.Option(
            "--classes",
            metavar="LIST",
            help="What counts as a character (default: people).",
            rich_help_panel=MODELS,
            show_default=False,
        ),
    ] = "",
    device: Annotated[
        str,
        typer.Option(
            "--device", metavar="DEVICE", help="auto, cpu, cuda or cuda:N.", rich_help_panel=MODELS
        ),
    ] = AUTO,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Plant known errors in clips that have none, to see what castcheck finds in your footage."""
    silence_warnings()
    screen = Screen(quiet=quiet)
    if keep_from is not None:
        _keep(keep_from, out, screen)
    elif score is not None:
        _score(out, score, screen)
    else:
        from castcheck.planting.wish import Wish  # noqa: PLC0415 (--help need not wait for these)

        wish = Wish(
            tuple(word.strip() for word in kinds.split(",") if word.strip()),
            per_clip, _numbers(strength), seed, seconds, side,
        )  # fmt: skip
        settings = Config() if config is None else Config.load(config)
        run = {"detector": detector, "device": device}
        flags = {
            "run": {name: value for name, value in run.items() if value != AUTO},
            "detector": {"classes": classes} if classes else {},
        }
        _plant(clips or [], out, wish, boxes, settings.updated(flags), screen)
    raise typer.Exit(EXIT_OK)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(",") if word.strip())
    except ValueError as err:
        raise ConfigError(
            f"{text!r} is not a list of numbers", where="--strength", hint="such as 0.25,0.5,1"
        ) from err


def _plant(
    clips: list[Path], out: Path, wish: Wish, boxes: Path | None, settings: Config, screen: Screen
) -> None:
    from castcheck.planting.api import plant as plant_clips  # noqa: PLC0415

    if not clips:
        raise ConfigError("no clip was given", where="CLIP", hint="give clips known to be good")
    with screen.progress("planting") as progress:
        made = plant_clips(
            clips, out, wish=wish, boxes=boxes, config=settings, progress=progress,
            note=screen.note,
        )  # fmt: skip
    legal = sum(entry.group == "legal" for entry in made.entries)
    twins = len(made.entries) - len(made.errors) - legal
    screen.line(f"{len(made.errors)} errors, {legal} legal look-alikes, {twins} clean twins: {out}")
    screen.line(f"look at them: {out / 'index.html'}")


def _keep(list_file: Path, out: Path, screen: Screen) -> None:
    from castcheck.planting.index import keep_only, read_index  # noqa: PLC0415

    left, gone = keep_only(out, read_index(list_file))
    screen.line(f"{left} clips kept, {gone} removed: {out}")


def _score(out: Path, run: Path, screen: Screen) -> None:
    from castcheck.planting.score import score_run  # noqa: PLC0415

    for line in score_run(out, run):
        screen.line(line)
