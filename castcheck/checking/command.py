"""`castcheck check`: parse, judge, say."""

from __future__ import annotations

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

EPILOG = """\
Examples:
  castcheck check clip.mp4
     the verdict here, the page in castcheck-out/clip/report.html

  castcheck check *.mp4 -o reports --format json,html,video --fail-on critical
     many clips; exit code 1 only on a critical finding

  castcheck check clip.mp4 --cast people/
     against reference pictures: people/ben.jpg, people/mei-1.jpg, people/mei-2.jpg

  castcheck check clip.mp4 --json - --quiet | jq .verdict
     the report on stdout and nothing else

Exit codes:
  0  nothing at or above the gate    1  findings at or above the gate
  2  bad usage or a bad clip         3  a bug in castcheck

What a finding is, and what each setting does: the README and docs/configuration.md.
"""


@with_config_options
def check(
    *,
    clips: Annotated[
        list[Path],
        typer.Argument(metavar="CLIP...", help="Clips, or folders of numbered pictures."),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help="Write reports to DIR/<clip stem>/; a second clip of that stem to <clip stem>-2/.",
            rich_help_panel=OUTPUT,
        ),
    ] = Path("castcheck-out"),
    settings: Config,
    json_to: JsonTo = None,
    quiet: Quiet = False,
) -> None:
    """Check clips: who is in them, and whether every character keeps the same identity."""
    from castcheck.checking.run import Run, check_clips  # noqa: PLC0415 (nothing that --help needs)

    validate_json_target(json_to, settings)
    silence_warnings()
    screen = Screen(quiet=quiet, results_to_stderr=json_to is not None)
    run = Run(settings, out, screen, json_to_stdout=json_to is not None)
    raise typer.Exit(check_clips(clips, run))
