"""`castcheck batch`: parse, find the clips, choose who works, run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from castcheck.config import Config
from castcheck.console.options import (
    OUTPUT,
    JsonTo,
    Quiet,
    silence_warnings,
    validate_json_target,
    with_config_options,
)
from castcheck.console.screen import Screen
from scenes.errors import ConfigError

WORKERS = "Workers"
EPILOG = """\
Examples:
  castcheck batch renders -o run
     all clips below renders; the page in run/index.html

  castcheck batch @night.txt 'extra/**/*.mp4' -o run --workers 8
     a list with one path per line, and a pattern; the same command again goes on where it stopped

  castcheck batch s3://bucket/renders -o run --ray auto
     clips in a store, judged by the machines of a Ray cluster

Exit codes: the worst of all clips; 130 interrupted

More: docs/batches.md
"""


@with_config_options
def batch(
    *,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Clips, folders, patterns, URLs, lists (@FILE, *.txt); - = a list on stdin.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="RUN",
            help="Folder of the run: RUN/<clip stem>/ for each clip, and the summary.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("castcheck-run"),
    workers: Annotated[
        int | None,
        typer.Option(
            "-j",
            "--workers",
            metavar="N",
            min=1,
            help="Worker processes (default: as many as cores, GPUs and memory allow).",
            rich_help_panel=WORKERS,
            show_default=False,
        ),
    ] = None,
    clips_at_once: Annotated[
        int | None,
        typer.Option(
            "--clips-at-once",
            metavar="N",
            min=1,
            help="Clips a worker checks at once, sharing batches (default: 1; on a GPU 4).",
            rich_help_panel=WORKERS,
            show_default=False,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Use a Ray cluster: its address, or auto for the one running here.",
            rich_help_panel=WORKERS,
        ),
    ] = None,
    settings: Config,
    json_to: JsonTo = None,
    quiet: Quiet = False,
) -> None:
    """Check many clips with workers; run the same command again to resume."""
    from castcheck.batch.inputs import find_clips  # noqa: PLC0415 (--help need not wait for these)
    from castcheck.batch.pools import pool_factory  # noqa: PLC0415
    from castcheck.batch.run import Batch  # noqa: PLC0415

    validate_json_target(json_to, settings)
    if "://" in str(out):
        raise ConfigError("a run's folder lies on a disk", where="--out", hint="copy it afterwards")
    silence_warnings()
    screen = Screen(quiet=quiet, results_to_stderr=json_to is not None)
    clips, complaints = find_clips(paths, stdin=sys.stdin.buffer.read, run_folder=out)
    maker = pool_factory(settings, screen, workers=workers, clips_at_once=clips_at_once, ray=ray)
    work = Batch(settings, out, screen, maker, json_to_stdout=json_to is not None)
    raise typer.Exit(work.run(clips, complaints))
